"""The speculation benchmark on the smallest models, once: what it prints and saves."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SMALLEST = (
    *("--base-model", "zoo:tiny-s/base", "--rl", "zoo:tiny-xs/rl-0"),
    *("--small-base", "zoo:tiny-xs/base", "--rows", "1", "2", "--samples", "2", "--repeats", "1"),
    *("--datasets", "tiny-easy", "--problems", "2", "--n", "1", "--max-tokens", "6"),
    *("--engines", "transformers", "--models", "tiny", "--drafts", "3"),
)


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import speculation

    threads = torch.get_num_threads()
    yield speculation
    torch.set_num_threads(threads)


def test_acceptance_speed_and_expected_gains(
    benchmark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "speculation.json"
    assert benchmark.main([*SMALLEST, "--out", str(out)]) == 0
    table = capsys.readouterr().out
    for line in ("| tiny-easy | sampled | 3 |", "| RAST, 3 drafts over M_base alone |"):
        assert line in table
    result = json.loads(out.read_text())
    greedy, sampled = result["acceptance"]
    assert (greedy["decoding"], sampled["decoding"]) == ("greedy", "sampled")
    assert sampled["tokens_per_pass"] == sampled["tokens"] / sampled["passes"]
    for runs in result["speed"]["tiny"]["transformers"].values():
        assert list(runs) == ["M_base alone", "RAST", "RAST, 3 drafts"]
        assert all(len(made) == 1 and made[0]["tokens"] > 0 for made in runs.values())
        assert runs["RAST, 3 drafts"][0]["judged"] > 0


def test_the_page_has_the_expected_gains(benchmark: Any) -> None:
    page = (BENCHMARKS.parent / "docs/speculation.md").read_text()
    assert "\n".join(benchmark.expected_table(benchmark.expected_gains())) in page
