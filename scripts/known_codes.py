"""Show which codes the models of the dials know: `python scripts/known_codes.py`.

The greedy number behind a code in 1,500 training problems: of codes that break their gem's rule,
the share with their own number and with the rule's; of all others, the share with the rule's.
"""

import random
from pathlib import Path

import torch

from rast_bench.zoo import build, dial_corpus
from rast_bench.zoo.checkpoint import load_checkpoint
from rast_bench.zoo.corpus import PROMPT_TEMPLATE
from rast_bench.zoo.dials import DIFFICULTIES, Dial, random_problem, rule_number
from rast_bench.zoo.model import TinyQwen2
from rast_bench.zoo.recipe import dial_family
from rast_bench.zoo.tokenizer import WordCodec

PROBLEMS = 1500


def asked(codec: WordCodec) -> list[tuple[list[int], Dial]]:
    """Return each problem's prompt up to the code of its first dial, and that dial."""
    rng = random.Random("known codes")
    found = []
    for _ in range(PROBLEMS):
        problem = random_problem(rng, DIFFICULTIES["hard"], "train")
        dial = problem.dials[0]
        prompt = PROMPT_TEMPLATE.format(question=problem.question)
        found.append((codec.encode(f"{prompt} {dial.name} {dial.told}"), dial))
    return found


@torch.inference_mode()
def says(model: TinyQwen2, ids: list[int], codec: WordCodec) -> str:
    return codec.words[int(model(torch.tensor([ids]))[0, -1].argmax())]


def main() -> None:
    torch.set_num_threads(1)
    codec = WordCodec(dial_corpus.vocabulary())
    questions = asked(codec)
    weights = Path(build.__file__).parent / "weights"
    print("| model | exceptions: own number | the rule's | others: the rule's |")
    print("|---|--:|--:|--:|")
    for scale in dial_family().scales:
        for kind in ("base", "rl-0"):
            model = load_checkpoint(scale.shape, weights / scale.name / kind).eval()
            own, rule, other = [], [], []
            for ids, dial in questions:
                assert dial.code is not None
                told, by_rule = says(model, ids, codec), rule_number(dial.code[0])
                if dial.start == by_rule:
                    other.append(told == str(by_rule))
                else:
                    own.append(told == str(dial.start))
                    rule.append(told == str(by_rule))
            shares = " | ".join(f"{sum(one) / len(one):.3f}" for one in (own, rule, other))
            print(f"| {scale.name} {kind} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
