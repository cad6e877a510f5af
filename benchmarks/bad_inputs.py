"""Set every configuration key to values that nobody intends, with hypothesis.

    nice python benchmarks/bad_inputs.py --tries 2000 --json results/bench/bad_inputs.json

A try sets one or two keys of a small run to wrong types, NaN, infinities, negative, enormous, empty
or odd values, then composes, validates and plans it in this process; nothing is loaded or
generated. One try in four is written as an override and parsed by Hydra, the others are put into
the composed tree. Each must be planned or end in an error with a hint, within --seconds of CPU
time. tests/bad_inputs/test_schema.py makes a hundred such tries. Exit code 1 if one does not.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import hydra
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf
from pydantic import BaseModel

from rast_bench.config.compose import RunOptions, compose_job
from rast_bench.config.files import CheckedFiles, checked_path
from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.hydra_errors import CONFIG_EXCEPTIONS, as_config_error
from rast_bench.config.launchers import LAUNCHERS, read_launcher
from rast_bench.config.options import OptionReader
from rast_bench.config.paths import config_dir
from rast_bench.config.schema import CellConfig
from rast_bench.config.validate import known_keys
from rast_bench.errors import UnexpectedError
from rast_bench.pipeline import plan_jobs
from rast_bench.unexpected import as_user_error

BASE = (
    *("base_model=tiny-xs", "delta=tiny-xs", "dataset=tiny-easy", "dataset.limit=1"),
    *("decoding.n=1", "decoding.max_tokens=4", "workers=1"),
)
EXPERIMENT = {
    "name": "odd",
    "datasets": ["tiny-easy"],
    "rows": [{"label": "a row", "decoding": "greedy"}],
}

Key = tuple[str, ...]


def keys() -> list[Key]:
    """Return every key of a cell, of a command, of an experiment and of the launchers."""
    cell = list(_keys(CellConfig, (), ("base_model", "delta", "method", "dataset", "prompt")))
    cell += list(_keys(CellConfig, (), ("decoding", "engine")))
    options = [(name,) for name in RunOptions.model_fields]
    experiment = [("experiment", name) for name in known_keys(RunOptions, ("experiment",))]
    launchers = [
        ("hydra", "launcher", option, name)
        for option, model in LAUNCHERS.items()
        for name in model.model_fields
    ]
    return [*cell, *options, *experiment, *launchers]


def _keys(model: type[BaseModel], path: Key, names: Sequence[str]) -> Iterator[Key]:
    for name in names:
        place = (*path, name)
        yield place
        inner = known_keys(model, place)
        if inner and len(place) < 4:
            yield from _keys(model, place, inner)


NUMBERS = (
    *(0, 1, -1, 2, 0.5, -0.0, 1e9, 1e300, -1e300, float("nan"), float("inf"), float("-inf")),
    *(2**31, 2**63, 2**64, 10**30, -(10**30), 10**4000, True, False),
)
TEXTS = (
    *("", " ", "auto", "null", "none", "0", "1e9", "nan", "a b", "a/b", "../..", "/", "~", "~x/y"),
    *("/dev/zero", "/proc/self/mem", "zoo:", "zoo:../x", "zoo:tiny-xs/base", "a:b", "os:name"),
    *("${decoding.n}", "${nothing}", "${", "???", "{question}", "\x00", "\x1b[2J", "\u202e", "é数"),
    *("\ud800", "a" * 300, "a" * 100_000, "=1+1", "ledger", "x\ny", "<|im_start|>{question}"),
)
SCALARS = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(TEXTS),
    st.none(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(TEXTS[:9]), inner, max_size=3)
    ),
    max_leaves=5,
)
# Wrong types are found at once; the values of the right one go on into planning.
CHANGES = st.tuples(st.sampled_from(keys()), st.one_of(st.sampled_from(TEXTS), SCALARS, VALUES))
TRIES = st.one_of(st.tuples(CHANGES), st.tuples(CHANGES), st.tuples(CHANGES, CHANGES))


@dataclass
class Ends:
    """How tries ended."""

    planned: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    faults: list[dict[str, Any]] = field(default_factory=list)


@cache
def base_tree() -> DictConfig:
    """Return the composed configuration of a small run."""
    with hydra.initialize_config_dir(config_dir=str(config_dir()), version_base="1.3"):
        return hydra.compose("config", list(BASE))


def one_try(changes: Sequence[tuple[Key, Any]], *, as_words: bool) -> None:
    """Compose, validate and plan.

    Raises:
        RastBenchError: the configuration is rejected.
    """
    words = [f"++{'.'.join(key)}={_written(value)}" for key, value in changes]
    if as_words:
        plan_jobs([job_of_overrides([*BASE, *words])])
        return
    try:
        tree = OmegaConf.to_container(base_tree())
        assert isinstance(tree, dict)
        for key, value in changes:
            if key[:2] == ("hydra", "launcher"):
                read_launcher({"cluster": key[2], key[3]: value})
            else:
                _set(tree, key, value)
        words = [word for word in BASE if not word.startswith("dataset=")]
        options = OptionReader([CheckedFiles("benchmark", checked_path(str(config_dir())))])
        job = compose_job(OmegaConf.create(tree), words, options)
    except CONFIG_EXCEPTIONS as error:
        raise as_config_error(error) from error
    plan_jobs([job])


def _set(tree: dict[Any, Any], key: Key, value: Any) -> None:
    if key[0] == "experiment" and not isinstance(tree.get("experiment"), dict):
        tree["experiment"] = dict(EXPERIMENT)
    for part in key[:-1]:
        inner = tree.get(part)
        if isinstance(inner, list) and inner:
            inner = inner[0]
        if not isinstance(inner, dict):
            inner = tree[part] = {}
        tree = inner
    tree[key[-1]] = value


def _written(value: Any) -> str:
    """As the command line may have it; text is not quoted."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def check(changes: Sequence[tuple[Key, Any]], ends: Ends, *, as_words: bool, most: float) -> None:
    """Record how a try ended."""
    begin = time.process_time()
    fault = None
    try:
        one_try(changes, as_words=as_words)
        ends.planned += 1
    except Exception as error:  # as reported by the command line
        known = as_user_error(error)
        ends.errors[type(known).__name__] += 1
        if isinstance(known, UnexpectedError) or not known.hint:
            fault = f"{type(error).__name__}: {error}"
    seconds = time.process_time() - begin
    ends.slowest = max(ends.slowest, seconds)
    if seconds > most:
        fault = f"{seconds:.1f} s of CPU time"
    if fault is not None:
        ends.faults.append({"tried": repr(changes)[:300], "words": as_words, "fault": fault[:300]})


