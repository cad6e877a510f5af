"""Part (a): the composite engine against teacher-forced transformers passes and plain vLLM."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpu_checks.asking import (
    at,
    complete,
    greedy,
    random_long_prompts,
    random_prompts,
    widest,
    zip_completions,
)
from gpu_checks.checkpoints import Trio, make_trio
from gpu_checks.engine_process import EngineProcess, EngineSpec
from gpu_checks.job import Job, Outcome, Place
from gpu_checks.measures import chi_square, deviation, first_difference
from gpu_checks.reference import Reference
from rast_bench.metrics.agreement import chi_square_tail

LAMBDAS = (0.0, 0.5, 1.0)
FLOAT32_BOUND = 1e-3  # nats
LEAST_P = 1e-4  # a correct sampler fails one job in 10,000
NOISE_RATIO = 4.0  # three models' rounding instead of one's, and room for chance


@dataclass(frozen=True)
class Size:
    prompts: int
    tokens: int
    long_prompts: int
    samples: int


FULL, QUICK = Size(24, 48, 6, 8192), Size(6, 16, 3, 512)


def run(job: Job, place: Place) -> Outcome:
    """Checks of one (runner, dtype, trio).

    Raises EngineProcessError if an engine does not serve.
    """
    size = QUICK if place.quick else FULL
    trio = make_trio(job.settings["trio"], place.folder)
    measurement = _Measurement(job, trio, size)
    args = {
        "dtype": job.settings["dtype"],
        "max_model_len": 512,
        "max_num_seqs": 64,
        "max_num_batched_tokens": 256,  # so that long prompts come in chunks
        "kv_cache_memory_bytes": (128 << 20) if place.on_cpu else (4 << 30),
        **place.graphs(256),
    }
    with place.engine(job, "plain", EngineSpec(trio.main, None, args)) as engine:
        measurement.plain(engine)
    with place.engine(job, "composite", EngineSpec(trio.main, trio.pairs, args)) as engine:
        measurement.composite(engine)
    return measurement.outcome


class _Measurement:
    def __init__(self, job: Job, trio: Trio, size: Size) -> None:
        self.trio, self.size = trio, size
        self.exact = job.settings["dtype"] == "float32"
        self.reference = Reference(trio)
        self.outcome = Outcome()
        self.prompts = random_prompts(size.prompts, trio.vocabulary, longest=120)
        self.long_prompts = random_long_prompts(size.long_prompts, trio.vocabulary, seed=8)
        self.floor: dict[str, float] = {}
        self.prompt_floor: dict[str, float] = {}  # of tokens that no model would have chosen
        self.plain_tokens: list[list[int]] = []
        self.plain_logs: list[list[float]] = []

    @property
    def bound(self) -> float:
        """Largest deviation of a log-probability that counts as rounding."""
        return FLOAT32_BOUND if self.exact else 2 * self.floor["max"]

    def plain(self, engine: EngineProcess) -> None:
        """Measure the noise floor: plain vLLM on M_base against transformers on M_base."""
        found = complete(engine, self.prompts, greedy(self.size.tokens))
        self.plain_tokens, self.plain_logs = zip_completions(found)
        self.floor = deviation(
            np.concatenate(
                [
                    logs - at(self.reference.plain(prompt, tokens), tokens)
                    for prompt, tokens, logs in zip(
                        self.prompts, self.plain_tokens, self.plain_logs, strict=True
                    )
                ]
            )
        )
        self.outcome.data["plain_engine"] = engine.info
        found = complete(engine, self.long_prompts, greedy(1) | {"prompt_logprobs": 0})
        self.prompt_floor = deviation(
            np.concatenate(
                [
                    output["prompt"] - at(self.reference.plain(prompt[:1], prompt[1:]), prompt[1:])
                    for prompt, output in zip(self.long_prompts, found, strict=True)
                ]
            )
        )
        self.outcome.data["noise_floor"] = self.floor
        self.outcome.data["noise_floor_of_prompts"] = self.prompt_floor
        if self.exact:
            self.outcome.check("plain vLLM on M_base, max", self.floor["max"], FLOAT32_BOUND)

    def composite(self, engine: EngineProcess) -> None:
        self.outcome.data["engine"] = engine.info
        singles = {lambda_: self._trajectories(engine, lambda_) for lambda_ in LAMBDAS}
        self._equals_plain(singles[0.0])
        self._mixed(engine, singles)
        self._seeds(engine)
        self._cached(engine)
        self._chunked(engine)
        for lambda_ in LAMBDAS[1:]:
            for seeded in (False, True):
                self._frequencies(engine, lambda_, seeded)

    def _trajectories(self, engine: EngineProcess, lambda_: float) -> list[list[int]]:
        """Log-probabilities of whole greedy trajectories, and each token the reference's best."""
        found = complete(engine, self.prompts, greedy(self.size.tokens, lambda_=lambda_))
        tokens, logs = zip_completions(found)
        differences, regrets = [], []
        for prompt, sequence, theirs in zip(self.prompts, tokens, logs, strict=True):
            places = self.reference.composed(prompt, sequence, lambda_)
            differences.append(theirs - at(places, sequence))
            regrets.append(places.max(-1) - at(places, sequence))
        name = f"λ = {lambda_:g}"
        self._deviates(name, np.concatenate(differences), self.floor)
        regret = np.concatenate(regrets)
        self.outcome.data[f"{name}: share of tokens that are the reference's best"] = float(
            (regret == 0).mean()
        )
        self.outcome.check(
            f"{name}: a greedy token's distance from the best", regret.max(), 2 * self.bound
        )
        return tokens

    def _deviates(self, name: str, differences: np.ndarray, floor: dict[str, float]) -> None:
        found = deviation(differences)
        self.outcome.data[f"{name}: deviation"] = found
        if self.exact:
            self.outcome.check(f"{name}: max deviation", found["max"], FLOAT32_BOUND)
        else:
            self.outcome.check(
                f"{name}: rms deviation over the noise floor",
                found["rms"] / floor["rms"],
                NOISE_RATIO,
            )

    def _equals_plain(self, tokens: list[list[int]]) -> None:
        """λ = 0 is plain vLLM on M_base, but for the padded ids that the composite masks."""
        self._same("λ = 0 against plain vLLM", tokens, self.plain_tokens, 0.0)

    def _mixed(self, engine: EngineProcess, singles: dict[float, list[list[int]]]) -> None:
        lambdas = [LAMBDAS[i % len(LAMBDAS)] for i in range(len(self.prompts))]
        params = [greedy(self.size.tokens, lambda_=lambda_) for lambda_ in lambdas]
        tokens, _ = zip_completions(complete(engine, self.prompts, params))
        expected = [singles[lambda_][i] for i, lambda_ in enumerate(lambdas)]
        self._same("mixed λ against single λ", tokens, expected, lambdas)

    def _same(
        self,
        name: str,
        found: Sequence[list[int]],
        expected: Sequence[list[int]],
        lambdas: float | Sequence[float],
    ) -> None:
        """Equal tokens; where they part, the reference must hold the two for a tie."""
        gaps = [0.0]
        for i, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
            part = first_difference(ours, theirs)
            if part is None:
                continue
            lambda_ = lambdas if isinstance(lambdas, float) else lambdas[i]
            row = self.reference.composed(self.prompts[i], ours[: part + 1], lambda_)[-1]
            known = theirs[part] < len(row)
            gaps.append(abs(row[ours[part]] - row[theirs[part]]) if known else float("inf"))
        share = float(np.mean([a == b for a, b in zip(found, expected, strict=True)]))
        self.outcome.data[f"{name}: equal sequences"] = share
        self.outcome.check(f"{name}: gap where they part", max(gaps), 2 * self.bound)

    def _seeds(self, engine: EngineProcess) -> None:
        """Check that the same seeds give the same samples, in another order and batch."""
        params = [
            {
                "lambda_": LAMBDAS[i % 3],
                "temperature": 1.0,
                "seed": i,
                "max_tokens": self.size.tokens,
            }
            for i in range(len(self.prompts))
        ]
        first, _ = zip_completions(complete(engine, self.prompts, params))
        unseeded = {"lambda_": 1.0, "temperature": 1.0, "max_tokens": self.size.tokens}
        again = complete(
            engine,
            [*self.prompts[::-1], *self.prompts],
            [*params[::-1], *[unseeded] * len(params)],
        )
        second, _ = zip_completions(again[: len(params)][::-1])
        other, _ = zip_completions(again[len(params) :])
        share = float(np.mean([a == b for a, b in zip(first, second, strict=True)]))
        # Rounding differs with the batch, so that now and then a draw at a boundary does too.
        self.outcome.check(
            "same seed, same sample", share, 0.9 if self.exact else 0.5, at_least=True
        )
        share = float(np.mean([a == b for a, b in zip(first, other, strict=True)]))
        self.outcome.check("no seed, same sample", share, 0.2)

    def _cached(self, engine: EngineProcess) -> None:
        """Check that a prefix computed at λ = 0 serves λ = 1: the cache does not depend on λ."""
        long_prompts = random_long_prompts(self.size.long_prompts, self.trio.vocabulary, seed=7)
        prompts = [prompt[:100] for prompt in long_prompts]
        complete(engine, prompts, greedy(1, lambda_=0.0))
        found = complete(engine, prompts, greedy(self.size.tokens, lambda_=1.0))
        cached = min(output["cached"] or 0 for output in found)
        self.outcome.check("prefix cache: fewest cached tokens", cached, 16, at_least=True)
        self._teacher_forced("prefix cache", prompts, found)

    def _chunked(self, engine: EngineProcess) -> None:
        prompts = self.long_prompts
        params = greedy(self.size.tokens, lambda_=1.0) | {"prompt_logprobs": 0}
        found = complete(engine, prompts, params)
        self._teacher_forced("chunked prefill", prompts, found)
        differences = [
            output["prompt"] - at(self.reference.composed(prompt[:1], prompt[1:], 1.0), prompt[1:])
            for prompt, output in zip(prompts, found, strict=True)
        ]
        name = "prompt log-probabilities"
        self._deviates(name, np.concatenate(differences), self.prompt_floor)

    def _teacher_forced(
        self, name: str, prompts: list[list[int]], found: list[dict[str, Any]]
    ) -> None:
        tokens, logs = zip_completions(found)
        differences = [
            theirs - at(self.reference.composed(prompt, sequence, 1.0), sequence)
            for prompt, sequence, theirs in zip(prompts, tokens, logs, strict=True)
        ]
        self._deviates(name, np.concatenate(differences), self.floor)

    def _frequencies(self, engine: EngineProcess, lambda_: float, seeded: bool) -> None:
        """Sampled next tokens follow the composed distribution (chi-square)."""
        prompt = widest(self.reference, self.prompts, lambda_)
        params = {"lambda_": lambda_, "temperature": 1.0, "max_tokens": 1, "ignore_eos": True}
        if seeded:
            asked = [params | {"seed": i} for i in range(self.size.samples)]
            found = engine.generate([prompt] * len(asked), asked)["outputs"]
        else:
            found = engine.generate([prompt], [params | {"n": self.size.samples}])["outputs"]
        drawn = [c["tokens"][0] for output in found for c in output["completions"]]
        counts = np.bincount(drawn, minlength=self.trio.vocabulary)
        name = f"λ = {lambda_:g}: {'seeded' if seeded else 'unseeded'} frequencies"
        self.outcome.check(
            f"{name}: masked ids drawn", int(counts[self.trio.vocabulary :].sum()), 0
        )
        probabilities = np.exp(self.reference.composed(prompt, [0], lambda_)[0])
        statistic, degrees = chi_square(counts[: self.trio.vocabulary], probabilities)
        self.outcome.data[name] = {
            "samples": len(drawn),
            "chi_square": statistic,
            "degrees": degrees,
        }
        self.outcome.check(
            f"{name}: p", chi_square_tail(statistic, degrees), LEAST_P, at_least=True
        )
