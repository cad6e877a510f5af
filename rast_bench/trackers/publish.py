"""All of an experiment or a sweep, by any tracker: after a run, and as often as one likes."""

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rast_bench
from rast_bench.config.trackers import NoTracker, TrackerConfig, WandbConfig
from rast_bench.errors import TrackerError
from rast_bench.grading import graders_of
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell
from rast_bench.provenance import git_state, package_versions
from rast_bench.reporting.charts import charts
from rast_bench.reporting.origin import smaller_than_saved
from rast_bench.reporting.sweeps import sweep_name
from rast_bench.results.saved import RESULTS_FILE
from rast_bench.trackers.base import Content, Scalar, TrackedRun, Tracker
from rast_bench.trackers.numbers import CellNumbers, cell_numbers, running
from rast_bench.trackers.runs import cell_run, shown_command, slug
from rast_bench.trackers.samples import problem_tables, sample_rows
from rast_bench.trackers.tables import csv_table, interval_table, line_charts, text_table

if TYPE_CHECKING:
    from rast_bench.config.compose import Job
    from rast_bench.reporting.report import Report

INTERVALS = "intervals"
"""The table of accuracies with their 95 % intervals."""

_SHOWN_CSV = ("comparison.csv", "grid.csv")
"""Files of a report that are tables of the experiment's run as well; numbers.csv is long."""


@dataclass(frozen=True)
class RunGroup:
    """The runs of an experiment or of a sweep.

    Attributes:
        name: Of the experiment or the sweep; what ids end in.
        whole: The run of the whole.
        cells: The run of each cell, with the cell, by id.
    """

    name: str
    whole: TrackedRun
    cells: Mapping[str, tuple[TrackedRun, PlannedCell]]


@dataclass(frozen=True)
class Publication:
    """What is shown of a group when its report is made.

    Attributes:
        numbers: Of the group's cells by id; cells without samples have none.
        content: Of the whole, but for tables of samples, which are read when they are shown.
        grader: The chosen one; None for the first of each data set.
    """

    group: RunGroup
    numbers: Mapping[str, CellNumbers]
    content: Content
    grader: str | None


def run_group(
    name: str,
    planned: Sequence[PlannedCell | None],
    config: TrackerConfig,
    about: Mapping[str, Any],
) -> RunGroup:
    """Return the runs of planned cells; a cell that stands twice has one, with most samples.

    Args:
        name: Of the experiment or the sweep.
        about: What else the configuration of the whole's run says.
    """
    assert not isinstance(config, NoTracker)
    shown = config.group or name
    tags = config.tags if isinstance(config, WandbConfig) else ()
    largest: dict[str, PlannedCell] = {}
    for one in planned:
        if one is not None and (
            one.cell_id not in largest or one.wanted > largest[one.cell_id].wanted
        ):
            largest[one.cell_id] = one
    cells = {cell_id: (cell_run(one, name, shown, tags), one) for cell_id, one in largest.items()}
    whole = TrackedRun(
        run_id=slug("experiment", name),
        name=name,
        group=shown,
        kind="experiment",
        config={"experiment": name, "cells": len(cells), **about},
        tags=tuple(tags),
    )
    return RunGroup(name, whole, cells)


def experiment_group(
    job: "Job",
    planned: Sequence[PlannedCell | None],
    config: TrackerConfig,
    folder: str | None = None,
) -> RunGroup:
    """Return the runs of an experiment.

    Where its folder has tables of more problems or samples, it has the name that its own tables
    get, so that runs of fewer do not replace those of more.

    Args:
        folder: Of its tables in the results folder; its name by default.
    """
    experiment = job.options.experiment
    assert experiment is not None
    extents: dict[str, tuple[int, int]] = {}
    for one in planned:
        if one is not None:
            known = extents.get(one.cell_id, (0, 0))
            own = len(one.problems), one.cell.decoding.samples_per_problem
            extents[one.cell_id] = max(known[0], own[0]), max(known[1], own[1])
    folder = folder or experiment.name
    smaller = smaller_than_saved(extents, Path(job.options.results_dir) / folder)
    name = folder.replace("/", "-") if smaller is None else f"{folder.replace('/', '-')}-{smaller}"
    about = {
        "title": experiment.title or experiment.name,
        "command": shown_command(job.overrides),
        "datasets": list(experiment.datasets),
        **_about([one for one in planned if one is not None]),
    }
    return run_group(name, planned, config, about)


def sweep_group(planned: Sequence[PlannedCell], config: TrackerConfig) -> RunGroup:
    """Return the runs of cells that belong to no experiment."""
    return run_group(sweep_name(planned), planned, config, _about(planned))


