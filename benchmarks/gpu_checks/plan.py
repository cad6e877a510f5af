"""Which configurations are measured, and in what order: the most telling first."""

from itertools import product
from typing import Any

from gpu_checks.job import Job

RESIDENT = {"drafter": "resident"}  # the composite's own S_RL, not a second copy
PARTS = ("exactness", "throughput", "speculation")
RUNNERS = ("v1", "v2")
_PAIRS = (("7B", "1.5B", 4.0), ("14B", "7B", 6.0), ("32B", "7B", 9.0))


def jobs(device: str, quick: bool) -> list[Job]:
    """Return every job of every part. CPUs have Model Runner V1 only."""
    if device == "cpu":
        return [
            *(
                _exactness("v1", dtype, trio)
                for dtype, trio in product(("float32", "bfloat16"), ("qwen2", "llama", "tiny"))
            ),
            _throughput("miniature", "miniature-small", 1.0, "float32", [1, 4]),
            _speculation("v1", "float32", "tiny-equal", {}),
        ]
    trios = ("qwen2", "tiny") if quick else ("qwen2", "llama", "tiny")
    made = [
        _exactness(runner, dtype, trio)
        for trio, dtype, runner in product(trios, ("bfloat16", "float32"), RUNNERS)
    ]
    batches = [1, 32] if quick else [1, 32, 256]
    pairs = _PAIRS[:1] if quick else _PAIRS
    made += [_throughput(*pair, "bfloat16", batches) for pair in pairs]
    made += [_speculation(runner, "float32", "tiny-equal", {}) for runner in RUNNERS]
    made.append(_speculation("v1", "float32", "tiny", RESIDENT))
    if quick:
        return made
    sampled = {"draft_sample_method": "probabilistic"}
    made += [_speculation(runner, "float32", "tiny-equal", sampled) for runner in RUNNERS]
    made += [_speculation(runner, "bfloat16", "tiny-equal", {}) for runner in RUNNERS]
    # Vocabularies of other sizes, as those of Qwen2.5 1.5B and 7B are: V1 has this, V2 not yet.
    made.append(_speculation("v1", "float32", "tiny", {"use_heterogeneous_vocab": True}))
    made.append(_synthetic("7B", "1.5B", 3.0))
    return made


def _exactness(runner: str, dtype: str, trio: str) -> Job:
    settings = {"runner": runner, "dtype": dtype, "trio": trio}
    return Job("exactness", f"exactness-{trio}-{dtype}-{runner}", settings, minutes=3.0)


def _throughput(main: str, small: str, minutes: float, dtype: str, batches: list[int]) -> Job:
    settings = {"main": main, "small": small, "dtype": dtype, "batches": batches}
    return Job("throughput", f"throughput-{main}-{small}", settings, minutes)


def _speculation(runner: str, dtype: str, trio: str, draft: dict[str, Any]) -> Job:
    settings = {"runner": runner, "dtype": dtype, "trio": trio, "draft": draft}
    name = "-".join(["speculation", trio, dtype, runner, *map(str, draft.values())])
    return Job("speculation", name, settings, minutes=2.5)


def _synthetic(main: str, small: str, tokens_per_step: float) -> Job:
    settings = {
        "main": main,
        "small": small,
        "dtype": "bfloat16",
        "tokens_per_step": tokens_per_step,
    }
    return Job("speculation", f"speculation-speed-{main}-{small}", settings, minutes=5.0)
