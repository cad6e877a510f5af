"""An experiment's numbers as interactive charts, with their data and a text that says the same.

One list for the viewer's page and for trackers. What the figures of `experiment_figures` show is
among them, and what every experiment has: accuracies, recovery rates, pass@k, lengths.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rast_bench.reporting.analysis_figures import similarity_points
from rast_bench.reporting.cost_figure import COSTS, cost_scale, costs_and_accuracies
from rast_bench.reporting.figure_style import PALETTE
from rast_bench.reporting.heat_maps import HeatMap, colour_range
from rast_bench.reporting.index import NEAR_BEST_TEST, grids_of
from rast_bench.reporting.numbers import decimal
from rast_bench.reporting.stems import file_stem
from rast_bench.reporting.vega import Spec, bars, curves, heat_map, points
from rast_bench.results.intervals import interval_of
from rast_bench.results.registry import (
    ACCURACY,
    BEHAVIOURS,
    LENGTH,
    MAJORITY_AT_K,
    MEAN_ACCURACY,
    PASS_AT_K,
    PCR,
    RECOVERY,
    WEIGHTS_READ,
)
from rast_bench.results.result import ROLE_ORDER, Measure, Result

Kind = Literal["bars", "curves", "points", "map"]
Row = dict[str, Any]

REFERENCE_COLOURS = {"base": "#6B6B6B", "ceiling": "#8A63B8"}
"""Readable on white and on black, unlike the ink of a printed figure."""

SAID = 24  # numbers that a text alternative lists; of more it says the ends
KS_PER_DOUBLING = 4  # points of a curve over k
RECOVERY_AXIS = (-50.0, 150.0)  # percent; an interval may reach to anywhere


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        id: Letters, digits, `_` and `-`; unique in the list.
        measure: What is drawn.
        place: The section or the grid; empty for a chart of all.
        alt: A text alternative: the numbers, in a sentence or two.
        spec: Vega-Lite 6, with its data; as wide as its container, and without a title.
    """

    id: str
    kind: Kind
    measure: Measure
    place: str
    title: str
    alt: str
    spec: Spec

    @property
    def rows(self) -> list[Row]:
        """The data: what `vega` says of each kind."""
        rows: list[Row] = self.spec["data"]["values"]
        return rows


def charts(results: Sequence[Result]) -> list[Chart]:
    """Return the charts of an experiment or a sweep, in the order of a page.

    What has no number, neither ours nor a published one, is not drawn.
    """
    rows = [one for one in results if one.grid is None and one.dataset is not None]
    made = _Charts()
    for section in dict.fromkeys(one.section for one in rows):
        own = sorted(
            (one for one in rows if one.section == section and one.value.main),
            key=lambda one: ROLE_ORDER.index(one.role),
        )
        made.section(section, own)
    for grid in dict.fromkeys(one.grid for one in results if one.grid is not None):
        made.grid([one for one in results if one.grid == grid and one.measure == ACCURACY])
    for section in dict.fromkeys(one.section for one in results if one.measure == WEIGHTS_READ):
        for measure in COSTS:
            made.cost(section, results, measure)
    made.maps(results)
    made.similarity(results)
    return list(made.found.values())


