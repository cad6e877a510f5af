"""What was saved is read again, without models."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from rast_bench.analysis.saved import (
    load_provenance,
    load_records,
    load_summary,
    save_analysis,
)
from rast_bench.analysis.summaries import summarise
from rast_bench.errors import LedgerError

RECORDS = pd.DataFrame(
    {
        "dataset": "sums",
        "base_model": "m",
        "path": "RL",
        "cell_id": "c",
        "problem_id": "a",
        "position": [0, 1],
        "token_id": [5, 1],
        "token": ["é", "<eos>"],
        "p": "base",
        "q": "+ ΔR s, λ = 0.3",
        "kl": [0.25, 0.5],
    }
)


def test_round_trip(tmp_path: Path) -> None:
    files = save_analysis(tmp_path, "figure5", "kl", "rl", RECORDS, {"seconds": 1.5})
    assert [str(path.relative_to(tmp_path)) for path in files] == [
        "analysis/figure5/kl.parquet",
        "analysis/figure5/kl.json",
    ]
    pd.testing.assert_frame_equal(
        load_records(tmp_path, "figure5", "kl"), RECORDS, check_dtype=False
    )
    pd.testing.assert_frame_equal(
        load_summary(tmp_path, "figure5", "kl"), summarise("kl", RECORDS), check_dtype=False
    )
    stored = load_provenance(tmp_path, "figure5", "kl")
    assert stored["seconds"] == 1.5
    assert stored["summary"][0]["kl"] == 0.375
    assert stored["summary"][0]["low"] is None  # one path: JSON has no NaN
    json.loads(files[1].read_text(), parse_constant=pytest.fail)


def test_other_paths_are_other_files(tmp_path: Path) -> None:
    save_analysis(tmp_path, "x", "kl", "rl", RECORDS, {})
    save_analysis(tmp_path, "x", "kl", "rast", RECORDS[:1], {})
    assert len(load_records(tmp_path, "x", "kl")) == 2
    assert len(load_records(tmp_path, "x", "kl", "rast")) == 1


@pytest.mark.parametrize("load", [load_records, load_summary, load_provenance])
def test_what_is_missing_comes_with_the_command_that_makes_it(tmp_path: Path, load) -> None:
    with pytest.raises(
        LedgerError, match=r"there is no .*figure1a/pcr-rast-path\.parquet"
    ) as caught:
        load(tmp_path, "figure1a", "pcr", "rast")
    assert "`rast-bench analyse pcr figure1a --path rast`" in str(caught.value.hint)


def test_reading_loads_no_torch() -> None:
    code = "import sys, rast_bench.analysis.saved; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
