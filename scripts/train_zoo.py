"""Regenerate a tiny family from its seed: `python scripts/train_zoo.py [--family piles]`.

Two workers with one thread each keep two cores busy. Interrupt it at any time: finished stages are
kept in the work folder and the same command goes on with the rest.
"""

import argparse
import multiprocessing as mp
import shutil
import sys
from multiprocessing.queues import Queue
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from rast_bench.zoo import build
from rast_bench.zoo.recipe import FAMILIES, Recipe, smoke

PLAIN_EVERY = 50  # steps between progress lines when stderr is no terminal
Event = tuple[str, int, int, str]  # stage, step, steps, words; steps = 0: ended, words = error


def work(stage: str, recipe: Recipe, folders: build.Folders, events: "Queue[Event]") -> None:
    try:
        build.run_stage(
            stage, recipe, folders, lambda s, n, words: events.put((stage, s, n, words))
        )
        events.put((stage, 0, 0, ""))
    except Exception as error:
        events.put((stage, 0, 0, repr(error)))
        raise


class Display:
    """A bar a stage on a terminal; a line every PLAIN_EVERY steps elsewhere. All on stderr."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description:16}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[words]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.tasks: dict[str, int] = {}

    def step(self, stage: str, step: int, steps: int, words: str) -> None:
        if self.console.is_terminal:
            if stage not in self.tasks:
                self.tasks[stage] = self.progress.add_task(stage, total=steps, words="")
            self.progress.update(self.tasks[stage], completed=step, words=words)  # type: ignore[arg-type]
        elif step % PLAIN_EVERY == 0 or step == steps:
            print(f"{stage} {step}/{steps} {words}", file=sys.stderr, flush=True)


def train_all(recipe: Recipe, folders: build.Folders, workers: int) -> None:
    """Run the stages as their needs are met, `workers` at a time. SystemExit if one fails."""
    context = mp.get_context("spawn")
    events: Queue[Event] = context.Queue()
    running: dict[str, mp.process.BaseProcess] = {}
    done: list[str] = []
    display = Display()
    everything = len(build.stages(recipe))
    with display.progress:
        while len(done) < everything:
            ready = [s for s in build.pending(recipe, done) if s not in running]
            for stage in ready[: workers - len(running)]:
                process = context.Process(
                    target=work, args=(stage, recipe, folders, events), daemon=True
                )
                process.start()
                running[stage] = process
            stage, step, steps, words = events.get()
            if steps:
                display.step(stage, step, steps, words)
                continue
            running.pop(stage).join()
            if words:
                raise SystemExit(f"error: stage {stage} failed: {words}")
            print(f"{stage} done", file=sys.stderr, flush=True)
            done.append(stage)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--family", choices=FAMILIES, default="dials", help="dials: dial-* (default), piles: tiny-*"
    )
    parser.add_argument("--out", type=Path, help="where weights/ and data/ go")
    parser.add_argument("--work", type=Path, help="state for resuming")
    parser.add_argument("--workers", type=int, default=2, help="stages at a time (default 2)")
    parser.add_argument("--data-only", action="store_true", help="write the benchmarks and stop")
    parser.add_argument("--fresh", action="store_true", help="forget finished stages")
    parser.add_argument("--smoke", action="store_true", help="a recipe of seconds, to try the path")
    args = parser.parse_args()
    recipe = smoke(args.family) if args.smoke else FAMILIES[args.family]()
    folders = build.Folders(
        root=args.out or Path(build.__file__).parent,
        work=args.work or Path(".zoo-work") / args.family,
    )
    if args.fresh:
        shutil.rmtree(folders.work, ignore_errors=True)
    hashes = build.write_benchmarks(recipe, folders)
    if args.data_only:
        return
    train_all(recipe, folders, args.workers)
    print(build.write_manifest(recipe, folders, hashes))


if __name__ == "__main__":
    main()
