"""The model that vLLM runs: M_base and the small models of ΔR behind one interface."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from vllm.compilation.backends import set_model_tag
from vllm.config import VllmConfig
from vllm.model_executor.model_loader.default_loader import DefaultModelLoader
from vllm.model_executor.models.utils import init_vllm_registered_model
from vllm.tokenizers import cached_tokenizer_from_config
from vllm.transformers_utils.config import get_config

from rast_bench.compose.behaviour_words import behaviour_ids
from rast_bench.compose.combine import combine_padded
from rast_bench.compose.finite import check_finite
from rast_bench.compose.limits import COMBINED_AT_ONCE
from rast_bench.compose.logits import compose_logits, shuffled_vocabulary
from rast_bench.compose.methods import EQUATION_3, METHODS, find_method
from rast_bench.compose.windows import layer_windows
from rast_bench.errors import EngineError, ModelError, first_line
from rast_bench.vllm_plugin.families import check_architecture
from rast_bench.vllm_plugin.lambda_buffer import (
    LambdaBuffer,
    RowBuffer,
    as_columns,
    column_count,
    from_columns,
    rows_from_columns,
)
from rast_bench.vllm_plugin.sampling import request_row
from rast_bench.vllm_plugin.settings import (
    OVERRIDE,
    Checkpoint,
    RastSettings,
    distinct_checkpoints,
)
from rast_bench.vllm_plugin.supported import check_positions, check_supported_config

WORTH_SELECTING = 0.25  # share of requests with λ = 0 above which skipping their heads pays off
ROWS_AT_ONCE = 1024  # heads and eq. 3 need 2.5 GB beside the result for this many rows of 152k ids


class RastForCausalLM(nn.Module):
    """Equation 3 at every position: the hidden states of all models, one composed row of logits.

    `forward` returns [tokens, Σ hidden sizes + λ's columns]; `compute_logits` splits that again.
    With another method there are columns of the tokens drawn and the parameters before λ's, and
    with one that reads early layers their states after M_base's last one.
    The models share the scheduler, the block table and the paged key-value cache.
    """

    models: Any  # a ModuleList of vLLM's models: M_base, then every distinct S

    def __init__(self, *, vllm_config: VllmConfig, prefix: str = "") -> None:
        super().__init__()
        model_config = vllm_config.model_config
        self.config = model_config.hf_config
        self.settings = RastSettings.from_override(getattr(self.config, OVERRIDE))
        check_supported_config(vllm_config, resident=bool(self.settings.draft_tokens))
        main = Checkpoint(model_config.model, model_config.revision)
        self.method = find_method(self.settings.method)
        checkpoints = distinct_checkpoints(main, self.settings.pairs, self.method.roles)
        main_path, small = checkpoints[0].path, checkpoints[1:]
        self.prefixes = [f"s{i}_model." for i in range(len(small))]  # one integer per layer name
        configs = [_hf_config(checkpoint, vllm_config) for checkpoint in small]
        named = zip(checkpoints, (self.config, *configs), strict=True)
        check_positions(model_config.max_model_len, {c.path: own for c, own in named})
        check_architecture(main_path, self.config, self.settings.architectures, "M_base")
        for checkpoint, hf_config in zip(small, configs, strict=True):
            check_architecture(checkpoint.path, hf_config, hf_config.architectures or (), "S")
        self._check_vocabulary(configs)
        self.models = nn.ModuleList(
            [
                built_model(
                    vllm_config, main_path, self.config, list(self.settings.architectures), prefix
                )
            ]
        )
        self.early = 0  # states of M_base that the method reads besides the last one
        if self.method.layers:
            self.early = self.settings.layers
            self.models[0].set_aux_hidden_state_layers(tuple(range(1, self.early)))
        for checkpoint, name, hf_config in zip(small, self.prefixes, configs, strict=True):
            path, inner = checkpoint.path, f"{prefix}{name}".rstrip(".")
            with set_model_tag(name.rstrip(".")):
                self.models.append(
                    built_model(vllm_config, path, hf_config, hf_config.architectures, inner)
                )
        self.secondary_weights = [
            DefaultModelLoader.Source(checkpoint.path, checkpoint.revision, prefix=name)
            for checkpoint, name in zip(small, self.prefixes, strict=True)
        ]
        self.rl, self.base = (
            [checkpoints.index(pair.checkpoint(role)) for pair in self.settings.pairs]
            if role in self.method.roles
            else []
            for role in ("rl", "base")
        )
        self.weights = [pair.weight for pair in self.settings.pairs]
        self.paths = [checkpoint.path for checkpoint in checkpoints]
        self.columns = [config.hidden_size for config in (self.config, *configs)]
        if self.early:
            self.columns.insert(1, self.early * self.config.hidden_size)
        device = vllm_config.device_config.device
        max_tokens = vllm_config.scheduler_config.max_num_batched_tokens
        self.row_buffer: RowBuffer | None = None
        if self.method is not METHODS[EQUATION_3]:
            row = request_row(None, self.method, 0)
            self.row_buffer = RowBuffer(max_tokens, row, device)
            self.columns.append(len(row) * column_count(model_config.dtype, torch.float64))
        self.composes = bool(small) or self.row_buffer is not None
        if self.composes:
            self.columns.append(column_count(model_config.dtype))
        self.skips_small = bool(small) and self.row_buffer is None and skips_allowed(vllm_config)
        # On a GPU a head's time is reading its weights, whatever the rows, and asking which rows
        # have λ = 0 would wait for the whole pass.
        self.selects = device.type == "cpu"
        self.lambda_buffer = LambdaBuffer(max_tokens, device)
        self.permutation: Tensor | None = None
        if (seed := self.settings.shuffle_vocabulary_seed) is not None:
            self.permutation = shuffled_vocabulary(self.settings.vocabulary, seed).to(device)
        self.words: Tensor | None = None
        if self.method.words:
            decode = cached_tokenizer_from_config(model_config).decode
            self.words = behaviour_ids(decode, self.settings.vocabulary).to(device)

    def _check_vocabulary(self, configs: Sequence[Any]) -> None:
        """Raise ModelError if `rast_engine_args` was called with other checkpoints than these."""
        fewest = min(config.vocab_size for config in (self.config, *configs))
        if self.settings.vocabulary > fewest:
            raise EngineError(
                f"hf_overrides say that the models share {self.settings.vocabulary} ids, but one "
                f"of them has {fewest}",
                hint="recreate the engine's arguments with rast_engine_args",
            )

    @classmethod
    def get_model_state_cls(cls) -> type:
        """Return the class that Model Runner V2 asks for; V1 is served by
        rast_bench.vllm_plugin.worker.
        """
        from rast_bench.vllm_plugin.runner_v2 import RastModelState

        return RastModelState

    def embed_input_ids(self, input_ids: Tensor) -> Tensor:
        embedded: Tensor = self.models[0].embed_input_ids(input_ids)
        return embedded

    def forward(self, input_ids: Tensor, positions: Tensor, **_unused: object) -> Tensor:
        """Return [tokens, sum(self.columns)] in the model's dtype, for ids and positions
        [tokens].
        """
        found = self.models[0](input_ids, positions)
        main: Tensor = found[0] if self.early else found
        if not self.composes:
            return main
        joined = main.new_empty(len(main), sum(self.columns))
        first, *others, lambda_ = joined.split_with_sizes(self.columns, dim=-1)
        first.copy_(main)
        if self.early:
            # Embedded again: the first layer adds to the tensor that it is given.
            embedded = self.embed_input_ids(input_ids)
            others.pop(0).copy_(torch.cat([embedded, *found[1]], dim=-1))
        if self.skips_small and self.lambda_buffer.zero_share == 1:
            return joined  # `compute_logits` reads nothing else in this step
        if self.row_buffer is not None:
            rows = self.row_buffer.tokens[: len(main)].clone()
            rows[:, 0] = (positions + 1 - rows[:, 0]).clamp_(min=0)  # tokens drawn so far
            others.pop().copy_(as_columns(rows, main.dtype))
        # Each result is copied before the next model runs: piecewise CUDA graphs of all models
        # share one memory pool, so the next one may overwrite it.
        for part, model in zip(others, self.models[1:], strict=True):
            part.copy_(model(input_ids, positions))
        lambda_.copy_(as_columns(self.lambda_buffer.tokens[: len(main)], main.dtype))
        return joined

    def compute_logits(self, hidden_states: Tensor) -> Tensor | None:
        """Return [rows, V_M] float32 for any rows of `forward`'s result.

        None if this rank of a tensor-parallel group does not gather logits.
        """
        main, *others = hidden_states.split_with_sizes(self.columns, dim=-1)
        skips = self.row_buffer is None and self.lambda_buffer.zero_share == 1
        if not self.composes or skips:
            return self._masked(self.models[0].compute_logits(main))
        lambda_ = from_columns(others.pop())
        if len(main) <= ROWS_AT_ONCE:
            return self._composed(main, others, lambda_)
        # Prompt log-probabilities request a whole chunk of a prompt at once.
        result: Tensor | None = None
        for start in range(0, len(main), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            part = self._composed(main[rows], [hidden[rows] for hidden in others], lambda_[rows])
            if part is not None:
                if result is None:
                    result = part.new_empty(len(main), part.shape[1])
                result[rows] = part
        return result

    def _composed(self, main: Tensor, others: list[Tensor], lambda_: Tensor) -> Tensor | None:
        """Apply the method to these rows of every model's hidden states and of λ."""
        parameters = None if self.row_buffer is None else rows_from_columns(others.pop())
        rows: Tensor | None = None
        if parameters is None and self.selects and self.lambda_buffer.zero_share >= WORTH_SELECTING:
            rows = lambda_.nonzero()[:, 0]
            if len(rows) == 0:
                return self._masked(self.models[0].compute_logits(main))
            lambda_, others = lambda_[rows], [hidden[rows] for hidden in others]
        elif self.skips_small and self.lambda_buffer.zero_share > 0:
            # What a small model computes from steps that it did not run may be infinite.
            zero = lambda_[:, None] == 0
            others = [hidden.masked_fill(zero, 0) for hidden in others]
        early = others.pop(0) if self.early else None
        # Every rank calls every head, because heads gather; some ranks then get None.
        logits: list[Any] = [
            model.compute_logits(hidden.contiguous())
            for model, hidden in zip(self.models, (main, *others), strict=True)
        ]
        if parameters is not None:
            return self._combined(logits, lambda_, parameters, early)
        if logits[0] is None:
            return None
        composed = logits[0].float()
        if rows is not None and 0 in (*self.rl, *self.base):  # M_base is an S too
            logits[0] = composed[rows]
        return compose_logits(
            composed,
            [logits[i] for i in self.rl],
            [logits[i] for i in self.base],
            self.weights,
            lambda_,
            vocabulary=self.settings.vocabulary,
            permutation=self.permutation,
            rows=rows,
            out=composed,
        )

    def _combined(
        self, logits: list[Any], lambda_: Tensor, parameters: Tensor, early: Tensor | None
    ) -> Tensor | None:
        """Apply a method besides equation 3 to every model's logits, some rows at a time.

        Args:
            logits: of every model; None on ranks that do not gather them.
            early: [rows, N · hidden size], of a method that reads them.
        """
        main = logits[0]
        result = None if main is None else torch.empty_like(main, dtype=torch.float32)
        at_once = max(1, COMBINED_AT_ONCE // (1 + self.early))
        for start in range(0, len(lambda_), at_once):
            rows = slice(start, start + at_once)
            layers = None if early is None else self._early_logits(early[rows])
            if result is None:
                continue
            result[rows] = combine_padded(
                self.method,
                logits[0][rows].float(),
                [logits[i][rows] for i in self.rl],
                [logits[i][rows] for i in self.base],
                self.weights,
                lambda_[rows],
                parameters[rows, 0].long(),
                parameters[rows, 1:],
                vocabulary=self.settings.vocabulary,
                permutation=self.permutation,
                layers=layers,
                words=self.words,
            )
        if result is not None and self.method.function is not None:
            lost = ~result.amax(-1).isfinite() & logits[0].amax(-1).isfinite()
            if bool(lost.any()):  # a GPU waits here, for users' methods alone
                raise EngineError(
                    f"method {self.settings.method} returns NaN, or −inf for every id",
                    hint="one id of every row needs a finite score",
                )
        return result

    def _early_logits(self, states: Tensor) -> Tensor | None:
        """Return [rows, N, vocabulary] float32 of states [rows, N · hidden size], through the final
        norm and the head; None on ranks that do not gather them.
        """
        main = self.models[0]
        flat = states.reshape(-1, self.config.hidden_size)
        logits = main.compute_logits(main.model.norm(flat))
        if logits is None:
            return None
        kept: Tensor = logits[:, : self.settings.vocabulary].float()
        return kept.view(len(states), self.early, -1)

    def _masked(self, logits: Tensor | None) -> Tensor | None:
        """Return M_base's logits without ΔR; ids that some model lacks cannot be drawn."""
        if logits is not None:
            logits[:, self.settings.vocabulary :] = -torch.inf
        return logits

    def load_weights(self, weights: Iterable[tuple[str, Tensor]]) -> set[str]:
        """Load each checkpoint's weights into its model; names of the small ones carry their
        prefix.

        Raises:
            ModelError: a weight is NaN or infinite; the message has vLLM's name of the tensor.
        """
        loaded: set[str] = set()
        for index, part in groupby(weights, key=lambda item: self._model_of(item[0])):
            names = self.models[index].load_weights(self._without_prefix(index, part))
            loaded.update(f"models.{index}.{name}" for name in names)
        for index, path in enumerate(self.paths):
            own = self.models[index].named_parameters()
            check_finite(path, (item for item in own if f"models.{index}.{item[0]}" in loaded))
        return loaded

    def _model_of(self, name: str) -> int:
        return next((1 + i for i, p in enumerate(self.prefixes) if name.startswith(p)), 0)

    def _without_prefix(
        self, index: int, weights: Iterable[tuple[str, Tensor]]
    ) -> Iterator[tuple[str, Tensor]]:
        prefix = self.prefixes[index - 1] if index else ""
        for name, weight in weights:
            yield name.removeprefix(prefix), weight


def skips_allowed(vllm_config: VllmConfig) -> bool:
    """Return whether nothing but requests with λ ≠ 0 reads the small models' key-value cache.

    Their blocks are kept apart at admission, by a salt that other machines' caches may not know,
    and a draft model reads its own.
    """
    speculation = vllm_config.speculative_config
    drafts = speculation is not None and str(speculation.method) != "ngram"
    return vllm_config.kv_transfer_config is None and not drafts


def built_model(
    vllm_config: VllmConfig, path: str, hf_config: Any, architectures: list[str], prefix: str
) -> nn.Module:
    """Return one of vLLM's models, without weights, each layer with the window of its own config.

    Layers that name none get the engine's, which is M_base's.

    Raises:
        ModelError: vLLM cannot build it, or gives its layers other windows.
    """
    layers = vllm_config.compilation_config.static_forward_context
    before, cache = set(layers), vllm_config.cache_config
    windows, engines_own = layer_windows(hf_config.get_text_config()), cache.sliding_window
    cache.sliding_window = windows[0] if len(set(windows)) == 1 else None
    try:
        model: nn.Module = init_vllm_registered_model(
            vllm_config, hf_config=hf_config, prefix=prefix, architectures=architectures
        )
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # vLLM's models may raise anything for what they do not support
        raise ModelError(
            f"model {path}, a {architectures[0]}, cannot be built: {first_line(error)}",
            hint="docs/vllm.md has a table of what can be used",
        ) from error
    finally:
        cache.sliding_window = engines_own
    own = (layer for name, layer in layers.items() if name not in before)
    found = [layer.sliding_window for layer in own if hasattr(layer, "sliding_window")]
    check_windows(path, windows, found, vllm_config.model_config.max_model_len)
    return model


def check_windows(
    path: str, expected: Sequence[int | None], found: Sequence[int | None], length: int
) -> None:
    """Raise ModelError if layers attend to another window than the model's config says.

    Windows of `length` (the longest sequence) or more are no windows. If vLLM has another number of
    layers with windows (none with latent attention), each window must be among the config's.
    """
    said, got = (
        sorted(min(window or length, length) for window in windows)
        for windows in (expected, found or [None])
    )
    if said != got if len(said) == len(got) else set(said) != set(got):
        raise ModelError(
            f"model {path}: its config.json has layers attend to {said} tokens, vLLM to {got}",
            hint=f"set max_model_len (--max-model-len) to at most {min(said + got)}",
        )


def _hf_config(checkpoint: Checkpoint, vllm_config: VllmConfig) -> Any:
    return get_config(
        checkpoint.path,
        vllm_config.model_config.trust_remote_code,
        revision=checkpoint.revision,
    )
