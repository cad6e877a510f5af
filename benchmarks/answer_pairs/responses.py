r"""Answers within responses, in the styles of language models."""

import json
from collections.abc import Callable
from random import Random

from answer_pairs.made import Written

Style = Callable[[Random, Written], str | None]
"""A response with this answer; None if the style cannot hold it."""

STARTS = (
    "Let's work through this step by step.",
    "First, note that $2^3 = 8$ and $3 \\cdot 4 = 12$.",
    "We set up the problem with $n = 3$ and simplify.",
    "To solve this, we consider two cases.\n\nCase 1 gives $t = 17$, which is impossible.",
    "Step 1: Write down what is given.\nStep 2: Simplify.\nStep 3: Check the 2 remaining terms.",
    "Okay, so I need to find the value. 25 candidates remain, of which 24 are excluded.",
)
CHATTER = (
    "\n\nLet me know if you have any questions!",
    "\n\nI hope this helps. There are 3 other ways to see it.",
    "\n\nThis completes the solution of problem 12.",
    "\n\n(Checked on 2 examples.)",
)


def start(rng: Random) -> str:
    return rng.choice(STARTS)


def in_words(rng: Random, answer: Written) -> str:
    """In a sentence: as prose where it can be, half of the time."""
    if answer.prose is not None and rng.random() < 0.5:
        return answer.prose
    return f"${answer.latex}$"


def box(rng: Random, answer: Written) -> str:
    opening = rng.choice(("Therefore, the answer is", "So we get", "Hence the value is"))
    return f"{start(rng)}\n\n{opening} $\\boxed{{{answer.latex}}}$."


def displayed_box(rng: Random, answer: Written) -> str:
    return f"{start(rng)}\n\nPutting this together:\n\n\\[\n\\boxed{{{answer.latex}}}\n\\]"


def fbox(rng: Random, answer: Written) -> str:
    return f"{start(rng)} Thus $\\fbox{{${answer.latex}$}}$."


def box_and_chatter(rng: Random, answer: Written) -> str:
    return f"{start(rng)} The answer is $\\boxed{{{answer.latex}}}$.{rng.choice(CHATTER)}"


def box_with_style(rng: Random, answer: Written) -> str:
    styles = (
        "\\displaystyle {}",
        "\\large {}",
        "\\color{{blue}}{{{}}}",
        "\\textcolor{{red}}{{{}}}",
    )
    styled = rng.choice(styles).format(answer.latex)
    return f"{start(rng)}\n\n$$\\boxed{{{styled}}}$$"


def box_after_thinking(rng: Random, answer: Written) -> str:
    thought = "Maybe 41? Let me check: \\boxed{41} would give $41 - 3 = 38$, no."
    return (
        f"<think>\nOkay, {thought} Wait, I see.\n</think>\n\n"
        f"{start(rng)}\n\n**Final Answer**\n\\[ \\boxed{{{answer.latex}}} \\]"
    )


def minerva(_rng: Random, answer: Written) -> str:
    return f"Final Answer: The final answer is ${answer.latex}$. I hope it is correct."


def announced(rng: Random, answer: Written) -> str:
    words = rng.choice(("The answer is", "The final answer is", "So the answer is"))
    return f"{start(rng)}\n{words} {in_words(rng, answer)}."


def final_answer(rng: Random, answer: Written) -> str:
    return f"{start(rng)}\n\n**Final Answer:** {in_words(rng, answer)}"


def hashes(rng: Random, answer: Written) -> str | None:
    return None if answer.prose is None else f"{start(rng)}\n#### {answer.prose}"


def tags(rng: Random, answer: Written) -> str:
    return f"<think>{start(rng)}</think>\n<answer>{answer.latex}</answer>"


def as_json(_rng: Random, answer: Written) -> str:
    text = answer.latex if answer.prose is None else answer.prose
    return json.dumps({"reasoning": "It follows from the first step.", "answer": text})


def chinese(_rng: Random, answer: Written) -> str:
    return f"根据题意列出方程并化简。\n\n答案是 ${answer.latex}$。"


def doubled_backslashes(rng: Random, answer: Written) -> str | None:
    if "\\\\" in answer.latex:
        return None
    doubled = f"\\boxed{{{answer.latex}}}".replace("\\", "\\\\")
    return f"{start(rng)} The answer is ${doubled}$."


def continued(rng: Random, answer: Written) -> str:
    """Return a base model goes on with the next question of its prompt."""
    return (
        f"{start(rng)} The answer is {in_words(rng, answer)}.\n\n"
        "Question: A farmer has 12 hens and buys 30 more. How many hens does he have?\n"
        "Let's think: 12 + 30"
    )


STYLES: dict[str, Style] = {
    style.__name__.replace("_", " "): style
    for style in (
        *(box, displayed_box, fbox, box_and_chatter, box_with_style, box_after_thinking),
        *(minerva, announced, final_answer, hashes, tags, as_json, chinese),
        *(doubled_backslashes, continued),
    )
}
WEIGHTS = {"box": 8, "displayed box": 6, "announced": 4, "minerva": 3}
"""How often a style is drawn; the others have 1."""

DECOY = "One might expect $\\boxed{{{gold}}}$ or $x = {gold}$, but that is not the case.\n"


def respond(rng: Random, answer: Written, decoy: str | None = None) -> tuple[str, str]:
    """Return a style's name and a response with that answer.

    Args:
        decoy: another answer, which the response first mentions and rejects.
    """
    names = list(STYLES)
    weights = [WEIGHTS.get(name, 1) for name in names]
    while True:
        name = rng.choices(names, weights)[0]
        text = STYLES[name](rng, answer)
        if text is not None:
            break
    before = DECOY.format(gold=decoy) if decoy is not None and "boxed" in text else ""
    return name, before + text


HEDGES = (
    "{start}\n\nThe answer is not ${gold}$.",
    "{start}\n\n${gold}$ is not the answer.",
    "{start}\n\nThe answer is either ${gold}$ or ${other}$; I cannot tell which.",
    "{start}\n\nI cannot determine the answer. It might be ${gold}$, or it might be ${other}$.",
    "{start}\n\nThe answer is ${other}$, not ${gold}$.",
    "{start}\n\nWe get $\\boxed{{{gold}}}$. Wait, no. The answer is $\\boxed{{{other}}}$.",
    "{start}\n\nThe answer is approximately ${other}$, which rules out ${gold}$.",
)
"""Responses that name the gold answer without giving it."""
