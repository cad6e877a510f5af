"""A made-up report for the page's tests: two data sets, two sections, hostile texts.

It has the form that rast_bench.viewer gives to a real one.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rast_bench.viewer.blocks import column_bytes, json_bytes, packed
from rast_bench.viewer.samples import FINISH, VERDICTS

PROBLEMS = {"algebra": 120, "word problems": 30}


class Method(NamedTuple):
    section: str
    row: str
    role: str
    lambda_: float | None
    n: int
    skill: float  # probability of a correct response


METHODS = [
    Method("tiny-l", "tiny-l", "base", None, 1, 0.45),
    Method("tiny-l", "+ ΔR tiny-s", "rast", 1.0, 8, 0.8),
    Method("tiny-l", "RL ceiling", "ceiling", None, 8, 0.9),
    Method("tiny-m", "tiny-m", "base", None, 1, 0.3),
    Method("tiny-m", "+ ΔR tiny-s", "rast", 1.0, 8, 0.7),
    Method("tiny-m", "RL ceiling", "ceiling", None, 8, 0.8),
]

HOSTILE = {
    "script": "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>",
    "svg": "<svg onload='window.hacked = 3'><a xlink:href='javascript:window.hacked=4'>x</a></svg>",
    "end": "</script><script>window.hacked = 5</script><!-- </textarea></title>",
    "controls": "bell \x07 null \x00 escape \x1b[31m delete \x7f next line \x85 return \r\n",
    "direction": "the answer is \u202e24\u202c, not \u206642\u2069 \u200b\u200f\ufeff",
    "surrogate": "lone \ud83d and \udc00, tag \U000e0041",
    "template": "{{ constructor.constructor('window.hacked = 6')() }} ${window.hacked = 7}",
    "link": "[x](javascript:window.hacked=8) https://example.invalid/pixel.png",
    "formula": r"$\href{javascript:window.hacked=9}{x}$ "
    r"$\includegraphics{https://example.invalid/a.png}$ "
    r"$\htmlStyle{position:fixed}{x}$ $\def\a{\a\a}\a$",
    "long line": "x" * 1_000_000 + r" \boxed{42}",
    "zalgo": "Z" + "\u0301\u0302\u0303\u0315" * 200,
}
"""What models may say, by name. `algebra` has a problem for each, whose first samples say it."""

COLUMNS = {
    "problem": np.uint32,
    "sample": np.uint32,
    "tokens": np.uint32,
    "chars": np.uint32,
    "finish": np.uint8,
    "verdict:robust-2": np.uint8,
    "verdict:boxed-1": np.uint8,
}
CODES = [VERDICTS.index(name) for name in ("correct", "wrong", "unparsed")]
EOS, LENGTH = FINISH.index("eos"), FINISH.index("length")


def report(problems: Mapping[str, int] = PROBLEMS) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the page's data and its blocks."""
    rng = random.Random(1)
    blocks: dict[str, Any] = {}
    cells, results = [], []
    for dataset, count in problems.items():
        names = list(HOSTILE) if dataset == "algebra" else []
        listed = [_problem(dataset, at, rng) for at in range(count)]
        for at, name in enumerate(names):
            question = HOSTILE[name][:2000]
            listed[at] = {"id": f"hostile {name}", "question": question, "gold": "42"}
        blocks[f"problems/{dataset}"] = listed
        gold = [one["gold"] for one in listed]
        for number, method in enumerate(METHODS):
            cell = _cell(f"{number:02d}{'ab' if names else 'cd'}{'0' * 12}", method, dataset, count)
            cells.append(cell)
            verdicts = _fill(cell, method.skill, gold, names, blocks, rng)
            share = verdicts.count(CODES[0]) / len(verdicts)
            results += _results(cell, method, share)
    results += _means(results)
    rast = next(cell["id"] for cell in cells if cell["role"] == "rast")
    blocks[f"tokens/{rast}/12/0"] = _token_measures(rng)
    commands = "rast-bench run experiment=made_up\nrast-bench table made_up"
    data = {
        "version": 1,
        "title": "Table 1 in miniature (made up)",
        "experiment": "made_up",
        "made": {
            "command": "rast-bench report made_up",
            "time": "2026-11-29",
            "commit": "0123456789abcdef",
            "version": "0.1.0",
        },
        "provenance": [
            {"label": "engine", "value": "transformers, float32"},
            {"label": "commands", "value": commands, "command": True},
        ],
        "notes": [
            "avg@n: mean correctness over n samples per problem.",
            f"A hostile note: {HOSTILE['script']} {HOSTILE['direction']}",
        ],
        "results": results,
        "charts": _charts(),
        "cells": cells,
        "datasets": {name: {"problems": count} for name, count in problems.items()},
        "tokens": [{"cell": rast, "problem": 12, "sample": 0}],
    }
    return data, {
        name: packed(value if isinstance(value, bytes) else json_bytes(value))
        for name, value in blocks.items()
    }


