"""Limits of a program, and the verdict on it."""

from dataclasses import dataclass
from typing import Literal

CodeVerdictKind = Literal["passed", "failed", "error", "timeout", "memory", "refused"]


@dataclass(frozen=True)
class Limits:
    """What one run of a program may use. Times are in seconds, sizes in bytes.

    * `test_cpu_seconds`: CPU time of one call, or of one run of a standard-input program (6 is
      LiveCodeBench's number, there of wall time).
    * `cpu_seconds`: CPU time of all calls of a function together.
    * `idle_seconds`: total time in which no thread computes or waits for a CPU.
    * `wall_seconds`: a last resort for a machine so busy that nothing else ends the program.
    * `memory`: address space (4 GiB is evalplus's number). `disk`: all files of the program
      together, which are in memory. `output`: standard output, or all answers.
    """

    test_cpu_seconds: float = 6.0
    cpu_seconds: float = 60.0
    idle_seconds: float = 20.0
    wall_seconds: float = 1200.0
    memory: int = 4 * 2**30
    disk: int = 64 * 2**20
    output: int = 512 * 2**20
    open_files: int = 64
    threads: int = 64


@dataclass(frozen=True)
class CodeVerdict:
    """The verdict on one program.

    * passed: every test gave the expected answer;
    * failed: one did not, or the program ended before it;
    * error: it does not compile, lacks the function, raised an exception or was killed by a signal;
    * timeout: it ran out of CPU time, or slept or waited too long;
    * memory: it ran out of memory;
    * refused: nothing ran, since `allow_code_execution` is false.

    `passed_tests` counts the tests before the first that did not pass; testing stops there.
    `detail` is for display: it may contain text chosen by the program.
    """

    kind: CodeVerdictKind
    passed_tests: int
    total_tests: int
    detail: str = ""
    cpu_seconds: float = 0.0
