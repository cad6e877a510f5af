"""Model folders that nobody should trust: refused in one line before anything of them is loaded."""

import json
import os
import shutil
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from engine_requests import key_of
from random_checkpoints import QWEN2, QWEN2_SMALL_BASE, QWEN2_SMALL_RL, Checkpoint, save_checkpoint
from safetensors.torch import load_file, save_file
from unprivileged import as_nobody, let_others_in

from rast_bench.config.engines import TransformersConfig
from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import ModelRef, PromptConfig
from rast_bench.engines import check_models, load_engine
from rast_bench.engines.chat import rendered_chat
from rast_bench.engines.load_errors import broken_package, load_error
from rast_bench.engines.loaded import LoadedModel
from rast_bench.engines.tokenizer import load_tokenizer
from rast_bench.errors import ModelError, RastBenchError

Change = Callable[[Path], object]
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
DEEP = "[" * 100_000 + "]" * 100_000


def edited(file: str, **changes: Any) -> Change:
    """Entries of a JSON file changed, and made where the file is not there."""

    def change(folder: Path) -> None:
        path = folder / file
        content = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(content | changes))

    return change


def configured(**changes: Any) -> Change:
    return edited("config.json", **changes)


def without(file: str, *keys: str) -> Change:
    def change(folder: Path) -> None:
        content = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps({k: v for k, v in content.items() if k not in keys}))

    return change


def written(file: str, content: str | bytes) -> Change:
    def change(folder: Path) -> None:
        (folder / file).unlink(missing_ok=True)
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())

    return change


def replaced(file: str, put: Callable[[Path], object]) -> Change:
    def change(folder: Path) -> None:
        (folder / file).unlink(missing_ok=True)
        put(folder / file)

    return change


def tensors(change: Callable[[dict[str, Any]], object]) -> Change:
    """The weights with something changed."""

    def apply(folder: Path) -> None:
        content = load_file(folder / WEIGHTS)
        change(content)
        save_file(content, folder / WEIGHTS, metadata={"format": "pt"})

    return apply


def header(change: Callable[[dict[str, Any]], object]) -> Change:
    """The header of the weights with something changed, the numbers as they were."""

    def apply(folder: Path) -> None:
        content = (folder / WEIGHTS).read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        entries = json.loads(content[8 : 8 + length])
        change(entries)
        text = json.dumps(entries).encode()
        (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])

    return apply


def indexed(**places: str) -> Change:
    """An index of all tensors, and of more; and the weights under the name of a shard."""

    def change(folder: Path) -> None:
        names = load_file(folder / WEIGHTS)
        (folder / WEIGHTS).rename(folder / "model-00001.safetensors")
        weight_map = dict.fromkeys(names, "model-00001.safetensors") | places
        (folder / INDEX).write_text(json.dumps({"weight_map": weight_map}))

    return change


def tokenized(**model: Any) -> Change:
    def change(folder: Path) -> None:
        path = folder / "tokenizer.json"
        content = json.loads(path.read_text())
        path.write_text(json.dumps(content | {"model": content["model"] | model}))

    return change


def templates(put: Callable[[Path], object]) -> Change:
    def change(folder: Path) -> None:
        (folder / "additional_chat_templates").mkdir()
        put(folder / "additional_chat_templates" / "tool.jinja")

    return change


LAYER = "model.layers.0."
CODE = {"AutoConfig": "evil.EvilConfig", "AutoModelForCausalLM": "evil.EvilModel"}
EVIL = "raise SystemExit('this code ran')\n"

