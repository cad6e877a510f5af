"""The longest prompt of a cell in tokens."""

from pathlib import Path

from rast_bench.config.schema import ModelRef
from rast_bench.datasets import render_prompt
from rast_bench.engines.tokenizer_file import read_tokenizer, tokenizer_digest
from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.checkpoints import checkpoint_folder
from rast_bench.planning.outline import OutlinedCell

CHARACTERS_A_TOKEN = 3  # without a tokenizer: English and mathematics have more
ADDED_TOKENS = 2  # by a tokenizer, before and after a text
UNKNOWN_QUESTION = 12_000  # characters of the longest question, for a set that was not read
CHAT_MARKUP = 400  # characters that a chat template may add


class PromptLengths:
    """Tokens of the longest prompt per cell; cells with equal prompts and tokenizers share one."""

    def __init__(self) -> None:
        self._known: dict[object, int] = {}
        self._digests: dict[ModelRef, str | None] = {}

    def __call__(self, cell: PlannedCell) -> int:
        main = cell.engine_key.main
        if main not in self._digests:
            self._digests[main] = tokenizer_digest(checkpoint_folder(main))
        key = (self._digests[main], cell.cell.dataset, cell.cell.prompt.template)
        if key not in self._known:
            self._known[key] = longest_prompt(cell, checkpoint_folder(main))
        return self._known[key]


def longest_prompt(cell: PlannedCell, folder: Path | None) -> int:
    """Return the tokens of the cell's longest prompt, by the tokenizer.json of a checkpoint's
    folder.

    Without a tokenizer, a third of its characters; for a data set that is not here, from its facts.

    Raises:
        ModelError: the tokenizer.json cannot be read.
    """
    if isinstance(cell, OutlinedCell):
        return -(-_outlined_characters(cell) // CHARACTERS_A_TOKEN)
    rendered = {render_prompt(cell.cell.prompt, problem) for problem in cell.problems}
    prompts = sorted(rendered, key=len, reverse=True)
    digest = tokenizer_digest(folder)
    if folder is None or digest is None:
        return -(-len(prompts[0]) // CHARACTERS_A_TOKEN)
    tokenizer = read_tokenizer(cell.engine_key.main.path, folder / "tokenizer.json", digest)
    longest = 0
    for prompt in prompts:
        # A token has at least one byte, so most prompts need not be tokenized.
        if len(prompt.encode()) + ADDED_TOKENS > longest:
            longest = max(longest, len(tokenizer.encode(prompt).ids))
    return longest


def _outlined_characters(cell: OutlinedCell) -> int:
    prompt = cell.cell.prompt
    around = len(prompt.template) + len(prompt.system or "") + (CHAT_MARKUP if prompt.chat else 0)
    if cell.known is None:
        return around + max(len(problem.question) for problem in cell.problems)
    return around + (cell.known.longest_question or UNKNOWN_QUESTION)