class _Charts:
    def __init__(self) -> None:
        self.found: dict[str, Chart] = {}

    def section(self, section: str, results: Sequence[Result]) -> None:
        """Add what there is of the rows of one section."""
        self._bars("accuracy", section, results, ACCURACY, "accuracy")
        self._bars("recovery", section, results, RECOVERY, "recovery rate", RECOVERY_AXIS)
        for measure in (PASS_AT_K, MAJORITY_AT_K):
            for dataset in dict.fromkeys(str(one.dataset) for one in results):
                self._k_curves(section, dataset, _of(results, measure, dataset))
        self._against_length(section, results)
        self._bars("length", section, results, LENGTH, "response length")
        for lemmas, measure in BEHAVIOURS.items():
            self._bars(f"behaviour-{lemmas}", section, results, measure, measure.name)
        self._bars("path_coverage", section, results, PCR, "path coverage rate")

    def grid(self, accuracies: Sequence[Result]) -> None:
        """Add accuracy against λ and against τ, where a grid has several of them."""
        for dataset in dict.fromkeys(str(one.dataset) for one in accuracies):
            members = _of(accuracies, ACCURACY, dataset)
            axes = {
                "lambda": ("λ", _lambda, "τ", _temperature),
                "temperature": ("τ", _temperature, "λ", _lambda),
            }
            for name, (sign, x_of, other, series_of) in axes.items():
                if len({x_of(one) for one in members}) < 2:
                    continue
                rows = [
                    {"row": f"{other} = {series_of(one):g}", "x": x_of(one), **row}
                    for one in sorted(members, key=lambda one: (series_of(one), x_of(one)))
                    for row in _numbers(one)
                ]
                if not rows:
                    continue
                grid = str(members[0].grid)
                self._add(
                    (name, grid, dataset),
                    "curves",
                    ACCURACY,
                    grid,
                    f"Accuracy against {sign}: {grid} on {dataset}",
                    _curves_text(rows, sign),
                    curves(rows, sign, _unit(ACCURACY), _series_colours(rows)),
                )

    def cost(self, section: str, results: Sequence[Result], measure: Measure) -> None:
        """Add mean accuracy against bytes of weights or FLOPs per token."""
        pairs = costs_and_accuracies(section, results, measure)
        if len(pairs) < 2:
            return
        scale = cost_scale(measure, [cost for cost, _ in pairs])
        rows: list[Row] = []
        for cost, accuracy in pairs:
            x = (cost.estimate or 0.0) / scale.size
            place: Row = {"group": "mean", "row": accuracy.row, "x": _short(x)}
            rows.append({**place, "x_text": f"{x:.3g}", **_ours(accuracy)})
        said = [f"{row['row']}: {_said(row, ' %')} at {row['x_text']}" for row in rows]
        self._add(
            ("accuracy_and_cost", section, measure.name),
            "points",
            MEAN_ACCURACY,
            section,
            f"Accuracy against {scale.unit}: {section}",
            _listed("Mean accuracies", said),
            points(rows, scale.unit, _unit(MEAN_ACCURACY), _colours(one for _, one in pairs)),
        )

    def maps(self, results: Sequence[Result]) -> None:
        """Add a heat map of every grid over both λ and τ, the published one beside ours."""
        ours = {(grid.label, grid.dataset): grid for grid in grids_of(results)}
        places: dict[tuple[str, str], list[Result]] = {}
        for one in results:
            if one.grid is not None and one.measure == ACCURACY:
                places.setdefault((one.grid, str(one.dataset)), []).append(one)
        for (label, dataset), members in places.items():
            if min(len(set(map(_lambda, members))), len(set(map(_temperature, members)))) < 2:
                continue
            grid = ours.get((label, dataset))
            maps = {"": [one for one in members if one.estimate is not None]}
            maps["published"] = [one for one in members if one.published]
            drawn = {
                name: {(_lambda(one), _temperature(one)): _point(one, name) for one in found}
                for name, found in maps.items()
                if found
            }
            if not drawn:
                continue
            ends = colour_range([HeatMap("", values) for values in drawn.values()])
            for name, values in drawn.items():
                near = grid.near_best if grid and not name else None
                title = f"Accuracy over λ and τ: {label} on {dataset}"
                rows = [_map_row(place, *number, near) for place, number in values.items()]
                self._add(
                    ("map", label, dataset, name),
                    "map",
                    ACCURACY,
                    label,
                    f"{title} ({name})" if name else title,
                    _map_text(rows, framed=near is not None),
                    heat_map(rows, _unit(ACCURACY), ends),
                )

    def similarity(self, results: Sequence[Result]) -> None:
        """Add the recovery rate against the cosine of ΔR (figure 4)."""
        rows: list[Row] = []
        for point in similarity_points([one for one in results if one.requested]):
            name = {"group": point.section, "row": point.label}
            if point.ours:
                cosine, rate = point.ours
                row: Row = {**name, "x": _short(cosine.value), "x_text": decimal(cosine.value, 3)}
                row |= {"value": _short(rate.value), "text": decimal(rate.value, 1)}
                rows.append(row)
            if point.published:
                x, y = point.published
                row = {**name, "x": x, "x_text": f"{x:g}", "published": y}
                rows.append(row | {"text": f"{y:g} (published)"})
        if rows:
            said = [f"{row['row']}: cosine {row['x_text']}, {_said(row, ' %')}" for row in rows]
            self._add(
                ("similarity",),
                "points",
                RECOVERY,
                "",
                "Recovery rate against the cosine of ΔR",
                _listed("Recovery rates", said),
                points(rows, "cosine similarity of ΔR", _unit(RECOVERY), _series_colours(rows)),
            )

    def _bars(
        self,
        name: str,
        section: str,
        results: Sequence[Result],
        measure: Measure,
        words: str,
        domain: tuple[float, float] | None = None,
    ) -> None:
        members = [one for one in results if one.measure == measure]
        rows = [
            {"group": str(one.dataset), "row": one.row, **row}
            for one in members
            for row in _numbers(one)
        ]
        if not any(row.get("value") or row.get("published") for row in rows):
            return
        title = f"{words[0].upper()}{words[1:]}: {section}"
        self._add(
            (name, section),
            "bars",
            measure,
            section,
            title,
            _bars_text(rows, _sign(measure)),
            bars(rows, _unit(measure), _colours(members), domain=domain),
        )

    def _k_curves(self, section: str, dataset: str, members: Sequence[Result]) -> None:
        """Add a rate at k against k, if any row has several samples per problem."""
        drawn = _thinned(members)
        rows = [{"row": one.row, "x": one.k, **row} for one in drawn for row in _numbers(one)]
        if len({row["x"] for row in rows}) < 2:
            return
        measure = members[0].measure
        self._add(
            (measure.name.replace("@", "_at_"), section, dataset),
            "curves",
            measure,
            section,
            f"{measure.name}: {section} on {dataset}",
            _curves_text(rows, "k"),
            curves(rows, "k (samples per problem)", _unit(measure), _colours(drawn), log=True),
        )

    def _against_length(self, section: str, results: Sequence[Result]) -> None:
        lengths = {
            (one.row, one.dataset): one
            for one in results
            if one.measure == LENGTH and one.estimate is not None
        }
        rows = [
            {
                "group": str(one.dataset),
                "row": one.row,
                "x": _short(length.estimate or 0.0),
                "x_text": decimal(length.estimate or 0.0, LENGTH.decimals),
                **_ours(one),
            }
            for one in results
            if one.measure == ACCURACY
            and one.estimate is not None
            and (length := lengths.get((one.row, one.dataset)))
        ]
        if len(rows) < 2:
            return
        members = [one for one in results if one.measure == ACCURACY]
        said = [
            f"{row['row']} on {row['group']}: {_said(row, ' %')} with {row['x_text']} tokens"
            for row in rows
        ]
        self._add(
            ("accuracy_and_length", section),
            "points",
            ACCURACY,
            section,
            f"Accuracy against response length: {section}",
            _listed("Accuracies", said),
            points(rows, "tokens per response", _unit(ACCURACY), _colours(members)),
        )

    def _add(
        self,
        stem: Sequence[str],
        kind: Kind,
        measure: Measure,
        place: str,
        title: str,
        alt: str,
        spec: Spec,
    ) -> None:
        id_ = file_stem(self.found, *stem)
        spec = {**spec, "description": f"{title}. {alt}"}
        self.found[id_] = Chart(id_, kind, measure, place, title, alt, spec)