def run(tries: int, most: float) -> Ends:
    """Run the tries of one seed, always the same ones."""
    ends = Ends()

    @seed(0)
    @settings(
        max_examples=tries,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(TRIES, st.sampled_from((True, False, False, False)))
    def attempt(changes: Sequence[tuple[Key, Any]], as_words: bool) -> None:
        check(changes, ends, as_words=as_words, most=most)

    attempt()
    return ends


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tries", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=5.0, help="CPU time of one try")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    json_file = None if args.json is None else args.json.resolve()
    begin = time.time()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        ends = run(args.tries, args.seconds)
        os.chdir("/")
    report = {
        "command": f"python benchmarks/bad_inputs.py --tries {args.tries}",
        "keys": len(keys()),
        "tries": ends.planned + ends.errors.total(),
        "planned": ends.planned,
        "errors": dict(sorted(ends.errors.items())),
        "slowest_cpu_seconds": round(ends.slowest, 2),
        "seconds": round(time.time() - begin),
        "faults": ends.faults,
    }
    text = json.dumps(report, indent=1, ensure_ascii=True)
    print(text)
    if json_file is not None:
        json_file.write_text(text + "\n", encoding="utf-8")
    return 1 if ends.faults else 0


if __name__ == "__main__":
    sys.exit(main())
