"""The `robust` grader, which aims at truth."""

from dataclasses import replace
from functools import lru_cache, partial

from rast_bench.grading.base import Answer
from rast_bench.grading.decision import Decision
from rast_bench.grading.extracted import ExtractedAnswer
from rast_bench.grading.pooled import PooledGrader, in_this_process
from rast_bench.grading.robust import comparison, readings
from rast_bench.grading.robust.cleaning import clean
from rast_bench.grading.robust.extraction.find import find, written


class RobustGrader(PooledGrader):
    """Equal answers are equal however they are written (docs/graders.md).

    If equality is neither proven nor safely refuted, the verdict is "undecided".
    """

    name = "robust-2"
    thorough = staticmethod(comparison.compare)
    warm_up = staticmethod(comparison.load_libraries)

    def extract(self, answer: Answer) -> ExtractedAnswer | None:
        cut_off = answer.finish_reason == "length"
        found = find(answer.text, gold=_written(answer.gold), cut_off=cut_off)
        text = clean(found.text) if found else ""
        return replace(found, text=text) if found and text else None

    def reference(self, answer: Answer) -> str:
        return _cleaned_gold(answer.gold)

    def quick(self, answer: str, gold: str) -> Decision | None:
        return comparison.quick(answer, gold)

    def reading(self, text: str) -> str:
        return in_this_process(partial(_kinds, text)) or ""


def _kinds(text: str) -> str:
    return " or ".join(dict.fromkeys(reading.kind for reading in readings.read(text).readings))


@lru_cache(maxsize=2**12)
def _written(gold: str) -> str:
    return written(gold)


@lru_cache(maxsize=2**12)
def _cleaned_gold(gold: str) -> str:
    return clean(_written(gold))
