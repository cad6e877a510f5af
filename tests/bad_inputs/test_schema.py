"""A hundred odd values for the keys of the configuration: planned, or an error with a hint."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))


def test_no_value_of_a_key_breaks_planning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bad_inputs import keys, run

    monkeypatch.chdir(tmp_path)
    ends = run(100, most=60)  # a hang, not a slow machine
    assert ends.faults == []
    assert ends.errors["ConfigError"] > 20
    assert len(keys()) > 80