def large_index(rows: int = 16_000, problems: int = 500) -> bytes:
    """Return the index of a made-up cell; 72 of them are table 1's 1.15 million samples."""
    rng = np.random.default_rng(0)
    each = rows // problems
    values = [
        np.repeat(np.arange(problems), each),
        np.tile(np.arange(each), problems),
        *(rng.integers(low, high, rows) for low, high in ((20, 4000), (80, 12_000))),
        *(rng.integers(0, high, rows) for high in (len(FINISH), 2, 2)),
    ]
    columns = {
        name: column.astype(dtype)
        for (name, dtype), column in zip(COLUMNS.items(), values, strict=True)
    }
    return packed(column_bytes(columns, {"verdicts": VERDICTS, "finish": FINISH}))


def _problem(dataset: str, at: int, rng: random.Random) -> dict[str, str]:
    gold = rng.randint(2, 99)
    less = (at % 7) ** 2 + at - gold
    question = f"Let $f(x) = x^2 + {at}$. What is $f({at % 7})$ minus {less}?"
    return {"id": f"{dataset[:3]}-{at:04d}", "question": question, "gold": str(gold)}


def _cell(cell_id: str, method: Method, dataset: str, problems: int) -> dict[str, Any]:
    return {
        "id": cell_id,
        "title": f"{method.row} on {dataset}",
        "section": method.section,
        "row": method.row,
        "role": method.role,
        "grid": None,
        "dataset": dataset,
        "method": "rl" if method.role == "ceiling" else method.role,
        "base_model": method.section,
        "delta": "tiny-s" if method.role == "rast" else None,
        "prompt": "tiny",
        "lambda": method.lambda_,
        "temperature": 0.0 if method.n == 1 else 1.0,
        "n": method.n,
        "problems": problems,
        "samples": problems * method.n,
        "wanted": problems * method.n,
        "status": "complete",
        "graders": ["boxed-1", "robust-2"],
        "grader": "robust-2",
        "seed": 0,
        "blocks": [],
    }