def _about(planned: Sequence[PlannedCell]) -> dict[str, Any]:
    state = git_state(Path(rast_bench.__file__).parents[1])
    return {
        "base_models": sorted({one.cell.base_model.name for one in planned}),
        "deltas": sorted({one.cell.delta.name for one in planned} - {"none"}),
        "commit": state and state["commit"],
        "version": package_versions().get("rast-bench"),
    }


def repair_command(jobs: Sequence["Job"], config: TrackerConfig, typed: str) -> str:
    """Return a command that shows everything again: a push, or else the same command."""
    from rast_bench.config.next_command import next_command

    named = [job for job in jobs if job.options.experiment is not None]
    if config.name != "wandb" or len(jobs) != 1 or not named:
        return typed
    return next_command(named[0], "push", own=False).replace(" push ", " wandb push ", 1)


def publication(
    group: RunGroup,
    report: "Report",
    folder: Path,
    saved: Sequence[Path],
    ledger: Ledger,
    grader: str | None,
    *,
    pages: Path | None = None,
) -> Publication:
    """Return what is shown of a report.

    Args:
        folder: Of the report.
        saved: The report's files, as far as it was saved; its figures are taken from them.
        pages: Where HTML files about it lie; `folder` by default.
    """
    texts = report.texts
    tables = {f"table {table.name}": text_table(table) for table in report.tables}
    drawn = charts(report.results)
    tables[INTERVALS] = interval_table(drawn)
    for name in _SHOWN_CSV:
        if name in texts:
            tables[name.removesuffix(".csv")] = csv_table(texts[name])
    images = {f"figures/{path.stem}": path for path in saved if path.suffix == ".png"}
    html = {f"pages/{path.stem}": path for path in sorted((pages or folder).glob("*.html"))}
    # The texts as the report has them: what is saved names the command that made it.
    files: dict[str, Path | bytes] = {name: text.encode() for name, text in texts.items()}
    for path in (folder / RESULTS_FILE, *images.values()):
        if path.is_file():
            files[path.name] = path
    numbers = cell_numbers(report.results)
    summary: dict[str, Scalar] = {
        "cells": len(group.cells),
        "cells_done": len(numbers),
        "samples": sum(int(one.summary["samples"] or 0) for one in numbers.values()),
        "notes": "\n".join(note for table in report.tables for note in table.footnotes),
    }
    content = Content(
        summary=summary,
        tables=tables,
        charts=line_charts(drawn),
        images=images,
        pages=html,
        files=files,
        ledger={cell_id: ledger.cell_folder(cell_id) for cell_id in numbers},
    )
    return Publication(group, numbers, content, grader)


def publish(
    tracker: Tracker, pub: Publication, ledger: Ledger, config: TrackerConfig
) -> Iterator[str]:
    """Show all of it, one run after another; yields the name of each run that is done.

    Raises LedgerError and TrackerError.
    """
    assert not isinstance(config, NoTracker)
    shown = []
    for cell_id, (run, planned) in pub.group.cells.items():
        numbers = pub.numbers.get(cell_id)
        if numbers is None:
            grader = graders_of(planned.cell, pub.grader)[0]
            so_far = running(planned, ledger, grader)
            tracker.finish(run, Content(so_far.summary(planned.wanted)))
            yield run.name
            continue
        tables = {}
        if config.sample_rows:
            rows = sample_rows(planned, ledger, pub.grader, config.sample_rows)
            tables["responses"] = rows.samples
            shown.append((numbers, planned, rows.by_problem))
        config_there = {**run.config, **numbers.place, **_origin(ledger, cell_id)}
        tracker.finish(replace(run, config=config_there), Content(numbers.summary, tables))
        yield run.name
    content = replace(pub.content, tables={**pub.content.tables, **problem_tables(shown)})
    if not config.sample_rows:  # a page holds the samples of all cells
        content = replace(content, pages={})
    tracker.publish(pub.group.whole, content)
    yield pub.group.whole.name


def _origin(ledger: Ledger, cell_id: str) -> dict[str, Scalar]:
    """When and by which code the samples were made, as the latest manifest says."""
    manifests = ledger.manifests(cell_id)
    if not manifests:
        return {}
    last = manifests[-1]
    git = last.get("git") or {}
    return {
        "commit": git.get("commit"),
        "version": last.get("versions", {}).get("rast-bench"),
        "made": str(last["started"])[:10],
    }


@contextmanager
def only_writer(results: Path, tracker: str, name: str) -> Iterator[None]:
    """Hold the group's lock: two writers of one run would mix their points.

    A file system without locks is taken as it is. Raises TrackerError where another process writes,
    or where the folder cannot be written.
    """
    path = results / tracker / f"{slug(name)}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise TrackerError(
            f"cannot write to {path.parent}: {(error.strerror or str(error)).lower()}",
            hint="the tracker keeps its files there; correct its permissions",
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TrackerError(
                f"another process is showing {name} already",
                hint="wait until it has ended: it shows the same samples",
            ) from None
        except OSError:
            pass
        yield
