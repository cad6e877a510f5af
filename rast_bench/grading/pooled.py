"""The frame of graders that need algebra: what strings and plain numbers decide stays here."""

from abc import abstractmethod
from collections.abc import Sequence

from rast_bench.grading.base import AnswerGrader, Compared
from rast_bench.grading.pool import CPU_SECONDS, Compare, ComparisonPool


class PooledGrader(AnswerGrader):
    """Compares pairs by `quick` where that decides, by `thorough` in a pool of processes elsewhere.

    `thorough` alone gives the same outcomes; `fast_paths=False` is there to show it.
    """

    thorough: Compare

    def __init__(
        self,
        *,
        workers: int | None = None,
        cpu_seconds: float = CPU_SECONDS,
        fast_paths: bool = True,
    ) -> None:
        super().__init__()
        self._pool = ComparisonPool(type(self).thorough, workers=workers, cpu_seconds=cpu_seconds)
        self._fast_paths = fast_paths

    @abstractmethod
    def quick(self, answer: str, gold: str) -> bool | None:
        """Whether they are equal, as far as it takes no algebra to tell; None otherwise."""

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[Compared]:
        known: dict[tuple[str, str], Compared] = {}
        if self._fast_paths:
            for pair in pairs:
                equal = self.quick(*pair)
                if equal is not None:
                    known[pair] = Compared("correct" if equal else "wrong")
        rest = [pair for pair in pairs if pair not in known]
        known.update(zip(rest, self._pool.outcomes(rest), strict=True))
        return [known[pair] for pair in pairs]