def _fill(
    cell: dict[str, Any],
    skill: float,
    gold: Sequence[str],
    hostile: Sequence[str],
    blocks: dict[str, Any],
    rng: random.Random,
) -> list[int]:
    """Add the cell's index, words and texts to the blocks; return the codes of its verdicts."""
    rows: list[tuple[int, ...]] = []
    texts: dict[str, Any] = {}
    size = 0
    for problem, right_answer in enumerate(gold):
        if not cell["blocks"] or size > 100_000:
            texts, size = {}, 0
            blocks[f"texts/{cell['id']}/{len(cell['blocks'])}"] = texts
            cell["blocks"].append(problem)
        samples = []
        chance = skill + 0.4 * (rng.random() - 0.5)
        for i in range(cell["n"]):
            right = rng.random() < chance
            answer = right_answer if right else str(rng.randint(100, 199))
            text = _response(rng, answer)
            if problem < len(hostile) and i == 0:
                text, answer = HOSTILE[hostile[problem]], "42"
            code = CODES[0] if right else CODES[1 if rng.random() < 0.9 else 2]
            other = code if rng.random() < 0.95 else CODES[1 if right else 0]
            tokens = min(192, len(text) // 4)
            finish = LENGTH if tokens == 192 else EOS
            rows.append((problem, i, tokens, len(text), finish, code, other))
            samples.append(
                _sample(problem, i, text, answer if answer in text else None, code, other)
            )
            size += len(text)
        texts[str(problem)] = {"prompt": f"Question {problem} :\nAnswer :", "samples": samples}
    table = np.array(rows, np.uint32)
    columns = {name: table[:, at].astype(dtype) for at, (name, dtype) in enumerate(COLUMNS.items())}
    blocks[f"index/{cell['id']}"] = column_bytes(columns, {"verdicts": VERDICTS, "finish": FINISH})
    words = {
        "behaviour:wait": np.ones(len(rows), np.uint16),
        "behaviour:check": (table[:, 1] % 2).astype(np.uint16),  # in samples 1, 3, …
    }
    blocks[f"words/{cell['id']}"] = column_bytes(words, {"behaviours": ["wait", "check"]})
    return [row[5] for row in rows]


def _response(rng: random.Random, answer: str) -> str:
    lines = [
        rf"Step {step + 1}: $x_{step} = \frac{{{rng.randint(1, 9)}}}{{{rng.randint(2, 9)}}}$."
        for step in range(rng.randint(2, 7))
    ]
    end = rf"The answer is \boxed{{{answer}}}."
    return "\n".join([*lines, f"Wait, let me check: {answer} fits.", end])


def _sample(
    problem: int, i: int, text: str, extracted: str | None, code: int, other: int
) -> dict[str, Any]:
    how = {"extracted": extracted, "rule": "integer", "reason": "exact", "extraction": "boxed"}
    return {
        "i": i,
        "seed": str(2**62 + problem * 64 + i),
        "text": text,
        "verdicts": {
            "boxed-1": {"verdict": VERDICTS[other], **how},
            "robust-2": {"verdict": VERDICTS[code], **how},
        },
    }


def _results(cell: dict[str, Any], method: Method, share: float) -> Iterator[dict[str, Any]]:
    error = (share * (1 - share) / cell["problems"]) ** 0.5
    common = {
        **{name: cell[name] for name in ("section", "row", "role", "grid", "dataset", "problems")},
        **{name: cell[name] for name in ("lambda", "temperature")},
        "cell_id": cell["id"],
        "samples": method.n,
        "k": None,
        "interval": None,
        "status": "measured",
        "reason": "",
        "main": True,
        "requested": True,
        "p_value": None,
        "holm_p_value": None,
        "published": [],
        "low": None,
        "high": None,
        "decimals": 1,
        "unit": "fraction",
        "direction": "higher",
        "stderr": error,
    }
    accuracy = {**common, "measure": "accuracy", "title": "accuracy (avg@n), in percent"}
    accuracy |= {"estimate": share, "low": share - 1.96 * error, "high": share + 1.96 * error}
    if (method.section, cell["dataset"]) == ("tiny-l", "algebra"):
        verdict = "agrees" if method.role == "rast" else "differs"
        told = {"source": "table 1", "value": f"{100 * share + 1.3:.1f}", "sense": "accuracy"}
        accuracy["published"] = [{**told, "unit": "percent", "verdict": verdict}]
    yield accuracy
    if method.role == "rast":
        recovery = {**common, "measure": "recovery rate", "title": "recovery rate"}
        yield recovery | {"estimate": 0.87, "low": 0.71, "high": 1.02, "interval": "fieller"}
    for k in (1, 4, 8):
        if k <= method.n:
            estimate = min(1.0, share + 0.02 * k)
            yield {**common, "measure": "pass@k", "title": "pass@k", "k": k, "estimate": estimate}
    length = {**common, "measure": "response length", "title": "output tokens per response"}
    yield length | {"unit": "tokens", "direction": "neither", "estimate": 61.25, "stderr": 1.5}


def _means(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in results:
        if one["measure"] == "accuracy":
            rows.setdefault((one["section"], one["row"]), []).append(one)
    nowhere = {"dataset": None, "cell_id": None, "published": [], "low": None, "high": None}
    return [
        {
            **own[0],
            **nowhere,
            "measure": "mean accuracy",
            "title": "mean accuracy",
            "estimate": sum(one["estimate"] for one in own) / len(own),
        }
        for own in rows.values()
    ]


def _token_measures(rng: random.Random) -> dict[str, Any]:
    said = "we have 3 apples and 4 pears , \n so 3 + 4 = 7 . \n <b>wait</b> \u202e is \\boxed{ 7 }"
    tokens = [f" {piece}" if at else piece for at, piece in enumerate(said.split(" "))]

    def measure(title: str, unit: str, scale: float) -> dict[str, Any]:
        values = [round(rng.expovariate(1) ** 2 * scale, 4) for _ in tokens]
        return {"title": title, "unit": unit, "values": values}

    top = [[[token, 0.7], [" so", 0.2], [" indeed", 0.05]] for token in tokens]
    changed = [
        [[" pears", 0.9]] if token == " apples" else top[at] for at, token in enumerate(tokens)
    ]
    ranks = [rng.randint(-4, 4) for _ in tokens]
    return {
        "tokens": tokens,
        "measures": {
            "delta": measure("|ΔR|", "nats", 2.0),
            "kl": measure("KL(composition ‖ M)", "nats", 0.5),
            "entropy": measure("entropy of M", "nats", 0.8),
            "rank": {"title": "rank change", "unit": "", "values": ranks},
        },
        "top": {"M": top, "S_RL": top, "S_base": top, "composition": changed},
    }


def _charts() -> list[dict[str, Any]]:
    values = [
        {"row": row, "k": k, "value": 100 * (1 - (1 - share) ** (k**0.5))}
        for row, share in (("tiny-l", 0.4), ("+ ΔR tiny-s", 0.6), ("RL ceiling", 0.7))
        for k in (1, 2, 4, 8, 16, 32)
    ]
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 200,
        "data": {"values": values},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "k", "type": "quantitative", "scale": {"type": "log", "base": 2}},
            "y": {"field": "value", "type": "quantitative", "title": "pass@k, in percent"},
            "color": {"field": "row", "type": "nominal"},
            "tooltip": [{"field": "row"}, {"field": "value", "format": ".1f"}],
        },
    }
    alt = "Lines rising with k; the RL ceiling is highest."
    return [{"id": "pass", "title": "pass@k of tiny-l", "alt": alt, "spec": spec}]
