"""Grader of programs: correct is a program that passes all tests of its problem."""

from collections.abc import Iterator, Sequence

from rast_bench.code_tests.consent import check_allowed
from rast_bench.code_tests.extract import extract_program
from rast_bench.code_tests.references import Head, Reference, head_of, tests_of
from rast_bench.code_tests.run import run_many
from rast_bench.code_tests.tests import CodeTests
from rast_bench.code_tests.verdict import CodeVerdict
from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets import iter_references
from rast_bench.errors import ConfigError
from rast_bench.grading.base import Answer, AnswerGrader, Compared
from rast_bench.grading.extracted import ExtractedAnswer
from rast_bench.grading.registry import CODE_TESTS

_Program = tuple[int, str]  # its position among the pairs, and its text


class CodeTestsGrader(AnswerGrader):
    """Runs the program of each response against the tests that its gold answer stands for.

    * The gold answer is the digest of a reference, which is read from the data sets. Tests can be
      gigabytes: each call of `compare` reads them again, one problem at a time.
    * "timeout": the program ran out of CPU time, or slept too long. Any other failure is "wrong".
    * Each distinct program is run once per problem.
    """

    name = CODE_TESTS

    def __init__(
        self,
        datasets: Sequence[DatasetConfig] = (),
        *,
        allow_code_execution: bool = False,
        workers: int | None = None,
    ) -> None:
        super().__init__()
        self._datasets = tuple(datasets)
        self._allowed = allow_code_execution
        self._workers = workers
        self._heads: dict[str, Head] | None = None

    def extract(self, answer: Answer) -> ExtractedAnswer | None:
        head = self._head(answer.gold)
        program = extract_program(answer.text, entry_point=head.entry_point, prompt=head.prompt)
        return None if program is None else ExtractedAnswer(program, "program")

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[Compared]:
        """Return the outcome of each (program, gold) pair.

        Raises:
            ConfigError: code execution is not allowed, or this machine cannot confine a program.
            DatasetError: tests cannot be read.
        """
        if not pairs:
            return []
        check_allowed(allow_code_execution=self._allowed)
        wanted: dict[str, list[_Program]] = {}
        for place, (program, gold) in enumerate(pairs):
            wanted.setdefault(gold, []).append((place, program))
        places: list[int] = []

        def work() -> Iterator[tuple[str, CodeTests]]:
            for gold, reference in self._references():
                programs = wanted.pop(gold, [])
                tests = tests_of(reference) if programs else None
                for place, program in programs:
                    places.append(place)
                    assert tests is not None
                    yield program, tests

        verdicts = run_many(work(), allow_code_execution=self._allowed, workers=self._workers)
        compared = [_compared(verdict) for verdict in verdicts]
        by_place = dict(zip(places, compared, strict=True))
        return [by_place[place] for place in range(len(pairs))]

    def _head(self, gold: str) -> Head:
        if self._heads is None:
            self._heads = {known: head_of(reference) for known, reference in self._references()}
        if gold not in self._heads:
            raise ConfigError(
                f"{self.name} has no tests for the gold answer {gold[:80]!r}",
                hint="it grades data sets of programs only: humanevalplus, mbppplus, livecodebench",
            )
        return self._heads[gold]

    def _references(self) -> Iterator[tuple[str, Reference]]:
        for dataset in self._datasets:
            yield from iter_references(dataset)


def _compared(verdict: CodeVerdict) -> Compared:
    if verdict.kind == "passed":
        return Compared("correct", verdict.cpu_seconds)
    return Compared("timeout" if verdict.kind == "timeout" else "wrong", verdict.cpu_seconds)