def _of(results: Iterable[Result], measure: Measure, dataset: str) -> list[Result]:
    return [one for one in results if one.measure == measure and str(one.dataset) == dataset]


def _lambda(result: Result) -> float:
    return result.lambda_ or 0.0


def _temperature(result: Result) -> float:
    return result.temperature or 0.0


# Numbers.


def _numbers(result: Result) -> list[Row]:
    """Return the fields of our number and of the published ones, each of which is a row."""
    found = [] if result.estimate is None else [_ours(result)]
    return found + [
        {"published": float(one.value), "text": f"{one.value} ({one.source})"}
        for one in result.published
    ]


def _ours(result: Result) -> Row:
    measure, (low, high) = result.measure, interval_of(result)
    value = measure.scale * (result.estimate or 0.0)
    text = decimal(value, measure.decimals)
    row: Row = {"value": _short(value)}
    if low is not None and high is not None:
        row |= {"low": _short(measure.scale * low), "high": _short(measure.scale * high)}
        text += (
            f" [{decimal(row['low'], measure.decimals)}, {decimal(row['high'], measure.decimals)}]"
        )
    elif result.status != "measured":
        text += f" ({result.status})"
    return {**row, "text": text}


def _short(number: float) -> float:
    """Return the number with six digits: a page holds thousands of them."""
    return float(f"{number:.6g}")


def _thinned(results: Sequence[Result]) -> list[Result]:
    """Return the results at a few k for each doubling, at the last and at the published ones."""
    lasts: dict[str, int] = {}
    for one in results:
        lasts[one.row] = max(lasts.get(one.row, 0), one.k or 0)
    steps = range(KS_PER_DOUBLING * max(lasts.values(), default=0).bit_length())
    kept = {round(2 ** (step / KS_PER_DOUBLING)) for step in steps}
    return [one for one in results if one.k in kept or one.k == lasts[one.row] or one.published]


