"""The arguments of `rast-bench analyse`: cells, a results folder and a name for the files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rast_bench.config.arguments import CommandArguments
from rast_bench.config.frontend import job_of
from rast_bench.config.schema import CellConfig
from rast_bench.config.validate import validated
from rast_bench.errors import ConfigError, LedgerError
from rast_bench.ledger import Ledger

_CELL_ID = re.compile(r"[0-9a-f]{16}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True)
class AnalysisRequest:
    """What the arguments name."""

    name: str  # of the output folder
    cells: tuple[CellConfig, ...]
    results: Path
    paths_of: str | None = None  # of the experiment


def read_request(words: CommandArguments, name: str | None = None) -> AnalysisRequest:
    """Read an experiment's name, `key=value` overrides of one cell, or ids of cells in the ledger.

    Args:
        name: of the folder; by default the experiment's, else `names_of` the cells.

    Raises:
        ConfigError: the arguments do not name cells.
        LedgerError: the ledger does not know an id.
    """
    if name is not None and not _NAME.fullmatch(name):
        raise ConfigError(
            f"--name {name}: not a valid folder name", hint="letters, digits and . _ + - only"
        )
    overrides = [word for word in words.overrides if "=" in word]
    bare = [word for word in words.overrides if "=" not in word]
    ids = [word for word in bare if _CELL_ID.fullmatch(word)]
    if len(bare) > 1 and ids != bare:
        raise ConfigError(
            f"{' '.join(bare)}: either one experiment or ids of cells",
            hint="analyse several experiments one after another",
        )
    if ids:
        idle = [word for word in overrides if not word.startswith("results_dir=")]
        if idle:
            raise ConfigError(f"{idle[0]}: a stored cell cannot be changed", hint="leave it out")
        results = Path(job_of(replace(words, overrides=tuple(overrides))).options.results_dir)
        cells = tuple(stored_cell(Ledger(results), cell_id) for cell_id in ids)
        return AnalysisRequest(name or names_of(cells), cells, results)
    named = tuple(f"experiment={word}" for word in bare)
    job = job_of(replace(words, overrides=(*named, *overrides)))
    experiment = job.options.experiment
    return AnalysisRequest(
        name or (names_of(job.cells) if experiment is None else experiment.name),
        job.cells,
        Path(job.options.results_dir),
        None if experiment is None else experiment.paths_of,
    )


def stored_cell(ledger: Ledger, cell_id: str) -> CellConfig:
    """Return the configuration that a cell of the ledger was made with.

    Raises:
        LedgerError: the ledger has no such cell.
    """
    manifests = ledger.manifests(cell_id)
    if not manifests:
        raise LedgerError(
            f"cell {cell_id} is not in {ledger.root}",
            hint="`rast-bench status EXPERIMENT` lists ids; or name the folder: results_dir=…",
        )
    return validated(CellConfig, manifests[-1]["config"], context=f"cell {cell_id}")


def names_of(cells: Sequence[CellConfig]) -> str:
    """Return base models, ΔR and data sets of cells, `tiny-l_tiny-s_tiny-hard`."""
    groups = (
        (cell.base_model.name for cell in cells),
        (cell.delta.name for cell in cells if cell.method.name == "rast"),
        (cell.dataset.name for cell in cells),
    )
    return "_".join(name for group in groups for name in dict.fromkeys(group))
