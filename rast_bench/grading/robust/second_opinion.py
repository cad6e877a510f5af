"""What math-verify says, where an answer has notation that our own reader lacks."""

import logging
import re

_MAX_LENGTH = 300
_BEYOND_OURS = re.compile(
    r"\\(?:int|iint|oint|lim|cup|cap|setminus|mathbb|in|notin|subset|subseteq|equiv|pmod|bmod|mod"
    r"|vec|hat|overline|langle|begin)(?![A-Za-z])"
)
_SUM = re.compile(r"\\(?:sum|prod)(?![A-Za-z])")  # ours reads those over given integers
_WORD = re.compile(r"(?<!\\)(?<![A-Za-z\\])[A-Za-z]{4,}")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[a-z*]+\}|\\[A-Za-z]+")


def worth_asking(answer: str, gold: str) -> bool:
    """Whether one of them is mathematics in a notation that only math-verify may read."""
    texts = (answer, gold)
    return (
        all(len(text) <= _MAX_LENGTH for text in texts)
        and (
            any(_BEYOND_OURS.search(text) for text in texts)
            or bool(_SUM.search(answer)) != bool(_SUM.search(gold))
        )
        and not any(_WORD.search(_ENVIRONMENT.sub(" ", text)) for text in texts)
    )


def math_verify_equal(answer: str, gold: str) -> bool:
    """Its verdict without its wall-clock limits: those of CPU time around it are ours."""
    from math_verify import parse, verify

    for name in ("math_verify.parser", "math_verify.grader"):  # they warn of the missing limits
        logging.getLogger(name).setLevel(logging.ERROR)
    first, second = (parse(f"${text}$", parsing_timeout=None) for text in (gold, answer))
    return bool(verify(first, second, timeout_seconds=None))
