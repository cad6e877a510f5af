r"""Looks for texts on which a grader fails, by coverage-guided fuzzing (atheris).

    python -m venv FUZZ && FUZZ/bin/pip install atheris -e .
    nice FUZZ/bin/python benchmarks/grading_fuzz.py --seconds 900 --found found.jsonl

Texts are made of the pieces that answers are made of (LaTeX commands, digits, words), and of any
others. What counts as found:

* exception: extraction, cleaning or comparison raises one;
* slow: a text of one piece repeated takes more than linear time, or its linear time is too long;
* not itself: an answer is `wrong` when the gold answer is the same text;
* false correct: a number is `correct` after one of its digits has been changed.

Each is written to --found, one JSON object a line, once per kind and place. All runs in this
process; a comparison has the CPU limit that the pool gives it. --plain draws texts at random
instead, without coverage and without atheris. Exit code 1 when something was found.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Protocol

from rast_bench.errors import ConfigError, RastBenchError

PIECES = (
    *("0", "1", "2", "3", "7", "9", "10", "12", "100", "1,000", "1{,}000", "0.5", ".25", "3.14"),
    *("1/2", "-", "+", "=", "<", ">", "(", ")", "[", "]", "{", "}", "|", "!", "^", "_", ",", ";"),
    *(":", ".", "%", "°", "$", "$$", "&", "~", "'", '"', "*", "**", "/", "\\", "\\\\", "\n", " "),
    *("x", "y", "z", "n", "k", "i", "e", "f(x)", "AB", "π", "√", "∞", "½", "答案是", "５", "−"),
    *("\\frac", "\\dfrac{1}{2}", "\\frac12", "\\sqrt", "\\sqrt[3]{2}", "\\pi", "\\infty", "\\pm"),
    *("\\cdot", "\\times", "\\div", "\\le", "\\ge", "\\ne", "\\in", "\\cup", "\\cap", "\\setminus"),
    *("\\mathbb{R}", "\\mathbf", "\\mathrm", "\\text{ and }", "\\text", "\\left(", "\\right)"),
    *("\\left", "\\right", "\\{", "\\}", "\\quad", "\\,", "\\!", "\\ ", "\\%", "\\$", "^\\circ"),
    *("\\binom{5}{2}", "\\sin", "\\log_2", "\\ln", "\\lfloor", "\\rfloor", "\\overline", "\\to"),
    *("\\begin{pmatrix}", "\\end{pmatrix}", "\\begin{cases}", "\\end{cases}", "\\sum_{k=1}^{n}"),
    *("\\boxed{", "\\boxed", "\\fbox{", "The answer is ", "Final Answer: ", "#### ", "<answer>"),
    *("</answer>", "<think>", "</think>", "I hope it is correct.", "and ", "or ", "cm", "m/s"),
    *("dollars", "3:05 p.m.", "2:3", "March 5, 2024", "101_2", "True", "no solution", "(A)"),
    *("\\color{red}", "\\displaystyle", "\\operatorname", "\\mod", "\\int_0^1", "\\lim_{x\\to0}"),
)
GOLDS = ("7", "\\frac{1}{2}", "(1,2)", "B", "\\{1,2\\}", "x^2+1", "[0,1)", "\\text{east}", "5 cm")
FORMS = (
    *("{}", "-{}", "\\frac{{{}}}{{7}}", "\\sqrt{{{}}}", "{}+x", "x^2+{}", "({},2)", "[0,{})"),
    *("\\{{{},1\\}}", "{}^{{3}}", "2^{{100}}+{}", "{}\\text{{ cm}}", "{}x", "x={}", "\\${}"),
)
"""Answers with a number; another number is another answer."""
REPEATED = 20_000  # characters, and then twice as many
LINEAR_SECONDS = 0.1  # CPU time of twice REPEATED characters: 1 MB in 2.5 s, on any machine
MOST_RATIO = 3.2  # of the times of a doubled text; 2 is linear, 4 quadratic
MOST_FOUND = 500
MOST_BYTES = 300  # of an input
STARTING_INPUTS = 300


class Source(Protocol):
    """What an input is decoded from."""

    def integer(self, low: int, high: int) -> int: ...

    def letters(self, count: int) -> str: ...


class RandomSource:
    """Of a seed."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def integer(self, low: int, high: int) -> int:
        return self._rng.randint(low, high)

    def letters(self, count: int) -> str:
        return "".join(
            chr(self._rng.choice((*range(32, 127), 0x3B1, 0x200B))) for _ in range(count)
        )


