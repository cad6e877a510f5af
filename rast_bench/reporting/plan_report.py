"""A plan as one record: cells, engine groups, errors, estimates. Loads no model, writes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rast_bench.capacity import check_cell_count, check_samples
from rast_bench.config.compose import Job
from rast_bench.config.identity import engine_key
from rast_bench.config.launchers import LauncherConfig
from rast_bench.config.schema import CellConfig, ModelRef
from rast_bench.grading import check_graders, check_retired
from rast_bench.hardware import GIB
from rast_bench.known import known_model
from rast_bench.ledger import Ledger
from rast_bench.metrics.power import minimum_detectable_effect
from rast_bench.planning.cells import EngineGroup, PlannedCell, cell_title, group_cells
from rast_bench.planning.checkpoints import CheckpointSize
from rast_bench.planning.compatibility import PlanError, PlanErrors, check_cells, eos_notes
from rast_bench.planning.downloads import Downloads, downloads
from rast_bench.planning.groups import Assumptions, GroupLine, GroupPlanner
from rast_bench.planning.history import History
from rast_bench.planning.outline import OutlinedCell
from rast_bench.planning.placement import Card
from rast_bench.planning.quantities import count
from rast_bench.planning.settled import Devices, check_one_dtype, precision_note
from rast_bench.planning.work import CellWork, State, cell_work
from rast_bench.run.devices import check_workers

EFFECT_VARIANCE = 0.02  # ω²: effects that differ by 14 points (sd) from problem to problem
SAMPLE_VARIANCE = 1 / 6  # σ²: E[p(1 − p)] where accuracies spread evenly from 0 to 1


@dataclass(frozen=True)
class CellLine:
    """One cell of the command, in its order.

    Without a state an error hides it; with a state and without an id it is known from facts only.
    """

    title: str
    dataset: str
    cell_id: str | None
    group: int | None  # number of the engine group, from 1
    state: State | None
    wanted: int
    done: int
    missing: int


@dataclass(frozen=True)
class EffectLine:
    """The minimum detectable effect of a paired comparison on this data set, as a fraction."""

    dataset: str
    problems: int
    samples: int  # per problem, on both sides
    effect: float


@dataclass(frozen=True)
class PlanReport:
    assumptions: Assumptions
    cells: tuple[CellLine, ...]
    groups: tuple[GroupLine, ...]
    errors: tuple[PlanError, ...]
    notes: tuple[str, ...]
    effects: tuple[EffectLine, ...]
    disk_bytes: float
    disk_measured: bool  # from samples of the same data sets
    warnings: tuple[str, ...] = ()  # what only this machine lacks, and what was planned from facts
    downloads: Downloads | None = None
    distinct_cells: int | None = None  # by id; None: as many as `cells`

    @property
    def missing(self) -> int:
        return sum(cell.missing for cell in self.cells)

    @property
    def device_hours(self) -> float | None:
        """Total device-hours; None if the speed of a group with missing samples is unknown."""
        parts = [
            None if group.hours is None else group.hours * group.devices
            for group in self.groups
            if group.missing
        ]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    @property
    def least_device_hours(self) -> float | None:
        """As `device_hours`, at the lower end of every group's range."""
        if self.device_hours is None:
            return None
        return sum(
            group.devices * group.shortest_hours
            for group in self.groups
            if group.missing and group.shortest_hours is not None
        )


def build_report(jobs: Sequence[Job], ledger: Ledger, assumptions: Assumptions) -> PlanReport:
    """Plan all jobs of one command.

    Raises:
        LedgerError: the ledger cannot be read.
        ConfigError: there are more cells or samples than can be counted; other errors become
            `errors`.
    """
    cells = [cell for job in jobs for cell in job.cells]
    check_cell_count(len(cells))
    errors = PlanErrors(elsewhere=assumptions.gpu_memory is not None)
    _check_options(jobs, errors)
    planned = check_cells(cells, errors)
    readable = [item for item in planned if item is not None]
    with errors.collecting(len(cells)):
        check_retired(readable, ledger, jobs[0].options.grader)
    check_samples(item for item in readable if isinstance(item, PlannedCell))
    works = cell_work(readable, ledger)
    groups = group_cells(readable)
    devices = planned_devices(assumptions, jobs[0].launcher, errors)
    planner = GroupPlanner(History(ledger), assumptions, errors, devices)
    with errors.collecting(len(cells)):
        check_one_dtype(groups, planner.model)
    lines = [
        planner.line(number, group, [works[place] for place in group.indices])
        for number, group in enumerate(groups, start=1)
    ]
    disk, measured = planner.disk(works)
    models = planner.checkpoints()
    return PlanReport(
        assumptions=assumptions,
        cells=tuple(_cell_lines(cells, planned, works, groups)),
        groups=tuple(lines),
        errors=tuple(errors.all()),
        notes=(
            *_precision_notes(cells, devices),
            *eos_notes(list(dict.fromkeys(map(engine_key, cells)))),
        ),
        effects=tuple(_effects(readable)),
        disk_bytes=disk,
        disk_measured=measured,
        warnings=(*errors.warnings(), *_from_facts(readable, models)),
        downloads=downloads(models),
        distinct_cells=len({item.cell_id for item in readable})
        + sum(item is None for item in planned),
    )


