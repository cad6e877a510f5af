"""Loads every benchmark of conf/dataset/ that a folder holds, and renders every prompt of it.

    python scripts/check_datasets.py --data-dir /data/benchmarks
    python scripts/check_datasets.py                  (from the hub or its cache)

Prints a line for each set: size, fingerprint, the longest prompt under each prompt option. Chat
prompts need the tokenizer of an instruct model: --chat-model FOLDER. With --show, the prompts of
its first problem follow. Exit code 1 when a set that is there cannot be read or differs from the
copies that its configuration knows.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.paths import ZOO_PREFIX, config_dir
from rast_bench.config.schema import DatasetConfig, PromptConfig
from rast_bench.datasets import (
    dataset_fingerprint,
    differences,
    iter_references,
    load_problems,
    render_prompt,
)
from rast_bench.domain import Problem
from rast_bench.engines.chat import with_rendered_chat
from rast_bench.errors import DatasetError, RastBenchError

MATH_PROMPTS = ("qwen-boxed", "question-answer")
MATH_CHATS = ("boxed-chat",)
CODE_PROMPTS = {"mbppplus": ("code-completion-mbpp",), "humanevalplus": ("code-completion",)}
CODE_CHATS = ("code-r1", "evalplus")
CHATS = {"livecodebench": ("code-r1", "livecodebench")}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", metavar="DIR", help="<name>.jsonl or .parquet of each set")
    parser.add_argument("--chat-model", metavar="DIR", help="whose tokenizer renders chat prompts")
    parser.add_argument("--show", action="store_true", help="print the first prompts of each set")
    args = parser.parse_args()
    bad = []
    for path in sorted((config_dir() / "dataset").glob("*.yaml")):
        cfg = job_of_overrides([f"dataset={path.stem}"]).cells[0].dataset
        cfg = cfg.model_copy(update={"data_dir": args.data_dir})
        if cfg.path.startswith(ZOO_PREFIX):
            continue
        if args.data_dir and not _is_there(cfg, Path(args.data_dir)):
            print(f"{cfg.name:<15} not there")
            continue
        try:
            known = _check(cfg, args.chat_model, show=args.show)
        except RastBenchError as error:
            print(f"{cfg.name:<15} {error.render()}")
            known = False
        if not known:
            bad.append(cfg.name)
    if bad:
        print(f"unreadable or unknown: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0


def _check(cfg: DatasetConfig, chat_model: str | None, *, show: bool) -> bool:
    """Prints the set's line; whether it is a copy that its configuration knows."""
    started = time.perf_counter()
    problems = load_problems(cfg)
    seconds = time.perf_counter() - started
    tests = sum(1 for _ in iter_references(cfg)) if cfg.adapter else 0
    line = [f"{len(problems):>6,} problems", dataset_fingerprint(problems)[:23] + "…"]
    line += [f"{seconds:.2f} s"] + [f"{tests:,} with tests"] * bool(tests)
    prompts = _prompts(cfg.name, chat_model, code=bool(tests))
    line += [f"{prompt.name} ≤ {_longest(prompt, problems):,} characters" for prompt in prompts]
    print(f"{cfg.name:<15} {', '.join(line)}")
    if show:
        for prompt in prompts:
            print(f"--- {prompt.name}\n{render_prompt(prompt, problems[0])}")
    return not differences(cfg, problems)


def _longest(prompt: PromptConfig, problems: Sequence[Problem]) -> int:
    """Characters of the longest prompt; each holds its question as it stands."""
    rendered = [render_prompt(prompt, problem) for problem in problems]
    for text, problem in zip(rendered, problems, strict=True):
        if problem.question not in text:
            raise DatasetError(f"prompt {prompt.name} lost the question of {problem.problem_id}")
    return max(map(len, rendered))


def _prompts(dataset: str, chat_model: str | None, *, code: bool) -> list[PromptConfig]:
    plain = CODE_PROMPTS.get(dataset, ()) if code else MATH_PROMPTS
    prompts = [job_of_overrides([f"prompt={name}"]).cells[0].prompt for name in plain]
    if chat_model is None:
        return prompts
    model = [f"base_model.base.path={chat_model}", "base_model.instruct=true"]
    for name in CHATS.get(dataset, CODE_CHATS if code else MATH_CHATS):
        cell = job_of_overrides([f"prompt={name}", "method=base", *model]).cells[0]
        prompts.append(with_rendered_chat(cell).prompt)
    return prompts


def _is_there(cfg: DatasetConfig, folder: Path) -> bool:
    return any((folder / f"{cfg.name}{suffix}").is_file() for suffix in (".jsonl", ".parquet"))


if __name__ == "__main__":
    sys.exit(main())
