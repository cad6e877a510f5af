"""The package as a wheel, used from a folder that is no checkout."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_finds_its_configuration_and_models(tmp_path: Path) -> None:
    built = tmp_path / "built"
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(built), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = built.glob("*.whl")
    installed = tmp_path / "installed"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"),
            *("--target", str(installed), str(wheel)),
        ],
        check=True,
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}

    def python(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, *arguments],
            check=True,
            capture_output=True,
            text=True,
            cwd=elsewhere,
            env=environment,
        ).stdout

    place = python("-c", "import rast_bench; print(rast_bench.__file__)").strip()
    assert Path(place).is_relative_to(installed)
    program = str(installed / "bin" / "rast-bench")
    prompt = python(program, "show-prompt", "dataset=tiny-hard")
    assert prompt.startswith("Problem : ")
    table = python(
        *(program, "run", "base_model=tiny-s", "delta=tiny-xs", "dataset=tiny-easy"),
        *("dataset.limit=3", "decoding.n=2"),
    )
    assert "tiny-easy" in table
    assert list(elsewhere.glob("results/ledger/*/samples-*.parquet"))
    assert "17 cannot be right" in python(program, "audit-paper")
