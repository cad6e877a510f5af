"""What the benchmark of real models reports, on made-up measurements; its comparison, by a stand-in
for the environment that has EvalPlus."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import real_models
import real_models_evalplus
from planned_cells import samples_of
from real_models import COPIES, ITSELF, PLAIN

from rast_bench.config.identity import cell_id
from rast_bench.domain import SampleKey, Verdict
from rast_bench.grading.registry import CODE_TESTS
from rast_bench.ledger import Ledger

JUDGE = """
import json, sys
print("noise", file=sys.stderr)
for line in sys.stdin:
    row = json.loads(line)
    plus = "pass" if "good" in row["response"] else "fail"
    print(json.dumps({"task_id": row["task_id"], "base": "pass", "plus": plus, "program": ""}))
"""


def test_every_response_is_compared_and_differences_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, cell = Ledger(tmp_path), cell_id({"any": 1})
    ledger.register(cell, {"any": 1}, {"dataset": "mbppplus"})
    judged = {"2": ("good", "correct"), "3": ("bad", "wrong"), "4": ("good", "timeout")}
    keys = {name: SampleKey(cell, name, 0) for name in judged}
    samples = samples_of([(name, 0, text, "eos") for name, (text, _) in judged.items()], cell)
    ledger.write_samples(cell, samples, "run")
    verdicts = [Verdict(keys[n], kind, None) for n, (_, kind) in judged.items()]
    ledger.write_verdicts(cell, CODE_TESTS, verdicts)
    script = tmp_path / "judge.py"
    script.write_text(JUDGE)
    monkeypatch.setattr(real_models_evalplus, "JUDGE", script)
    monkeypatch.setattr(real_models_evalplus, "version_of", lambda _: "0.3.1")
    out = tmp_path / "out.json"

    code = real_models_evalplus.main(
        [
            *("--results", str(tmp_path), "--python", sys.executable),
            *("--evalplus-data", str(tmp_path), "--out", str(out)),
        ]
    )

    assert code == 0
    (found,) = json.loads(out.read_text())["cells"]
    counts = ("responses", "equal", "ours", "evalplus", "evalplus_base_tests")
    assert [found[name] for name in counts] == [3, 2, 1, 2, 3]
    (difference,) = found["differing"]
    assert difference["task_id"] == "Mbpp/4" and difference["ours"] == "timeout"
    assert "| mbppplus | 3 | 2 | 1 | 2 | 3 |" in capsys.readouterr().out


def test_the_table_holds_speed_and_memory_against_the_bound() -> None:
    result = {
        "environment": {"threads": 1, "cpu": {"model": "a processor"}},
        "model": "m",
        "vocabulary": 151936,
        "dtype": "bfloat16",
        "bound": 1 / 3,
        "weights_bytes": 2**30,
        "prompts": 4,
        "tokens": 8,
        "greedy_texts_equal_to_plain": {f"{COPIES}, λ = 1": 3},
        "anonymous_bytes": {PLAIN: 2**31, COPIES: 2**32, ITSELF: 2**31},
        "tokens_per_cpu_second": {"8": {PLAIN: [90.0, 60.0], COPIES: [30.0, 10.0]}},
        "refused": "error: another tokenizer\nhint: none",
    }

    table = real_models.render(result)

    assert "m, 151,936 ids, bfloat16" in table
    assert f"| {COPIES}, λ = 1 | 3 of 4 |" in table
    assert "share of the bound | 0.75 (0.50 to 1.00) |" in table
    assert "2.00 GiB" in table and "4.00" in table
    assert "    error: another tokenizer" in table


def test_cpu_time_is_the_engines_own() -> None:
    engine = SimpleNamespace(process=SimpleNamespace(pid=1))
    run = real_models.in_cpu_time(engine, lambda prompts, tokens: (len(prompts) * tokens, 99.0))

    tokens, seconds = run([[1], [2]], 5)

    assert tokens == 10
    assert 0 <= seconds < 9