def _from_facts(
    cells: Sequence[PlannedCell], models: Mapping[ModelRef, CheckpointSize | None]
) -> Iterable[str]:
    """Return what was planned from shipped facts, and how certain they are."""
    known = [known_model(ref) for ref, model in models.items() if model and model.source == "facts"]
    assumed = sum(one is not None and one.uncertain("shape") for one in known)
    outlined = [cell for cell in cells if isinstance(cell, OutlinedCell)]
    sets = dict.fromkeys(cell.cell.dataset.name for cell in outlined if cell.known is not None)
    parts = [count(len(known), "checkpoint")] if known else []
    parts += [f"{count(len(sets), 'data set')} ({', '.join(sets)})"] if sets else []
    if parts:
        doubt = f"; the shapes of {assumed} are assumed or from memory" if assumed else ""
        yield (
            f"not on this machine, planned by the facts that ship: {' and '.join(parts)}{doubt}; "
            "scripts/check_facts.py compares them with the hub"
        )
    for one in known:
        if one is not None and one.attention is not None:
            yield (
                f"{one.path}: its config.json asks for {one.attention} attention; whether vLLM "
                "starts with it on a GPU is untested"
            )
    if outlined:
        yield (
            f"ids of {count(len(outlined), 'cell')} are unknown until data sets and tokenizers are "
            "here; such cells count as new"
        )


def planned_devices(
    told: Assumptions, launcher: LauncherConfig | None, errors: PlanErrors
) -> Devices:
    """Return the card that the user names, else that of the launcher or this machine."""
    if told.gpu_memory is not None:
        return Card(int(told.gpu_memory * GIB), name=told.gpu)
    from rast_bench.run.devices import devices_of

    with errors.collecting():
        return devices_of(launcher)
    return None


def _precision_notes(cells: Sequence[CellConfig], devices: Devices) -> list[str]:
    note = precision_note(cells)
    return [] if note is None or devices is None else [note]


def _check_options(jobs: Sequence[Job], errors: PlanErrors) -> None:
    from rast_bench.code_tests.consent import check_code_execution
    from rast_bench.results.experiment import requested_measures

    for job in jobs:
        if job.options.experiment is not None:
            with errors.collecting(len(job.cells)):
                requested_measures(job.options.experiment)
        with errors.collecting(len(job.cells)):
            check_graders(name for cell in job.cells for name in cell.graders(job.options.grader))
        with errors.collecting(len(job.cells)):
            check_code_execution(
                job.cells,
                job.options.grader,
                allow_code_execution=job.options.allow_code_execution,
            )
        with errors.collecting(len(job.cells)):
            check_workers(job.cells, job.options)


def _cell_lines(
    cells: Sequence[CellConfig],
    planned: Sequence[PlannedCell | None],
    works: Sequence[CellWork],
    groups: Sequence[EngineGroup],
) -> Iterable[CellLine]:
    numbers = {place: i for i, group in enumerate(groups, start=1) for place in group.indices}
    readable = iter(enumerate(works))
    for cell, item in zip(cells, planned, strict=True):
        title, dataset = cell_title(cell), cell.dataset.name
        if item is None:
            yield CellLine(title, dataset, None, None, None, 0, 0, 0)
            continue
        place, work = next(readable)
        yield CellLine(
            title=title,
            dataset=dataset,
            cell_id=None if isinstance(item, OutlinedCell) else item.cell_id,
            group=numbers[place],
            state=work.state,
            wanted=work.wanted,
            done=work.done,
            missing=work.missing,
        )


def _effects(planned: Sequence[PlannedCell]) -> Iterable[EffectLine]:
    sizes = dict.fromkeys(
        (item.cell.dataset.name, len(item.problems), item.cell.decoding.samples_per_problem)
        for item in planned
    )
    for dataset, problems, samples in sizes:
        effect = minimum_detectable_effect(
            problems,
            samples,
            samples,
            effect_variance=EFFECT_VARIANCE,
            sample_variance_a=SAMPLE_VARIANCE,
            sample_variance_b=SAMPLE_VARIANCE,
        )
        yield EffectLine(dataset, problems, samples, effect)
