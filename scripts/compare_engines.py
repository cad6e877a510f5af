r"""Do two runs of an experiment agree within sampling error?

    python scripts/compare_engines.py experiment=tiny_table1 \
        --first engine=transformers --second engine=vllm,results_dir=/other/results

Overrides before the options belong to both runs, those after an option to one (commas between).
Both must be complete and graded. Every distinct cell with sampling gets a z score of its difference
in accuracy, problem by problem (rast_bench/metrics/agreement.py); greedy cells are compared text by
text. Exit code 1 when the judgement's p-value is below --alpha.
"""

import argparse
import sys
from collections.abc import Sequence

from rast_bench.config.frontend import job_of_overrides
from rast_bench.errors import RastBenchError
from rast_bench.grading import graders_of
from rast_bench.ledger import Ledger
from rast_bench.metrics.agreement import agreement_z, judge
from rast_bench.metrics.outcomes import CellOutcome, load_outcome
from rast_bench.pipeline import plan_jobs
from rast_bench.planning.cells import PlannedCell, cell_title

Run = list[tuple[PlannedCell, CellOutcome]]


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    try:
        first, second = (load(options.overrides + own) for own in (options.first, options.second))
    except RastBenchError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code
    print("| cell | first | second | difference, points | z |\n|---|---:|---:|---:|---:|")
    scores, same, greedy = [], 0, 0
    for (planned, ours), (_, theirs) in zip(first, second, strict=True):
        if planned.cell.decoding.greedy:
            same += int((ours.texts == theirs.texts).sum())
            greedy += ours.texts.size
        z = agreement_z(ours.correct, theirs.correct)
        if z is not None and not planned.cell.decoding.greedy:
            scores.append(z)
        print(line(planned, ours, theirs, None if planned.cell.decoding.greedy else z))
    judgement = judge(scores)
    print(
        f"\n{judgement.cells} sampled cells: Σ z² = {judgement.chi_square:.1f}, "
        f"p = {judgement.p_value:.3f}; largest |z| = {judgement.largest:.2f}, "
        f"p among all = {judgement.largest_p_value:.3f}"
    )
    if greedy:
        print(f"greedy cells: {same:,} of {greedy:,} texts are equal ({same / greedy:.2%})")
    return int(min(judgement.p_value, judgement.largest_p_value) < options.alpha)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("overrides", nargs="+", help="of both runs, experiment=… among them")
    for name in ("--first", "--second"):
        parser.add_argument(name, type=lambda text: text.split(","), default=[], required=True)
    parser.add_argument("--alpha", type=float, default=0.001)
    return parser.parse_args(arguments)


def load(overrides: list[str]) -> Run:
    """Return the distinct cells of an experiment with their outcomes, in order."""
    job = job_of_overrides(overrides)
    ledger = Ledger(job.options.results_dir)
    planned = {(cell.cell_id, cell.wanted): cell for cell in plan_jobs([job])[0].planned}
    return [
        (cell, load_outcome(cell, ledger, graders_of(cell.cell, job.options.grader)[0]))
        for cell in planned.values()
    ]


def line(planned: PlannedCell, ours: CellOutcome, theirs: CellOutcome, z: float | None) -> str:
    rates = [100 * outcome.correct.mean() for outcome in (ours, theirs)]
    score = "" if z is None else f"{z:+.2f}"
    title = cell_title(planned.cell)
    if planned.cell.decoding.greedy:
        title += ", greedy"
    return f"| {title} | {rates[0]:.2f} | {rates[1]:.2f} | {rates[0] - rates[1]:+.2f} | {score} |"


if __name__ == "__main__":
    raise SystemExit(main())
