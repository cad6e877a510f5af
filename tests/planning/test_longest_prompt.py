from pathlib import Path

from planned_models import planned
from transformers import AutoTokenizer

from rast_bench.config.paths import ZOO_WEIGHTS_DIR
from rast_bench.datasets import render_prompt
from rast_bench.planning.prompts import longest_prompt

TINY_L = ZOO_WEIGHTS_DIR / "tiny-l/base"


def test_as_the_engines_tokenizer_counts() -> None:
    tokenizer = AutoTokenizer.from_pretrained(TINY_L)
    for dataset in ("tiny-easy", "tiny-hard", "tiny-olympiad"):
        (cell,) = planned(f"dataset={dataset}")
        prompts = [render_prompt(cell.cell.prompt, problem) for problem in cell.problems]
        longest = max(len(tokenizer(prompt)["input_ids"]) for prompt in prompts)
        assert longest_prompt(cell, TINY_L) == longest


def test_without_a_tokenizer_characters_tell(tmp_path: Path) -> None:
    (cell,) = planned("dataset.limit=1")
    characters = len(render_prompt(cell.cell.prompt, cell.problems[0]))
    assert longest_prompt(cell, None) == longest_prompt(cell, tmp_path) == -(-characters // 3)
