r"""Everything that is measured about the graders, in one report.

    python benchmarks/grading.py --data-dir DIR --suites-dir CLONES \
        --disagreements results/bench/grading_disagreements.jsonl --out results/bench/grading.json

* faults: DIR/grader_faults.jsonl, inputs with their correct verdicts;
* agreement: DIR/grader_dev.jsonl, real responses with the verdicts of SimpleRL and math-verify.
  --disagreements lists those between robust and math-verify; a reader writes into `right_verdict`
  whether the response is correct or wrong, and that is kept by later runs;
* suites: the tests of other graders, read from CLONES (benchmarks/grading_checks/suites.py);
* pairs: generated pairs with known truth (benchmarks/answer_pairs);
* speed and memory: on the real responses.

Missing data are reported as not measured. Markdown goes to stdout, progress to stderr. With
--check, exit code 1 where a target is missed.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from answer_pairs import pairs
from command_line import make_parser, positive, read_options, run_benchmark
from grading_checks.agreement import (
    CORPUS,
    answers_of,
    grade,
    measure_agreement,
    read_corpus,
    render_agreement,
)
from grading_checks.cases import FAULTS, Case, judge, read_faults, score, total
from grading_checks.disagreements import read_file, truth_of, update_file
from grading_checks.memory import peak_bytes
from grading_checks.speed import measure_speed, render_speed
from grading_checks.suites import SUITES

from rast_bench.grading import get_grader, newest_version
from rast_bench.grading.math_verify_grader import MATH_VERIFY
from rast_bench.provenance import environment, now

Result = dict[str, Any]
Measure = Callable[[argparse.Namespace], Result]

SUITE_WRONG = Path(__file__).with_name("grading_checks") / "suite_wrong.jsonl"
NOT_MEASURED = "not_measured"


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    return run_benchmark(
        lambda: measure(options),
        render,
        options.out,
        lambda result: int(
            options.check and not all(met is not False for *_, met in targets(result))
        ),
    )


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="of the two corpora")
    parser.add_argument("--suites-dir", type=Path, metavar="CLONES")
    parser.add_argument("--grader", default="robust", help="the one that is measured")
    parser.add_argument("--disagreements", type=Path, metavar="FILE", help="read and rewritten")
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--pairs", type=positive, default=500, help="made-up ones of each class")
    parser.add_argument("--seed", type=int, default=0, help="of the made-up pairs")
    parser.add_argument("--limit", type=positive, help="only so many real responses")
    parser.add_argument("--repeats", type=positive, default=3, help="of the timing")
    parser.add_argument("--workers", type=positive, help="processes but for the timing")
    parser.add_argument("--check", action="store_true", help="exit code 1 where a target is missed")
    options = read_options(parser, arguments, __file__)
    options.grader = newest_version(options.grader)
    return options


def measure(options: argparse.Namespace) -> Result:
    """Return every section that was asked for. Raises ConfigError, DatasetError, EngineError."""
    get_grader(options.grader)  # a name that is unknown is told before anything is measured
    result: Result = {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment(),
        "grader": options.grader,
    }
    for name in options.sections:
        print(f"{name} …", file=sys.stderr)
        result[name] = SECTIONS[name](options)
    return result


def missing(folder: Path | None, option: str, *names: str) -> Result | None:
    """Return what a section says whose data are not there."""
    if folder is None:
        return {NOT_MEASURED: f"needs {option}"}
    absent = [name for name in names if not (folder / name).is_file()]
    return {NOT_MEASURED: f"{folder} has no {' and no '.join(absent)}"} if absent else None


def faults(options: argparse.Namespace) -> Result:
    absent = missing(options.data_dir, "--data-dir", FAULTS)
    if absent:
        return absent
    return both(options, read_faults(options.data_dir))


def both(options: argparse.Namespace, cases: Sequence[Case]) -> Result:
    """Return the scores of the grader and of math-verify."""
    return {
        name: score(cases, judge(name, cases, options.workers))
        for name in (options.grader, MATH_VERIFY)
    }


def agreement(options: argparse.Namespace) -> Result:
    absent = missing(options.data_dir, "--data-dir", CORPUS)
    if absent:
        return absent
    rows = read_corpus(options.data_dir)[: options.limit]
    entries = read_file(options.disagreements)
    simplerl = grade(rows, newest_version("simplerl"), options.workers)
    robust = grade(rows, options.grader, options.workers)
    result = measure_agreement(rows, simplerl, robust, truth_of(rows, entries))
    if options.disagreements is not None and options.limit is None:
        result["disagreements"] = update_file(options.disagreements, rows, robust, entries)
    return result


def suites(options: argparse.Namespace) -> Result:
    if options.suites_dir is None:
        return {NOT_MEASURED: "needs --suites-dir"}
    wrong = {
        entry["case"] for entry in map(json.loads, SUITE_WRONG.read_text("utf-8").splitlines())
    }
    result: Result = {}
    for suite in SUITES:
        found = suite.read(options.suites_dir)
        source = {
            "repository": suite.repository,
            "commit": suite.commit,
            "licence": suite.licence,
        }
        if found is None:
            clone = suite.repository.split("/")[1]
            result[suite.name] = {**source, NOT_MEASURED: f"{options.suites_dir} has no {clone}"}
            continue
        cases = [Case(each.name, "", each.gold, each.response, each.expected) for each in found]
        sound = [case.name not in wrong for case in cases]
        scores: Result = {}
        for name in (options.grader, MATH_VERIFY):
            verdicts = judge(name, cases, options.workers)
            scores[name] = score(cases, verdicts)
            del scores[name]["by_kind"]
            chosen = [(c, v) for c, v, good in zip(cases, verdicts, sound, strict=True) if good]
            scores[name]["right_where_the_suite_is"] = score(
                [c for c, _ in chosen], [v for _, v in chosen]
            )["right"]
        result[suite.name] = {**source, "suite_wrong": sound.count(False), "scores": scores}
    return result


def made_pairs(options: argparse.Namespace) -> Result:
    result: Result = {"seed": options.seed}
    for right in (True, False):
        cases = [
            Case(
                pair.id,
                pair.kind,
                pair.gold,
                pair.response,
                pair.right,
                f"{pair.kind}, {pair.change}, {pair.style}: {pair.gold} / {pair.answer}",
            )
            for pair in pairs(right, options.pairs, options.seed)
        ]
        result["right" if right else "wrong"] = both(options, cases)
    return result


def speed(options: argparse.Namespace) -> Result:
    absent = missing(options.data_dir, "--data-dir", CORPUS)
    if absent:
        return absent
    answers = answers_of(read_corpus(options.data_dir)[: options.limit])
    graders = {"simplerl": newest_version("simplerl"), "robust": options.grader}
    return measure_speed(answers, graders, options.repeats)


def memory(options: argparse.Namespace) -> Result:
    """Of a worker that compares the made-up pairs, and the two corpora where they are."""
    answers = [
        Case(p.id, p.kind, p.gold, p.response, p.right).answer()
        for right in (True, False)
        for p in pairs(right, options.pairs, options.seed)
    ]
    if not missing(options.data_dir, "--data-dir", CORPUS):
        answers += answers_of(read_corpus(options.data_dir)[: options.limit])
    if not missing(options.data_dir, "--data-dir", FAULTS):
        answers += [case.answer() for case in read_faults(options.data_dir)]
    return {"answers": len(answers), "peak_bytes": peak_bytes(options.grader, answers)}


SECTIONS: dict[str, Measure] = {
    "faults": faults,
    "agreement": agreement,
    "suites": suites,
    "pairs": made_pairs,
    "speed": speed,
    "memory": memory,
}


def measured(result: Result, name: str) -> Result | None:
    section: Result = result.get(name, {NOT_MEASURED: "not asked for"})
    return None if NOT_MEASURED in section else section


def targets(result: Result) -> list[tuple[str, str, bool | None]]:
    """Return what is asked of the grader, what was measured, and whether that suffices."""
    grader = result["grader"]
    lines: list[tuple[str, str, bool | None]] = []

    def add(text: str, section: str, value: Callable[[Result], tuple[str, bool]]) -> None:
        found = measured(result, section)
        lines.append((text, *value(found)) if found else (text, "not measured", None))

    def of(part: Result, count: str, whole: str = "cases") -> str:
        return f"{part[count]} of {part[whole]}"

    add(
        "faults: no false correct",
        "faults",
        lambda s: (of(s[grader], "false_corrects"), s[grader]["false_corrects"] == 0),
    )
    add(
        "faults: 97 % right",
        "faults",
        lambda s: (of(s[grader], "right"), s[grader]["right"] >= 0.97 * s[grader]["cases"]),
    )
    add(
        "simplerl = SimpleRL: 99.9 %",
        "agreement",
        lambda s: (
            f"{s['agreement']['simplerl = SimpleRL']['all']:.2%}",
            s["agreement"]["simplerl = SimpleRL"]["all"] >= 0.999,
        ),
    )

    def suites_right(section: Result) -> tuple[str, bool]:
        part = total(
            suite["scores"][grader] for suite in section.values() if NOT_MEASURED not in suite
        )
        return of(part, "right"), part["right"] >= 600 / 639 * part["cases"]

    add("suites: 600 of 639", "suites", suites_right)

    def pairs_right(name: str, section: Result) -> tuple[str, bool]:
        part = section[name][grader]
        return of(part, "right"), part["right"] >= 0.97 * part["cases"]

    for name in ("right", "wrong"):
        add(f"made-up pairs that are {name}: 97 %", "pairs", partial(pairs_right, name))
    add(
        "made-up pairs: no false correct",
        "pairs",
        lambda s: (
            of(s["wrong"][grader], "false_corrects"),
            s["wrong"][grader]["false_corrects"] == 0,
        ),
    )
    add(
        "10 times math-verify's pace",
        "speed",
        lambda s: (f"{s['ratio']['robust']['median']:.1f}", s["ratio"]["robust"]["median"] >= 10),
    )
    add(
        "a worker below 1 GiB",
        "memory",
        lambda s: (f"{s['peak_bytes'] / 2**20:.0f} MiB", s["peak_bytes"] < 2**30),
    )
    return lines


def render(result: Result) -> str:
    blocks = []
    for name in SECTIONS:
        if name in result:
            section = result[name]
            text = (
                f"not measured: {section[NOT_MEASURED]}"
                if NOT_MEASURED in section
                else RENDERERS[name](section)
            )
            blocks.append(f"## {name}\n{text}")
    rows = [
        f"| {text} | {value} | {'' if met is None else 'met' if met else 'missed'} |"
        for text, value, met in targets(result)
    ]
    head = [f"## targets of {result['grader']}", "| target | measured | |", "|---|---:|---|"]
    blocks.append("\n".join([*head, *rows]))
    return "\n\n".join(blocks)


COLUMNS = ("cases", "right", "false_corrects", "false_wrongs", "undecided")


def score_table(rows: dict[str, Result]) -> str:
    heads = " | ".join(name.replace("_", " ") for name in COLUMNS)
    lines = [f"| | {heads} |", f"|---|{'---:|' * len(COLUMNS)}"]
    for name, part in rows.items():
        lines.append(f"| {name} | {' | '.join(str(part[column]) for column in COLUMNS)} |")
    return "\n".join(lines)


def render_pairs(section: Result) -> str:
    return score_table(
        {
            f"{grader}: {name} pairs": part
            for name in ("right", "wrong")
            for grader, part in section[name].items()
        }
    )


def render_suites(section: Result) -> str:
    rows: dict[str, Result] = {}
    lines = []
    for name, suite in section.items():
        if NOT_MEASURED in suite:
            lines.append(f"{name} not measured: {suite[NOT_MEASURED]}")
            continue
        for grader, part in suite["scores"].items():
            rows[f"{grader}: {name} ({suite['suite_wrong']} cases are wrong)"] = part
    here = [suite for suite in section.values() if NOT_MEASURED not in suite]
    for grader in here[0]["scores"] if here else ():
        rows[f"{grader}: all"] = total(suite["scores"][grader] for suite in here)
    return "\n".join([score_table(rows), *lines])


RENDERERS: dict[str, Callable[[Result], str]] = {
    "faults": score_table,
    "agreement": render_agreement,
    "suites": render_suites,
    "pairs": render_pairs,
    "speed": render_speed,
    "memory": lambda s: f"{s['answers']:,} answers: at most {s['peak_bytes'] / 2**20:.0f} MiB",
}


if __name__ == "__main__":
    sys.exit(main())