FOLDERS: dict[str, tuple[Change, str]] = {
    # what is no plain file
    **{
        f"{file} is a {name}": (replaced(file, put), f"{file}: {message}")
        for file in ("config.json", "tokenizer.json", "generation_config.json", WEIGHTS)
        for name, put, message in (
            ("named pipe", os.mkfifo, "it is a named pipe"),
            ("device", lambda path: path.symlink_to("/dev/zero"), "it is a device"),
            ("folder", Path.mkdir, "it is a folder"),
            ("loop", lambda path: path.symlink_to(path.name), "its symbolic links form a loop"),
            ("link to nothing", lambda path: path.symlink_to("nothing"), "it is a broken link"),
        )
    },
    "another pipe": (lambda folder: os.mkfifo(folder / "merges.txt"), "merges.txt: it is a named"),
    "a piped shard": (lambda folder: os.mkfifo(folder / "x.safetensors"), "it is a named pipe"),
    "a piped template": (templates(os.mkfifo), "tool.jinja: it is a named pipe"),
    "a chain of links": (
        replaced("config.json", lambda path: path.symlink_to(f"{path.parent.name}/" * 60)),
        "config.json: it is a broken link",
    ),
    "an enormous file": (
        lambda folder: os.truncate(folder / "tokenizer.json", 2**40),
        "it has 1,099,511,627,776 bytes, more than such a file can have",
    ),
    # its own code
    "code in config.json": (configured(auto_map=CODE), "auto_map: 'evil.EvilConfig'"),
    "code of an unknown model": (
        configured(auto_map=CODE, model_type="evil"),
        "config.json names code of the checkpoint in auto_map",
    ),
    "code of a tokenizer": (
        edited("tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.T", None]}),
        "tokenizer_config.json names code of the checkpoint in auto_map: 'evil.T'",
    ),
    "code of a tokenizer as a list": (
        edited("tokenizer_config.json", auto_map=[None, "evil.T"]),
        "'evil.T'",
    ),
    "code of another repository": (configured(auto_map={"AutoConfig": "a/b--e.C"}), "a/b--e.C"),
    "code of a processor": (
        edited("processor_config.json", auto_map={"AutoProcessor": "evil.P"}),
        "processor_config.json names code",
    ),
    "an adapter": (edited("adapter_config.json", base_model_name_or_path="x"), "an adapter of"),
    "other weights": (configured(transformers_weights="x.bin"), "says transformers_weights"),
    # JSON that is none
    "an empty config": (written("config.json", ""), "config.json: it is empty"),
    "a config in UTF-16": (written("config.json", "{}".encode("utf-16")), "it is UTF-16 text"),
    "a config in Latin-1": (written("config.json", b'{"a": "\xe9"}'), "it is not UTF-8 text"),
    "a deep config": (written("config.json", f'{{"a": {DEEP}}}'), "nested too deeply"),
    "a huge number": (written("config.json", '{"a": ' + "9" * 5000 + "}"), "thousands of digits"),
    "half a pair": (configured(model_type="\ud800"), r"half of a surrogate pair, \ud800"),
    "a config cut off": (written("config.json", '{"a": [1,\n 2'), "not JSON: Expecting"),
    "a deep tokenizer": (written("tokenizer.json", DEEP), "nested too deeply"),
    "a tokenizer that is a list": (written("tokenizer.json", "[]"), "is not a JSON object"),
    "a tokenizer's config is a list": (
        written("tokenizer_config.json", "[]"),
        "tokenizer_config.json is not a JSON object",
    ),
    "generation is broken": (written("generation_config.json", "{"), "generation_config.json"),
    "generation is null": (written("generation_config.json", "null"), "is not a JSON object"),
    "added tokens are a list": (written("added_tokens.json", "[]"), "added_tokens.json is not"),
    "special tokens are text": (written("special_tokens_map.json", '"x"'), "is not a JSON object"),
    # entries of config.json
    "heads are null": (configured(num_attention_heads=None), "num_attention_heads=None, and it"),
    "heads are gone": (without("config.json", "num_attention_heads"), "no num_attention_heads"),
    "heads are true": (configured(num_attention_heads=True), "num_attention_heads=True"),
    "layers are a fraction": (configured(num_hidden_layers=1.5), "num_hidden_layers=1.5"),
    "layers are many": (configured(num_hidden_layers=10**9), "says num_hidden_layers=1000000000"),
    "a vocabulary beyond numbers": (configured(vocab_size=10**400), "above 0 and below 2^40"),
    "positions beyond numbers": (configured(max_position_embeddings=10**400), "below 2^40"),
    "a factor beyond numbers": (
        configured(rope_parameters={"rope_type": "linear", "factor": 10**400}),
        "and it must be a number above 0",
    ),
    "float99": (configured(dtype="float99"), "dtype='float99', which is not a dtype"),
    "a model_type of null": (configured(model_type=None), "model_type=None, and it must be text"),
    "a model_type of numbers": (configured(model_type=[1]), "model_type=[1], and it must be text"),
    "an unknown model_type": (configured(model_type="nosuch"), "`nosuch`"),
    "architectures of null": (configured(architectures=None), "architectures=None, and it"),
    "architectures of numbers": (configured(architectures=[5]), "architectures=[5]"),
    "an unknown architecture": (configured(architectures=["X"]), "architectures=['X'], and the"),
    "a classifier": (
        configured(architectures=["Qwen2ForSequenceClassification"]),
        "the language model of qwen2 is Qwen2ForCausalLM",
    ),
    "eps is text": (configured(rms_norm_eps="small"), "rms_norm_eps='small', and it must be a"),
    "eps is no number": (configured(rms_norm_eps=float("nan")), "rms_norm_eps=nan"),
    "theta is infinite": (configured(rope_theta=float("inf")), "rope_theta=inf"),
    "tying is text": (configured(tie_word_embeddings="no"), "tie_word_embeddings='no'"),
    "no such activation": (configured(hidden_act="nope"), "there is no hidden_act 'nope'"),
    "an activation of numbers": (configured(hidden_act=3), "hidden_act=3, and it must be text"),
    "a padding token too many": (configured(pad_token_id=50), "pad_token_id=50, but the embedding"),
    "an EOS of text": (configured(eos_token_id=["x"]), "which is not an id"),
    "a window of text": (configured(sliding_window="8"), "sliding_window='8'"),
    "kinds of layers as text": (configured(layer_types="full"), "layer_types='full'"),
    "kinds of three layers": (configured(layer_types=["full_attention"] * 3), "3 layer_types"),
    "quantised with text": (configured(quantization_config="4bit"), "names no quant_method"),
    "quantised with nothing": (configured(quantization_config={"bits": 4}), "names no quant"),
    "quantised without its package": (
        configured(quantization_config={"quant_method": "aqlm"}),
        "quant_method='aqlm', for which engine=transformers needs aqlm",
    ),
    "an entry that transformers refuses": (
        configured(model_type="deepseek_v3", num_hidden_layers=1),
        "must be equal to the number of `layer_types`",
    ),
    # tokenizer and generation
    "a vocabulary of numbers": (
        tokenized(vocab=[1, 2, 3]),
        "is not in the format of the tokenizers library",
    ),
    "a vocabulary below 0": (tokenized(vocab={"<eos>": -1, "b": 0}), "invalid value: integer `-1`"),
    "two words of one id": (
        tokenized(vocab={"<eos>": 1, "b": 1}),
        "has the same id for two tokens",
    ),
    "an id beyond ids": (
        tokenized(vocab={"a": 2**70}),
        "tokenizer.json cannot be read: invalid type",
    ),
    "a model of no kind": (tokenized(type="Nope"), "tokenizer.json cannot be read: data did not"),
    "a splitter of no kind": (
        edited("tokenizer.json", pre_tokenizer={"type": "Nope"}),
        "tokenizer.json cannot be read",
    ),
    "a broken pattern": (
        edited(
            "tokenizer.json",
            pre_tokenizer={
                "type": "Split",
                "pattern": {"Regex": "("},
                "behavior": "Isolated",
                "invert": False,
            },
        ),
        "tokenizer.json cannot be read",
    ),
    "a temperature of text": (edited("generation_config.json", temperature="hot"), "='hot'"),
    "an EOS token of a list": (edited("tokenizer_config.json", eos_token=[1]), "eos_token=[1]"),
    "a template of numbers": (edited("tokenizer_config.json", chat_template=5), "chat_template=5"),
    "a class of numbers": (edited("tokenizer_config.json", tokenizer_class=5), "tokenizer_class=5"),
    "an EOS that no token has": (
        edited("generation_config.json", eos_token_id=[-1, 99]),
        "names the EOS token [-1, 99], which its vocabulary lacks",
    ),
    # weights
    "a missing tensor": (
        tensors(lambda all_: all_.pop(f"{LAYER}mlp.up_proj.weight")),
        "its weights lack 1 tensors, such as layers.0.mlp.up_proj.weight",
    ),
    "a missing bias": (
        tensors(lambda all_: all_.pop(f"{LAYER}self_attn.q_proj.bias")),
        "lack 1 tensors, such as layers.0.self_attn.q_proj.bias",
    ),
    "a missing norm": (tensors(lambda all_: all_.pop("model.norm.weight")), "norm.weight"),
    "no embedding": (tensors(lambda all_: all_.pop("model.embed_tokens.weight")), "embed_tokens"),
    "no layers": (
        tensors(lambda all_: [all_.pop(name) for name in list(all_) if "layers" in name]),
        "says num_hidden_layers=2, its weights have 0 layers",
    ),
    "a head that is not saved": (configured(tie_word_embeddings=False), "such as lm_head.weight"),
    "a bias that is not read": (
        tensors(lambda all_: all_.update({f"{LAYER}mlp.up_proj.bias": torch.zeros(64)})),
        "have layers.0.mlp.up_proj.bias, which is not read",
    ),
    "an adapter inside": (
        tensors(
            lambda all_: all_.update({f"{LAYER}self_attn.q_proj.lora_A.weight": torch.zeros(2, 2)})
        ),
        "lora_A.weight, which is not read",
    ),
    "a norm of another width": (
        tensors(lambda all_: all_.update({f"{LAYER}input_layernorm.weight": torch.zeros(9)})),
        "says hidden_size=32, its weights have 9 in layers.0.input_layernorm.weight",
    ),
    "one dimension more": (
        tensors(lambda all_: all_.update({"model.norm.weight": torch.zeros(32, 1)})),
        "says 1 dimensions of norm.weight, its weights have 2",
    ),
    "whole numbers": (
        tensors(lambda all_: all_.update({"model.norm.weight": torch.ones(32, dtype=torch.int64)})),
        "its weights have I64 in norm.weight",
    ),
    "no such dtype": (
        header(lambda all_: all_["model.norm.weight"].update(dtype="F99")),
        f"{WEIGHTS} is broken",
    ),
    "offsets beyond the file": (
        header(lambda all_: all_["model.norm.weight"].update(data_offsets=[0, 2**62])),
        f"{WEIGHTS} is broken",
    ),
    "offsets backwards": (
        header(lambda all_: all_["model.norm.weight"].update(data_offsets=[128, 0])),
        f"{WEIGHTS} is broken",
    ),
    "a shape below 0": (
        header(lambda all_: all_["model.norm.weight"].update(shape=[-32])),
        f"{WEIGHTS} is broken",
    ),
    "an entry of text": (header(lambda all_: all_.update(x="y")), f"{WEIGHTS} is broken"),
    "an endless header": (written(WEIGHTS, struct.pack("<Q", 2**62) + b"{}"), "is broken"),
    "a deep header": (
        written(WEIGHTS, struct.pack("<Q", len(DEEP)) + DEEP.encode()),
        f"{WEIGHTS} is broken",
    ),
    "pickled weights": (
        lambda folder: (folder / WEIGHTS).rename(folder / "pytorch_model.bin"),
        "no *.safetensors in",
    ),
    "weights of another name": (
        lambda folder: (folder / WEIGHTS).rename(folder / "x.safetensors"),
        f"neither {WEIGHTS} nor {INDEX} in",
    ),
    "an index names a tensor too many": (
        indexed(more="model-00001.safetensors"),
        "names 1 tensors that no file has, such as more",
    ),
    "an index names a file elsewhere": (
        indexed(more="../model/model-00001.safetensors"),
        "names '../model/model-00001.safetensors', which is not a file in its folder",
    ),
    "an index names an absolute file": (indexed(more="/etc/passwd"), "is not a file in its folder"),
    "two sets of weights": (
        lambda folder: (
            shutil.copy(folder / WEIGHTS, folder / "kept"),
            indexed()(folder),
            (folder / "kept").rename(folder / WEIGHTS),
        ),
        "has two sets of weights",
    ),
    "an index that is a list": (written(INDEX, "[]"), f"{INDEX} is not a JSON object"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_hostile_folder_is_refused_in_one_line(
    name: str, damaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, message = FOLDERS[name]
    (damaged / "evil.py").write_text(EVIL)
    monkeypatch.setattr(sys, "stdin", None)  # nothing is asked
    change(damaged)
    with pytest.raises(ModelError) as caught:
        check_models(key_of(str(damaged)))
    assert message in caught.value.message
    assert str(damaged) in caught.value.message
    assert caught.value.hint
    assert len(caught.value.render().splitlines()) == 2


@pytest.mark.parametrize(
    "change",
    [
        edited("tokenizer_config.json", auto_map={"AutoTokenizer": [None, None]}),
        written(".config.json", "{"),
        lambda folder: (folder / "note.md").symlink_to("nothing"),
        lambda folder: os.mkfifo(folder / "log"),
        edited("generation_config.json", eos_token_id=[1, 99]),
        configured(sliding_window=None, max_window_layers=2, use_sliding_window=False),
        configured(dtype="bfloat16", architectures=["Qwen2ForCausalLM"]),
        indexed(),
        tensors(lambda all_: all_.update({f"{LAYER}self_attn.rotary_emb.inv_freq": torch.ones(8)})),
    ],
    ids=[
        "an empty auto_map",
        "a hidden file",
        "a link that nobody reads",
        "a pipe that nobody reads",
        "one EOS token of two",
        "no window",
        "another dtype",
        "shards",
        "old frequencies",
    ],
)
def test_what_does_no_harm_is_let_pass(change: Change, damaged: Path) -> None:
    change(damaged)
    check_models(key_of(str(damaged)))


@pytest.mark.parametrize("place", [0, 1, 2], ids=["M_base", "S_RL", "S_base"])
@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_named(
    checkpoint: Checkpoint, damaged: Path, place: int, number: float
) -> None:
    tensors(lambda all_: all_[f"{LAYER}mlp.up_proj.weight"].view(-1)[7:8].fill_(number))(damaged)
    folders = [checkpoint(QWEN2), checkpoint(QWEN2_SMALL_RL), checkpoint(QWEN2_SMALL_BASE)]
    folders[place] = str(damaged)
    key = key_of(folders[0], (folders[1], folders[2], 1.0))
    check_models(key)
    with pytest.raises(ModelError) as caught:
        load_engine(key, TransformersConfig())
    assert caught.value.message == (
        f"model {damaged} has NaN or infinite weights in {LAYER}mlp.up_proj.weight"
    )


def test_weights_that_overflow_a_dtype_are_named(damaged: Path) -> None:
    tensors(lambda all_: all_["model.norm.weight"].fill_(70_000))(damaged)
    ref, device = ModelRef(path=str(damaged)), torch.device("cpu")
    LoadedModel(ref, torch.bfloat16, device, 8)
    with pytest.raises(ModelError, match=r"infinite weights in model\.norm\.weight") as caught:
        LoadedModel(ref, torch.float16, device, 8)
    assert "too large for this dtype" in str(caught.value.hint)


@pytest.mark.parametrize(
    "load",
    [load_tokenizer, lambda ref: LoadedModel(ref, torch.float32, torch.device("cpu"), 8)],
    ids=["tokenizer", "model"],
)
def test_no_code_runs_where_nothing_was_checked(
    load: Callable[[ModelRef], object], damaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an engine loads by itself, as a folder that changed since the check."""
    (damaged / "evil.py").write_text(EVIL)
    configured(auto_map=CODE, model_type="evil")(damaged)
    without("tokenizer_config.json", "tokenizer_class")(damaged)
    edited("tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.T", None]})(damaged)
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked on standard input"))
    with pytest.raises(ModelError, match="contains custom code"):
        load(ModelRef(path=str(damaged)))


def test_a_chat_prompt_reads_no_hostile_folder(damaged: Path) -> None:
    replaced("tokenizer_config.json", os.mkfifo)(damaged)
    prompt = PromptConfig(name="chat", template="{question}", chat=True)
    with pytest.raises(ModelError, match="it is a named pipe"):
        rendered_chat(ModelRef(path=str(damaged)), prompt)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("./" + "a" * 320, "its name is too long"),
        ("./" + "a/" * 3000, "its name is too long"),
        ("/tmp/a\0b", "its name contains a NUL character"),
        ("a\0b", "is neither a folder that exists nor a hub id"),
        ("a" * 320, "is neither a folder that exists nor a hub id"),
        ("a--b/c", "is neither a folder that exists nor a hub id"),
        ("/etc/passwd", "it is not a folder"),
        ("/dev/zero", "it is not a folder"),
    ],
)
def test_odd_names_are_no_model(path: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        check_models(key_of(path))
    assert message in caught.value.message
    assert len(caught.value.message) < 800
    assert caught.value.hint


def refusal(key: EngineKey) -> str:
    try:
        check_models(key)
    except RastBenchError as error:
        return error.render()
    return "no error"


@pytest.fixture
def reachable(tmp_path: Path) -> Path:
    """A checkpoint in a folder of a folder that other users may enter."""
    folder = save_checkpoint(tmp_path / "locked" / "model", QWEN2_SMALL_RL)
    let_others_in(folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


@pytest.mark.parametrize(
    ("closed", "message"),
    [
        ("..", "permission denied for {folder.parent}"),
        (".", "cannot read folder {folder}: permission denied"),
        ("config.json", "cannot read {folder}/config.json: permission denied"),
        ("tokenizer_config.json", "cannot read {folder}/tokenizer_config.json: permission denied"),
        (WEIGHTS, "cannot read {folder}/model.safetensors: permission denied"),
    ],
)
def test_permission_is_denied_at_every_part_of_a_path(
    reachable: Path, closed: str, message: str
) -> None:
    key = key_of(str(reachable))
    place = reachable / closed
    before = place.stat().st_mode
    assert as_nobody(lambda: refusal(key)) == "no error"
    place.chmod(0o600 if os.getuid() == 0 else 0)
    found = as_nobody(lambda: refusal(key))
    place.chmod(before)
    assert message.format(folder=reachable) in found
    assert "hint: " in found
    assert len(found.splitlines()) == 2


def test_a_broken_package_is_not_the_checkpoints_fault(checkpoint: Checkpoint) -> None:
    """As torchaudio built for another PyTorch ends `from_pretrained`."""
    library = "/x/site-packages/torchaudio/lib/libtorchaudio.so: undefined symbol: _ZN3c10"
    error = RuntimeError("Failed to import transformers.models.auto: see below")
    error.__cause__ = OSError(f"Could not load this library: {library}")
    ref = ModelRef(path=checkpoint(QWEN2))
    found = load_error(ref, "the model", error)
    assert "Python package torchaudio, not in the checkpoint" in str(found.hint)
    assert "the path or the hub id" not in str(found.hint)


@pytest.mark.parametrize(
    ("error", "package"),
    [
        (ModuleNotFoundError("No module named 'optimum.gptq'", name="optimum.gptq"), "optimum"),
        (ImportError("Loading a GPTQ quantized model requires optimum (`pip install`)"), "optimum"),
        (OSError("/dist-packages/flash_attn/x.so: cannot open shared object file"), "flash_attn"),
        (ImportError("something else"), "transformers"),
        (ValueError("Unrecognized model"), None),
        (OSError("no file named model.safetensors"), None),
    ],
)
def test_the_package_is_found_in_the_message(error: Exception, package: str | None) -> None:
    assert broken_package(error) == package