def _point(result: Result, name: str) -> tuple[float, float | None]:
    if name:
        return float(result.published[0].value), None
    error = result.standard_error
    return 100 * (result.estimate or 0.0), None if error is None else 100 * error


def _map_row(
    place: tuple[float, float],
    value: float,
    error: float | None,
    near_best: Callable[[tuple[float, float]], bool] | None,
) -> Row:
    label = decimal(value, 1)
    return {
        "lambda": place[0],
        "temperature": place[1],
        "value": _short(value),
        "label": label,
        "text": label if error is None else f"{label} ± {decimal(error, 1)}",
        "framed": near_best is not None and near_best(place),
    }


# Words and colours.


def _unit(measure: Measure) -> str:
    name = "PCR" if measure == PCR else measure.name
    units = {"fraction": f"{name} (%)", "occurrences": f"{name} (per response)"}
    return units.get(measure.unit, measure.unit)


def _sign(measure: Measure) -> str:
    return " %" if measure.unit == "fraction" else ""


def _colours(results: Iterable[Result]) -> dict[str, str]:
    """Return the colour of each row, in the order of the rows."""
    roles = {one.row: one.role for one in results}
    others = iter(_palette(len(roles)))
    return {row: REFERENCE_COLOURS.get(role) or next(others) for row, role in roles.items()}


def _series_colours(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    names = dict.fromkeys(str(row["row"]) for row in rows)
    return dict(zip(names, _palette(len(names)), strict=True))


def _palette(count: int) -> list[str]:
    """Return the colours of the figures, for a second pass lighter, for a third one darker."""
    shades = ((0.0, 255), (0.5, 255), (0.45, 0))
    colours = []
    for place in range(count):
        rounds, own = divmod(place, len(PALETTE))
        share, end = shades[rounds % len(shades)]
        parts = (int(PALETTE[own][start : start + 2], 16) for start in (1, 3, 5))
        colours.append("#" + "".join(f"{round(p + share * (end - p)):02X}" for p in parts))
    return colours


def _bars_text(rows: Sequence[Row], sign: str) -> str:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    if len(rows) <= SAID:
        said = [
            f"on {group} " + ", ".join(f"{row['row']} {_said(row, sign)}" for row in members)
            for group, members in groups.items()
        ]
        intervals = any("low" in row for row in rows)
        return _listed("With 95 % intervals" if intervals else f"{len(rows)} numbers", said)
    said = []
    for group, members in groups.items():
        ours = [row for row in members if "value" in row] or members
        ends = [pick(ours, key=_height) for pick in (min, max)]
        said.append(
            f"on {group} from {ends[0]['row']} {_said(ends[0], sign)} "
            f"to {ends[1]['row']} {_said(ends[1], sign)}"
        )
    return _listed(f"{len(rows)} numbers", said)


def _said(row: Mapping[str, Any], sign: str) -> str:
    """Return `50.0 % [17.5, 82.5]`: a row's text with the sign after the number."""
    number, space, rest = str(row["text"]).partition(" ")
    return f"{number}{sign}{space}{rest}"


def _curves_text(rows: Sequence[Row], sign: str) -> str:
    lines: dict[str, list[Row]] = {}
    for row in rows:
        name = row["row"] if "value" in row else f"{row['row']} (published)"
        lines.setdefault(name, []).append(row)
    said = []
    for name, members in lines.items():
        first, last = members[0], members[-1]
        text = f"{name} {decimal(_height(first), 1)} % at {sign} = {first['x']:g}"
        if last is not first:
            text += f", {decimal(_height(last), 1)} % at {sign} = {last['x']:g}"
        said.append(text)
    return _listed("First and last points", said)


def _map_text(rows: Sequence[Row], *, framed: bool) -> str:
    ends = [pick(rows, key=_height) for pick in (max, min)]
    said = [
        f"{word} {_said(row, ' %')} at λ = {row['lambda']:g}, τ = {row['temperature']:g}"
        for word, row in zip(("highest", "lowest"), ends, strict=True)
    ]
    text = _listed(f"{len(rows)} cells", said)
    if framed:
        text += f" Framed: not significantly below the highest ({NEAR_BEST_TEST})."
    return text


def _height(row: Mapping[str, Any]) -> float:
    return float(row["value"] if "value" in row else row["published"])


def _listed(what: str, said: Sequence[str]) -> str:
    shown = list(said[:SAID])
    if len(said) > SAID:
        shown.append(f"and {len(said) - SAID} more")
    return f"{what}: {'; '.join(shown)}."
