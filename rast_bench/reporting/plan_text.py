"""A plan as text, at most 100 columns wide if names allow it."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from rast_bench.compose.methods import EQUATION_3, find_method
from rast_bench.planning.estimate import BYTES_A_SAMPLE, BYTES_A_TOKEN
from rast_bench.planning.groups import CardFit, GroupLine
from rast_bench.planning.quantities import amount, count, hours_text, size_text
from rast_bench.reporting.plan_footnotes import bullet, footnotes, wrapped
from rast_bench.reporting.plan_report import EFFECT_VARIANCE, PlanReport

CELLS_SHOWN = 40  # more are counted by engine group only; --json has them all


def render_plan(report: PlanReport) -> str:
    """Return the whole plan, with a newline at the end."""
    parts = (_overview, _cells, _groups, _cards, _totals, _effects, _notes, _errors)
    texts = ("\n".join(part(report)) for part in parts)
    return "\n\n".join(text for text in texts if text) + "\n"


def _overview(report: PlanReport) -> Iterator[str]:
    states = [cell.state or "blocked" for cell in report.cells]
    counts = [
        f"{states.count(state):,} {state}"
        for state in ("complete", "partial", "new", "blocked")
        if state in states
    ]
    distinct = report.distinct_cells
    same = "" if distinct in (None, len(report.cells)) else f" ({distinct:,} different)"
    text = (
        f"{count(len(report.cells), 'cell')}{same} in {count(len(report.groups), 'engine group')}: "
        f"{', '.join(counts)}; {count(report.missing, 'sample')} to make"
    )
    yield from wrapped(text, "", "  ")


def _cells(report: PlanReport) -> Iterator[str]:
    if len(report.cells) > CELLS_SHOWN:
        return
    yield f"{'cell':<16}  {'state':<8}  {'to make':>9}  {'of':>9}  group"
    for cell in report.cells:
        if cell.state is None:
            yield f"{'–':<16}  {'blocked':<8}  {'–':>9}  {'–':>9}  {'–':>5}  {cell.title}"
        else:
            yield (
                f"{cell.cell_id or 'id not known yet':<16}  {cell.state:<8}  {cell.missing:>9,}  "
                f"{cell.wanted:>9,}  {cell.group:>5}  {cell.title}"
            )


def _groups(report: PlanReport) -> Iterator[str]:
    if not report.groups:
        return
    yield (
        f"{'group':>5}  {'new/part/done':>13}  {'to make':>9}  {'tokens':>15}  {'time':>15}  "
        f"{'weights':>9}  {'a token':>9}  fits"
    )
    for group in report.groups:
        yield _numbers(group)
        yield from wrapped(_engine(group), " " * 7, " " * 9)
    yield from footnotes(report)


def _numbers(group: GroupLine) -> str:
    memory = group.memory
    states = "/".join(f"{group.states.get(state, 0)}" for state in ("new", "partial", "complete"))
    return (
        f"{group.number:>5}  {states:>13}  {group.missing:>9,}  {_tokens(group):>15}  "
        f"{_time(group):>15}  {size_text(memory.weights) if memory else '?':>9}  "
        f"{size_text(memory.cache_per_token) if memory else '?':>9}  {_fit(group)}"
    )


def _tokens(group: GroupLine) -> str:
    if not group.missing:
        return "–"
    return _between(group.work.least_tokens, group.work.tokens, amount)


def _time(group: GroupLine) -> str:
    if not group.missing:
        return "–"
    if group.hours is None or group.shortest_hours is None:
        return "?"
    return _between(group.shortest_hours, group.hours, hours_text)


def _between(least: float, most: float, text: Callable[[float], str]) -> str:
    """Return `5 M`, `3 M–5 M` or `≤ 5 M`."""
    if least == 0 < most:
        return f"≤ {text(most)}"
    return text(most) if text(least) == text(most) else f"{text(least)}–{text(most)}"


def _fit(group: GroupLine) -> str:
    if group.fit is None:
        return "?"
    if group.fit.verdict == "too large":
        return "NO"
    if group.fit.verdict == "fits":
        return "yes"
    return count(group.fit.rows, "row")


def _engine(group: GroupLine) -> str:
    """Return what is loaded, and for which batch."""
    text = f"{group.engine} {group.dtype}"
    if group.devices > 1:
        text += f" on {group.devices} devices"
    if group.memory is not None:
        text += f", {group.memory.rows:,} rows × {group.memory.length:,} tokens"
    method = find_method(group.method)
    text += f": {group.main}" if method.name == EQUATION_3 else f": {method.name} of {group.main}"
    for rl, base, weight in group.pairs:
        if method.several_pairs:
            factor = "" if abs(weight) == 1 else f"{abs(weight):g} · "
            text += f" {'−' if weight < 0 else '+'} {factor}({rl} − {base})"
        else:
            read = {"rl": rl, "base": base}
            text += "".join(f" and {read[role]}" for role in method.roles)
    return text + (", shuffled" if group.shuffled else "")


def _cards(report: PlanReport) -> Iterator[str]:
    """Yield for every group the smallest size on common cards, and its capacity."""
    groups = [group for group in report.groups if group.cards]
    if not groups:
        return
    names = [found.card for found in groups[0].cards]
    yield "on other cards: devices per engine, and how many rows of full length they hold"
    yield f"{'group':>5}" + "".join(f"  {name:>12}" for name in names)
    for group in groups:
        yield f"{group.number:>5}" + "".join(f"  {_on_card(group, one):>12}" for one in group.cards)


def _on_card(group: GroupLine, found: CardFit) -> str:
    if found.devices is None:
        return "no"
    most = group.memory.rows if group.memory else found.rows
    rows = f"≥ {most}" if found.rows >= most else f"{found.rows}"
    return f"{found.devices}: {rows}"


def _totals(report: PlanReport) -> Iterator[str]:
    yield from _download(report)
    if not report.missing:
        return
    bound = "at most " if any(group.work.at_most for group in report.groups) else ""
    total, least = report.device_hours, report.least_device_hours
    tokens = sum(group.work.tokens for group in report.groups)
    least_tokens = sum(group.work.least_tokens for group in report.groups)
    yield f"tokens to make  {_range(least_tokens, tokens, amount)}"
    time = "unknown"
    if total is not None and least is not None:
        time = f"{_range(least, total, hours_text)} of one device"
    yield f"time            {time}"
    source = (
        "measured on stored samples of the same data sets"
        if report.disk_measured
        else f"assuming {BYTES_A_SAMPLE} bytes per sample and {BYTES_A_TOKEN} per token where none "
        "is stored"
    )
    disk = f"{bound}{size_text(report.disk_bytes)} ({source})"
    yield from wrapped(f"disk            {disk}", "", " " * 16)


def _range(least: float, most: float, text: Callable[[float], str]) -> str:
    return f"at most {text(most)}" if least == 0 < most else _between(least, most, text)


def _download(report: PlanReport) -> Iterator[str]:
    found = report.downloads
    if found is None or not (found.checkpoints or found.unknown):
        return
    text = f"{found.bytes / 1e9:,.1f} GB in {count(found.checkpoints, 'checkpoint')} of the hub"
    if found.cached:
        text += f", of which {found.cached_bytes / 1e9:,.1f} GB in {found.cached} are cached"
    if found.unknown:
        text += f"; size unknown: {', '.join(found.unknown)}"
    yield from wrapped(f"download        {text}", "", " " * 16)


def _effects(report: PlanReport) -> Iterator[str]:
    if not report.effects:
        return
    yield "minimum detectable effect between two cells (paired, two-sided 5 %, power 80 %)"
    by_size: defaultdict[tuple[int, int, float], list[str]] = defaultdict(list)
    for line in report.effects:
        by_size[line.problems, line.samples, line.effect].append(line.dataset)
    for (problems, samples, effect), datasets in by_size.items():
        size = f"{count(problems, 'problem')} × {count(samples, 'sample')}"
        head = f"  {100 * effect:>5.1f} points  {size:<28}"
        yield from wrapped(f"{head}  {', '.join(datasets)}", "", " " * 45)
    yield from bullet(
        "assumes accuracies that spread evenly over the problems (σ² = 1/6), and a difference that "
        f"varies over problems with a standard deviation of 14 points (ω² = {EFFECT_VARIANCE:g})"
    )


def _notes(report: PlanReport) -> Iterator[str]:
    for warning in report.warnings:
        yield from wrapped(f"warning: {warning}", "", "  ")
    for note in report.notes:
        yield from wrapped(f"note: {note}", "", "  ")


def _errors(report: PlanReport) -> Iterator[str]:
    if not report.errors:
        return
    yield f"{count(len(report.errors), 'problem')} to solve before the run:"
    for error in report.errors:
        yield from wrapped(f"error: {error.message} ({count(error.cells, 'cell')})", "", "  ")
        if error.hint:
            yield from wrapped(f"hint: {error.hint}", "  ", "    ")