class AtherisSource:
    """Of the bytes that atheris gives."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def integer(self, low: int, high: int) -> int:
        return int(self._provider.ConsumeIntInRange(low, high))

    def letters(self, count: int) -> str:
        return str(self._provider.ConsumeUnicodeNoSurrogates(count))


def text(source: Source, most: int = 12) -> str:
    """Return a few pieces, now and then with letters of any kind between them."""
    parts = []
    for _ in range(source.integer(1, most)):
        choice = source.integer(0, len(PIECES) + 5)
        parts.append(PIECES[choice] if choice < len(PIECES) else source.letters(choice % 5 + 1))
    return "".join(parts) or "0"


class Fuzzer:
    """Tries inputs on one grader and keeps what fails, once per kind and place."""

    def __init__(self, grader: str, cpu_seconds: float = 5.0) -> None:
        from rast_bench.grading import get_grader
        from rast_bench.grading.pooled import PooledGrader

        made = get_grader(grader, workers=1)
        if not isinstance(made, PooledGrader):
            raise ConfigError(f"{grader} is not compared in a pool", hint="fuzz simplerl or robust")
        self.grader = made
        self.cpu_seconds = cpu_seconds
        self.tried = 0
        self.found: dict[tuple[str, str], dict[str, Any]] = {}

    def try_one(self, source: Source) -> None:
        self.tried += 1
        checks: tuple[Callable[[Source], None], ...] = (
            self.any_response,
            self.itself,
            self.itself,
            self.changed_digit,
            self.changed_digit,
            self.repeated,
        )
        checks[source.integer(0, len(checks) - 1)](source)

    def any_response(self, source: Source) -> None:
        response = text(source, 25)
        gold = GOLDS[source.integer(0, len(GOLDS) - 1)]
        if source.integer(0, 3) == 0:
            gold = text(source)
        self.verdict(response, gold)

    def itself(self, source: Source) -> None:
        answer = text(source)
        from rast_bench.grading import Answer

        reference = self.caught(
            lambda: self.grader.reference(Answer("", answer, "eos")), answer, answer
        )
        if reference and self.compared(reference, reference, answer, answer) == "wrong":
            self.keep("not itself", shape(reference), answer, answer)

    def changed_digit(self, source: Source) -> None:
        """Whole numbers and exact forms of them: no digit may change unnoticed."""
        size = 10 ** source.integer(1, 40)
        number = str(source.integer(0, 2**62) * source.integer(1, 2**62) % size)
        place = source.integer(0, len(number) - 1)
        digit = str((int(number[place]) + source.integer(1, 9)) % 10)
        other = number[:place] + digit + number[place + 1 :]
        form = FORMS[source.integer(0, len(FORMS) - 1)]
        gold, answer = form.format(number), form.format(other)
        if form == "\\{{{},1\\}}" and {number, other} & {"1", "01"}:
            return
        if self.verdict(f"\\boxed{{{answer}}}", gold) == "correct":
            self.keep("false correct", form, gold, f"\\boxed{{{answer}}}")

    def repeated(self, source: Source) -> None:
        unit = text(source, 3)
        seconds = []
        for length in (REPEATED, 2 * REPEATED):
            response = unit * (length // len(unit) + 1)
            seconds.append(min(self.extraction_seconds(response) for _ in range(2)))
            if seconds[0] > LINEAR_SECONDS:
                break
        long = max(seconds) > LINEAR_SECONDS
        steep = len(seconds) == 2 and seconds[1] > 0.02 and seconds[1] > MOST_RATIO * seconds[0]
        if long or steep:
            self.keep("slow", unit, "7", unit, seconds=[round(each, 3) for each in seconds])

    def extraction_seconds(self, response: str) -> float:
        from rast_bench.grading import Answer
        from rast_bench.grading.limits import CpuLimitError, within_cpu_limit

        start = time.process_time()
        try:
            answer = Answer(response, "7", "eos")
            within_cpu_limit(2.0, lambda: self.caught(lambda: self.extract(answer), response, "7"))
        except CpuLimitError:
            pass
        return time.process_time() - start

    def extract(self, answer: Any) -> str | None:
        found = self.grader.extract(answer)
        if found is None:
            return None
        self.grader.quick(found.text, self.grader.reference(answer))
        return found.text

    def verdict(self, response: str, gold: str) -> str | None:
        """None if there is no answer to compare."""
        from rast_bench.grading import Answer

        answer = Answer(response, gold, "eos")
        found = self.caught(lambda: self.grader.extract(answer), response, gold)
        reference = self.caught(lambda: self.grader.reference(answer), response, gold)
        if found is None or reference is None:
            return None
        return self.compared(found.text, reference, response, gold)

    def compared(self, answer: str, reference: str, response: str, gold: str) -> str | None:
        from rast_bench.grading.pool import compare_limited

        thorough = type(self.grader).thorough
        outcome = self.caught(
            lambda: compare_limited(thorough, answer, reference, self.cpu_seconds), response, gold
        )
        return None if outcome is None else outcome.outcome

    def caught(self, work: Callable[[], Any], response: str, gold: str) -> Any:
        try:
            return work()
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
            self.keep("exception", place, gold, response)
            return None

    def keep(self, what: str, place: str, gold: str, response: str, **more: Any) -> None:
        if (what, place) not in self.found and len(self.found) < MOST_FOUND:
            entry = {"what": what, "place": place, "gold": gold, "response": response, **more}
            self.found[what, place] = entry
            print(json.dumps(entry, ensure_ascii=False), file=sys.stderr)


def shape(answer: str) -> str:
    """Return an answer with its digits and letters made alike, so that one of a kind is kept."""
    return "".join("0" if c.isdigit() else "a" if c.isalpha() else c for c in answer)[:60]


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        return fuzz(parse(arguments))
    except RastBenchError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--grader", default="robust")
    parser.add_argument("--seconds", type=int, default=900, help="wall time")
    parser.add_argument("--found", type=Path, metavar="FILE", help="what was found, as JSON lines")
    parser.add_argument("--corpus", type=Path, metavar="FOLDER", help="inputs that atheris keeps")
    parser.add_argument("--plain", action="store_true", help="random texts, no atheris")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def fuzz(options: argparse.Namespace) -> int:
    """Exit code 1 when something was found. Raises ConfigError."""
    return by_chance(options) if options.plain else by_coverage(options)


def report(options: argparse.Namespace, fuzzer: Fuzzer) -> int:
    lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in fuzzer.found.values()]
    if options.found is not None:
        options.found.parent.mkdir(parents=True, exist_ok=True)
        options.found.write_text("".join(lines), encoding="utf-8")
    counts = Counter(what for what, _ in fuzzer.found)
    told = ", ".join(f"{what} {count}" for what, count in sorted(counts.items())) or "nothing"
    print(f"{fuzzer.tried:,} inputs; found: {told}")
    return int(bool(fuzzer.found))


def by_chance(options: argparse.Namespace) -> int:
    from rast_bench.grading import newest_version

    fuzzer = Fuzzer(newest_version(options.grader))
    rng = Random(options.seed)
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        fuzzer.try_one(RandomSource(rng))
    return report(options, fuzzer)


def by_coverage(options: argparse.Namespace) -> int:
    """Does not return once it runs: libFuzzer ends the process. Raises ConfigError."""
    try:
        atheris: Any = import_module("atheris")
    except ImportError as error:
        raise ConfigError(
            "atheris is not installed here",
            hint="pip install atheris (Linux), or --plain for random texts",
        ) from error
    with atheris.instrument_imports(include=["rast_bench.grading"]):
        from rast_bench.grading import newest_version

        fuzzer = Fuzzer(newest_version(options.grader))
        fuzzer.verdict("\\boxed{x+1}", "1+x")  # imports what is loaded late, too
    end = time.monotonic() + options.seconds

    def one(data: bytes) -> None:
        if time.monotonic() > end:
            code = report(options, fuzzer)
            sys.stdout.flush()
            os._exit(code)  # libFuzzer would take any exception for a finding
        fuzzer.try_one(AtherisSource(atheris.FuzzedDataProvider(data)))

    flags = [
        f"-max_len={MOST_BYTES}",
        "-len_control=0",
        f"-seed={options.seed}",
        "-rss_limit_mb=6000",
        "-timeout=120",
    ]
    flags += ["-verbosity=0", f"-artifact_prefix={tempfile.gettempdir()}/fuzz-"]
    folder = options.corpus or Path(tempfile.mkdtemp(prefix="fuzz-corpus-"))
    folder.mkdir(parents=True, exist_ok=True)
    rng = Random(options.seed)
    for number in range(STARTING_INPUTS):  # an empty corpus grows slowly from empty texts
        (folder / f"start-{number}").write_bytes(rng.randbytes(rng.randint(20, MOST_BYTES)))
    atheris.Setup([sys.argv[0], *flags, str(folder)], one)
    atheris.Fuzz()
    return report(options, fuzzer)


if __name__ == "__main__":
    sys.exit(main())
