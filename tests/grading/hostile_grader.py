"""A grader whose search for the answer may misbehave. Worker processes import it by name."""

import os
import re
import signal
import time

from rast_bench.grading import Answer, ExtractedAnswer
from rast_bench.grading.decision import Decision, decided
from rast_bench.grading.pooled import IN_PROCESS_SECONDS, PooledGrader

_EXPONENTIAL = re.compile(r"(a+)+b")


def same(answer: str, gold: str) -> Decision:
    return decided(answer == gold)


class HostileGrader(PooledGrader):
    """The answer is the text's last word; texts that begin with a verb do what it says."""

    name = "hostile-1"
    thorough = staticmethod(same)

    def extract(self, answer: Answer) -> ExtractedAnswer | None:
        verb, _, last = answer.text.rpartition(" ")
        if verb == "search":
            _EXPONENTIAL.search("a" * 100)
        if verb == "think":
            start = time.process_time()
            while time.process_time() < start + 2 * IN_PROCESS_SECONDS:
                pass
        if verb == "recurse":
            return self.extract(answer)
        if verb == "stumble":
            raise ValueError("over a stone")
        if verb == "die" and os.getpid() != int(last):
            os.kill(os.getpid(), signal.SIGKILL)
        if verb == "die":
            _EXPONENTIAL.search("a" * 100)
        return ExtractedAnswer(last, "last word") if last else None

    def quick(self, answer: str, gold: str) -> Decision | None:
        if answer == "odd":
            raise ValueError("over a stone")
        if answer == "slow":
            _EXPONENTIAL.search("a" * 100)
        return decided(answer == gold) if answer.isdecimal() else None
