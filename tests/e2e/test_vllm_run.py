"""`engine=vllm` as a user runs it: killed, resumed, run again, and its mistakes."""

import json
import os
import signal
from pathlib import Path

import pytest
from command import finish, run_here, samples, start, stored_rows
from held import Hold

CELL = (
    *("engine=vllm", "base_model=tiny-s", "delta=tiny-xs", "dataset=tiny-easy"),
    *("dataset.limit=10", "decoding.n=4", "engine.max_num_seqs=16", "engine.kv_cache_gib=0.1"),
)
SAMPLES_OF_CELL = 10 * 4


def test_killed_resumed_and_run_again(tmp_path: Path) -> None:
    """By two workers, each with an engine of its own, then by one."""
    results = tmp_path / "results"
    hold = Hold(tmp_path / "hold", processes=2)
    process = start(results, *CELL, "workers=2", hold=hold)
    hold.wait(process.poll)
    os.killpg(process.pid, signal.SIGKILL)
    finish(process)
    kept = samples(results)
    assert hold.samples <= len(kept) <= 2 * hold.samples  # at least the flushed half of each

    finished = run_here(results, *CELL, "workers=1")
    assert finished.code == 0, finished.err
    assert f"{SAMPLES_OF_CELL - len(kept):,} samples made" in finished.err
    assert "tiny-easy" in finished.out
    assert "Engine: vllm, bfloat16." in " ".join(finished.out.split())  # what `auto` came to
    assert len(samples(results)) == stored_rows(results) == SAMPLES_OF_CELL
    merged = samples(results).merge(kept, on=["problem_id", "sample_index"])
    assert (merged["token_ids_x"] == merged["token_ids_y"]).all()

    for path in results.rglob("manifest-*.json"):
        used = json.loads(path.read_text())["config"]["engine"]
        settled = used["dtype"], used["tensor_parallel_size"], used["max_model_len"]
        assert settled == ("bfloat16", 1, 256)  # ⌈prompt of tiny-easy and 192 new tokens⌉

    again = run_here(results, *CELL)
    assert again.code == 0 and again.out == finished.out
    assert "1 cell: 0 samples made" in again.err


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ("decoding.temperature=0.001", "error: decoding.temperature=0.001: vLLM has no τ below"),
        ("engine.max_model_len=200", "leaves no room for the longest prompt, "),
        ("decoding.max_tokens=490", "has 512 positions, and the longest prompt, "),
        ("engine.tensor_parallel_size=5", "engine.tensor_parallel_size=5 cannot work: model zoo:"),
        (
            "engine.max_model_len=9000",
            "engine.max_model_len=9000: model zoo:tiny-s/base has 512",
        ),
        ("engine.device=cpu", "error: the chosen engine has no engine.device"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path, mistake: str, message: str) -> None:
    finished = run_here(tmp_path / "results", *CELL, "workers=1", mistake)
    assert finished.code == 2
    assert message in finished.err
    assert "Traceback" not in finished.err
    assert "hint: " in finished.err
