"""Would vLLM start every experiment of the paper on common cards? Writes the table of the docs.

    python benchmarks/vllm_judge_table.py                        all experiments, to stdout
    python benchmarks/vllm_judge_table.py table1 reply2          some of them
    python benchmarks/vllm_judge_table.py --into docs/planning.md

Needs vLLM (that for CPUs is enough) and neither weights nor a network: see vllm_judge/judge.py.
Exit code 1 when the planner and vLLM disagree.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from vllm_judge.compare import Verdict, engines, sizes_to_judge, verdict
from vllm_judge.judge import Judge

from rast_bench.config.paths import config_dir
from rast_bench.planning.groups import COMMON_CARDS

BEGIN, END = "<!-- judged by vLLM: begin -->", "<!-- judged by vLLM: end -->"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT")
    parser.add_argument("--into", type=Path, metavar="FILE", help="between its two markers")
    options = parser.parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the facts are what is judged
    names = options.experiments or real_experiments()
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(Path(folder))
        found = {name: judged(name, judge) for name in names}
    text = markdown(found)
    if options.into is None:
        print(text)
    else:
        write_between(options.into, text)
    wrong = [one for rows in found.values() for one in rows if not one.agree]
    for one in wrong:
        print(
            f"disagreement: {one.engine.title} on {one.ours.devices} × {one.card}: planner "
            f"{one.ours.fit.rows} rows, vLLM {one.theirs.rows}: {one.theirs.refusal}",
            file=sys.stderr,
        )
    return 1 if wrong else 0


def real_experiments() -> list[str]:
    """Those that are no miniature, by name."""
    names = sorted(path.stem for path in (config_dir() / "experiment").glob("*.yaml"))
    return [name for name in names if not name.startswith(("tiny_", "demo"))]


def judged(experiment: str, judge: Judge) -> list[Verdict]:
    return [
        verdict(engine, card, devices, judge)
        for engine in engines(experiment)
        for card in COMMON_CARDS
        for devices in sizes_to_judge(engine, card)
    ]


def markdown(found: dict[str, list[Verdict]]) -> str:
    """Return a row per distinct engine: `2: 17 / 17` is size 2, rows by planner and by vLLM."""
    lines = [
        "| experiments | engine | max_model_len | " + " | ".join(COMMON_CARDS) + " |",
        "|---|---|---:|" + "---|" * len(COMMON_CARDS),
    ]
    rows: dict[tuple[str, int], dict[str, str]] = {}
    used: dict[tuple[str, int], list[str]] = {}
    for experiment, verdicts in found.items():
        for one in verdicts:
            key = one.engine.title, one.engine.load.length
            rows.setdefault(key, {})[one.card] = _cell(one)  # the last size is the chosen one
            used.setdefault(key, [])
            if experiment not in used[key]:
                used[key].append(experiment)
    for (title, length), cells in sorted(rows.items(), key=lambda row: -_size(row[0][0])):
        names = ", ".join(used[title, length])
        shown = " | ".join(cells[card] for card in COMMON_CARDS)
        lines.append(f"| {names} | {title} | {length:,} | {shown} |")
    count = sum(len(verdicts) for verdicts in found.values())
    agreeing = sum(one.agree for verdicts in found.values() for one in verdicts)
    lines += ["", f"Planner and vLLM agree on {agreeing:,} of {count:,} questions."]
    return "\n".join(lines)


def _cell(one: Verdict) -> str:
    if not one.ours.works:
        return "no" if not one.theirs.starts else f"no (starts: {one.theirs.rows})"
    return f"{one.ours.devices}: {one.ours.fit.rows} / {one.theirs.rows}"


def _size(title: str) -> int:
    return len(title.split(" + "))


def write_between(path: Path, text: str) -> None:
    """Replaces what stands between the markers. Raises SystemExit if they are not there."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{path} has no {BEGIN} … {END}")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
