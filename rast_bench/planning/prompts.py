"""The longest prompt of a cell in tokens."""

from pathlib import Path

from rast_bench.datasets import render_prompt
from rast_bench.planning.outline import OutlinedCell
from rast_bench.runner.plan import PlannedCell

CANDIDATES = 16  # the longest in characters; the longest in tokens is among them or close
CHARACTERS_A_TOKEN = 3  # where there is no tokenizer: English and mathematics have more


UNKNOWN_QUESTION = 12_000  # characters of the longest question of a set of which none was read
CHAT_MARKUP = 400  # characters that a chat template may add


def longest_prompt(cell: PlannedCell, folder: Path | None) -> int:
    """Tokens of the cell's longest prompt by the tokenizer.json of a checkpoint's folder.

    Without one, a third of its characters; those of a data set that is not here are by its facts.
    """
    if isinstance(cell, OutlinedCell):
        return -(-_outlined_characters(cell) // CHARACTERS_A_TOKEN)
    rendered = (render_prompt(cell.cell.prompt, problem) for problem in cell.problems)
    longest = sorted(rendered, key=len, reverse=True)[:CANDIDATES]
    if folder is None or not (folder / "tokenizer.json").is_file():
        return -(-len(longest[0]) // CHARACTERS_A_TOKEN)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return max(len(tokenizer.encode(prompt).ids) for prompt in longest)


def _outlined_characters(cell: OutlinedCell) -> int:
    prompt = cell.cell.prompt
    around = len(prompt.template) + len(prompt.system or "") + (CHAT_MARKUP if prompt.chat else 0)
    if cell.known is None:
        return around + max(len(problem.question) for problem in cell.problems)
    return around + (cell.known.longest_question or UNKNOWN_QUESTION)
