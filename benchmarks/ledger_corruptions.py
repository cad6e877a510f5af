r"""What becomes of a ledger that was damaged or tampered with, in every way of a list.

    python benchmarks/ledger_corruptions.py --out results/bench/ledger_corruptions.json

Two cells of the tiny family, with made-up responses, are run, graded and printed. Then, for every
corruption, in a fresh copy of the results folder: `verify` must find it (and find nothing any more
after the next run), and the same command must print the same table, both after `verify` and, in
another copy, without it. A Markdown table goes to stdout. Exit code 1: one of these does not hold.
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

from command_line import Result, make_parser, read_options, run_benchmark
from corruptions.damage import CORRUPTIONS, Corruption, Place
from corruptions.permissions import without_override

from rast_bench.config.engines import EngineConfig
from rast_bench.config.frontend import jobs_of_command_line
from rast_bench.config.identity import EngineKey
from rast_bench.domain import Request, Sample
from rast_bench.ledger import Ledger
from rast_bench.ledger.verify import verify
from rast_bench.pipeline import PlannedJob, grade_planned, plan_jobs, shared_options
from rast_bench.provenance import environment, now
from rast_bench.reporting.sweeps import cells_report
from rast_bench.run.direct import run_cells

GRADERS = ("boxed-1", "simplerl-1")
WORDS = (
    "base_model=tiny-s",
    "delta=none",
    "method=base",
    "dataset=tiny-easy",
    "dataset.limit=6",
    "dataset.graders=[boxed-1,simplerl-1]",
    "decoding.n=4",
    "decoding.temperature=0.5,1.0",
    "--multirun",
)
EXIT_NOT_FOUND = 1


@dataclass(frozen=True)
class Outcome:
    """What became of one corruption. `line`: what `verify` said of it first."""

    name: str
    found: bool  # by verify
    repaired: bool  # verify, then the command: the same table, and nothing left to be found
    repaired_alone: bool  # the command without verify: the same table
    line: str


class MadeUpEngine:
    """Every response follows from its seed: one in two is `\\boxed{seed % 7}`."""

    def __init__(self, _key: EngineKey, _config: EngineConfig) -> None:
        pass

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for request in requests:
            number = request.seed % 7
            text = f"It is \\boxed{{{number}}}." if request.seed % 2 else "I do not know."
            yield Sample(
                key=request.key,
                seed=request.seed,
                prompt_sha256=hashlib.sha256(request.prompt.encode()).hexdigest(),
                token_ids=tuple(text.encode()),
                text=text,
                finish_reason="eos",
            )

    def score(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError

    def close(self) -> None:
        pass


class World:
    """The command, planned once; `run` is what it does with a results folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pristine = folder / "pristine"
        jobs = jobs_of_command_line([*WORDS, f"results_dir={self.pristine}"])
        assert jobs is not None
        self._planned: list[PlannedJob] = plan_jobs(jobs)
        self._options = shared_options(jobs)
        self._copies = 0
        self.table = self.run(self.pristine)

    def run(self, results: Path) -> str:
        """Return the table."""
        cells = [cell for item in self._planned for cell in item.planned]
        ledger = Ledger(results)
        summary = run_cells(cells, ledger, load_engine=MadeUpEngine)
        assert not summary.failures, summary.render_failures()
        grade_planned(cells, ledger, self._options)
        return cells_report(cells, ledger, self._options.grader).terminal

    def try_out(self, corruption: Corruption) -> Outcome:
        with without_override(), redirect_stderr(StringIO()) as told:
            results = self._damaged(corruption)
            found = verify(Ledger(results))
            repaired = self.run(results) == self.table and not verify(Ledger(results)).corruptions
            alone = self.run(self._damaged(corruption)) == self.table
        lines = told.getvalue().replace(str(self._folder), "").splitlines()
        return Outcome(
            name=corruption.name,
            found=bool(found.corruptions),
            repaired=repaired,
            repaired_alone=alone,
            line=lines[0] if lines else "",
        )

    def _damaged(self, corruption: Corruption) -> Path:
        self._copies += 1
        results = self._folder / f"copy-{self._copies}"
        shutil.copytree(self.pristine, results)
        corruption.damage(Place(results / "ledger", GRADERS))
        return results


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="corruptions-") as folder:
        return run_benchmark(
            lambda: campaign(options, Path(folder).resolve()), render, options.out, exit_code
        )


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    return read_options(make_parser(__doc__), arguments, __file__)


def campaign(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    world = World(folder)
    outcomes = []
    for corruption in CORRUPTIONS:
        outcomes.append(world.try_out(corruption))
        print(outcomes[-1].line, file=sys.stderr)
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment(),
        "corruptions": len(outcomes),
        "found": sum(one.found for one in outcomes),
        "repaired": sum(one.repaired for one in outcomes),
        "repaired_alone": sum(one.repaired_alone for one in outcomes),
        "outcomes": [asdict(one) for one in outcomes],
    }


def exit_code(result: Result) -> int:
    counts = {result[key] for key in ("corruptions", "found", "repaired", "repaired_alone")}
    return 0 if len(counts) == 1 else EXIT_NOT_FOUND


def render(result: Result) -> str:
    """Markdown: a row per corruption."""
    words = {True: "yes", False: "**no**"}
    lines = ["| corruption | found | repaired | without verify |", "|---|---|---|---|"]
    for one in result["outcomes"]:
        marks = (words[one[key]] for key in ("found", "repaired", "repaired_alone"))
        lines.append(f"| {one['name']} | {' | '.join(marks)} |")
    lines.append("")
    lines.append(
        f"{result['found']} of {result['corruptions']} found by verify, {result['repaired']} "
        f"repaired after it, {result['repaired_alone']} by the command alone"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
