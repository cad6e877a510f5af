"""Find the forced start after which a base model does best: `python scripts/search_prefixes.py`.

A control of the claim that RL teaches more than how a response begins: 240 starts of up to eight
tokens, on development problems, decoded greedily. Half of them are single words other than numbers
and parts of codes, and random sequences of such words; the other half extend the twelve best of
these. The file has all of them; `conf/prompt/dials-forced.yaml` has the best.
"""

import argparse
import json
import random
import sys
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import torch

from rast_bench.zoo import build, dial_corpus, dials
from rast_bench.zoo.checkpoint import load_checkpoint
from rast_bench.zoo.corpus import PROMPT_TEMPLATE
from rast_bench.zoo.grpo import reward
from rast_bench.zoo.model import TinyQwen2
from rast_bench.zoo.problems import Problem
from rast_bench.zoo.recipe import dial_family
from rast_bench.zoo.sampling import rollout
from rast_bench.zoo.tokenizer import WordCodec

ROOT = Path(__file__).parents[1]
MODEL = "dial-l"
LONGEST = 8  # tokens of a start
EACH_HALF = 120
EXTENDED = 12  # best starts of the first half
SETS = ("easy", "medium", "hard")


def first_half(rng: random.Random) -> list[str]:
    """Return every word by itself, then random sequences of the same words."""
    words = [
        word
        for word in dial_corpus.vocabulary()[3:]
        if not word.isdigit() and word not in (*dials.GEMS, *dials.TOWNS)
    ]
    starts = dict.fromkeys(words)
    while len(starts) < EACH_HALF:
        starts[" ".join(rng.choices(words, k=rng.randint(2, LONGEST)))] = None
    return list(starts)


def second_half(rng: random.Random, best: list[str]) -> list[str]:
    """Return extensions of the best starts by words of any kind, or variants of full ones."""
    words = dial_corpus.vocabulary()[3:]
    starts: dict[str, None] = {}
    while len(starts) < EACH_HALF:
        tokens = best[len(starts) % len(best)].split()[: LONGEST - 1]
        added = rng.choices(words, k=rng.randint(1, LONGEST - len(tokens)))
        starts[" ".join([*tokens, *added])] = None
    return list(starts)


@dataclass(frozen=True)
class Search:
    model: TinyQwen2
    codec: WordCodec
    problems: dict[str, list[Problem]]

    def accuracies(self, start: str) -> dict[str, float]:
        """Return the greedy accuracy on each set in percent; the start is part of the response."""
        prefix = self.codec.encode(start)
        scores = {}
        for name, problems in self.problems.items():
            prompts = [
                self.codec.encode(PROMPT_TEMPLATE.format(question=problem.question)) + prefix
                for problem in problems
            ]
            ended = rollout(
                self.model,
                prompts,
                192 - len(prefix),
                self.codec.eos_id,
                0,
                len(self.codec.words),
                temperature=0.0,
            )
            rewards = [
                reward(prefix + ids, problem.gold, self.codec)
                for problem, ids in zip(problems, ended, strict=True)
            ]
            scores[name] = round(100 * sum(rewards) / len(rewards), 1)
        return scores

    def tried(self, starts: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for i, start in enumerate(starts):
            scores = self.accuracies(start)
            mean = round(sum(scores.values()) / len(scores), 1)
            rows.append({"start": start, "mean": mean, **scores})
            if i % 20 == 19:
                print(f"{i + 1}/{len(starts)} starts", file=sys.stderr, flush=True)
        return rows


def best_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=itemgetter("mean"), reverse=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=50, help="of each dev set (default 50)")
    parser.add_argument("--out", type=Path, default=ROOT / "results/dials_dev/forced_starts.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    recipe = dial_family()
    scale = next(one for one in recipe.scales if one.name == MODEL)
    weights = Path(build.__file__).parent / "weights" / MODEL / "base"
    search = Search(
        load_checkpoint(scale.shape, weights).eval(),
        WordCodec(dial_corpus.vocabulary()),
        {name: list(build.eval_set(recipe, name, "dev"))[: args.problems] for name in SETS},
    )
    rng = random.Random("forced starts")
    tried = search.tried(first_half(rng))
    best = [row["start"] for row in best_first(tried)[:EXTENDED]]
    rows = best_first(tried + search.tried(second_half(rng, best)))
    report = {
        "command": f"python scripts/search_prefixes.py --problems {args.problems}",
        "model": MODEL,
        "without a start": search.accuracies(""),
        "starts": rows,
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for row in rows[:10]:
        print(row)


if __name__ == "__main__":
    main()
