"""A made-up report for the page's tests: two data sets, two sections, hostile texts.

It follows the form of the viewer's data and blocks. What rast_bench writes itself is tested with the
miniature (test_report_page.py).
"""

import gzip
import json
import random
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

VERDICTS = ["correct", "wrong", "undecided", "unparsed", "truncated", "timeout", "none"]
FINISH = ["eos", "stop", "length"]
PROBLEMS = {"algebra": 120, "word problems": 30}
METHODS = [
    # section, row, role, λ, n, probability of a correct response
    ("tiny-l", "tiny-l", "base", None, 1, 0.45),
    ("tiny-l", "+ ΔR tiny-s", "rast", 1.0, 8, 0.8),
    ("tiny-l", "RL ceiling", "ceiling", None, 8, 0.9),
    ("tiny-m", "tiny-m", "base", None, 1, 0.3),
    ("tiny-m", "+ ΔR tiny-s", "rast", 1.0, 8, 0.7),
    ("tiny-m", "RL ceiling", "ceiling", None, 8, 0.8),
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
    "formula": r"$\href{javascript:window.hacked=9}{x}$ $\includegraphics{https://example.invalid/a.png}$"
    r" $\htmlStyle{position:fixed}{x}$ $\def\a{\a\a}\a$",
    "long line": "x" * 1_000_000 + r" \boxed{42}",
    "zalgo": "Z" + "\u0301\u0302\u0303\u0315" * 200,
}


def pack_columns(columns: Mapping[str, np.ndarray], **header: Any) -> bytes:
    """Return columns as an `index/…` block, not yet compressed."""
    codes = {"uint8": "u1", "uint16": "u2", "uint32": "u4", "int32": "i4", "float32": "f4"}
    rows = len(next(iter(columns.values())))
    entries = [
        {"name": name, "dtype": codes[str(column.dtype)], "offset": 0}
        for name, column in columns.items()
    ]

    def head() -> bytes:
        return json.dumps({"rows": rows, "columns": entries, **header}).encode()

    # The offsets are part of the header: room for ten digits each.
    start = 4 + len(head()) + 10 * len(entries)
    for entry, column in zip(entries, columns.values(), strict=True):
        start += -start % 8
        entry["offset"] = start
        start += column.nbytes
    text = head()
    first = entries[0]["offset"]
    text += b" " * (first - 4 - len(text))
    content = bytearray(struct.pack("<I", len(text)) + text)
    for entry, column in zip(entries, columns.values(), strict=True):
        content += b"\0" * (entry["offset"] - len(content))
        content += column.tobytes()
    return bytes(content)


def sample_text(rng: random.Random, answer: int) -> str:
    steps = rng.randint(2, 7)
    lines = [
        f"Step {step + 1}: we have $x_{step} = \\frac{{{rng.randint(1, 9)}}}{{{rng.randint(2, 9)}}} + {step}$."
        for step in range(steps)
    ]
    return "\n".join([*lines, f"Wait, let me check: {answer} fits.", rf"The answer is \boxed{{{answer}}}."])


def report(
    methods: Sequence[tuple[Any, ...]] = METHODS,
    problems: Mapping[str, int] = PROBLEMS,
    seed: int = 1,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the page's data and its blocks, gzip'ed."""
    rng = random.Random(seed)
    blocks: dict[str, Any] = {}
    cells, results, tokens = [], [], []
    for dataset, count in problems.items():
        gold = [rng.randint(2, 99) for _ in range(count)]
        listed = [
            {
                "id": f"{dataset[:3]}-{at:04d}",
                "question": f"Let $f(x) = x^2 + {at}$. What is $f({at % 7})$ minus {(at % 7) ** 2 + at - gold[at]}?",
                "gold": str(gold[at]),
            }
            for at in range(count)
        ]
        for at, (name, text) in enumerate(HOSTILE.items()):
            if dataset == "algebra":
                listed[at] = {"id": f"hostile {name}", "question": text[:2000], "gold": "42"}
        blocks[f"problems/{dataset}"] = listed
        for number, (section, row, role, lambda_, n, skill) in enumerate(methods):
            cell_id = f"{number:02d}{'ab' if dataset == 'algebra' else 'cd'}{'0' * 12}"
            cell = {
                "id": cell_id, "title": f"{row} on {dataset}", "section": section, "row": row, "role": role,
                "grid": None, "dataset": dataset, "method": role if role != "ceiling" else "rl", "base_model": section,
                "delta": "tiny-s" if role == "rast" else None, "prompt": "tiny", "lambda": lambda_,
                "temperature": 0.0 if n == 1 else 1.0, "n": n, "problems": count, "samples": count * n,
                "status": "complete", "graders": ["boxed-1", "robust-2"], "grader": "robust-2", "seed": 0, "blocks": [],
            }  # fmt: skip
            cells.append(cell)
            rows = fill_cell(cell, blocks, gold, skill, rng, hostile=dataset == "algebra")
            share = float(np.mean([row == 0 for row in rows]))
            common = {
                "section": section, "row": row, "role": role, "grid": None, "dataset": dataset, "cell_id": cell_id,
                "k": None, "interval": None, "status": "measured", "reason": "", "problems": count, "samples": n,
                "lambda": lambda_, "temperature": cell["temperature"], "main": True, "requested": True, "p_value": None,
                "holm_p_value": None, "published": [], "decimals": 1, "unit": "fraction", "direction": "higher",
            }  # fmt: skip
            error = (share * (1 - share) / count) ** 0.5
            accuracy = {**common, "measure": "accuracy", "title": "accuracy (avg@n), in percent", "estimate": share,
                        "stderr": error, "low": share - 1.96 * error, "high": min(1.0, share + 1.96 * error)}  # fmt: skip
            if section == "tiny-l" and dataset == "algebra":
                verdict = "agrees" if role == "rast" else "differs"
                accuracy["published"] = [{"source": "table 1", "value": f"{100 * share + 1.3:.1f}", "sense": "accuracy", "unit": "percent", "verdict": verdict}]
            results.append(accuracy)
            if role == "rast":
                results.append({**common, "measure": "recovery rate", "title": "recovery rate", "decimals": 0, "estimate": 0.87,
                                "stderr": None, "low": 0.71, "high": 1.02, "interval": "fieller"})  # fmt: skip
            for k in (1, 4, 8):
                if n >= k:
                    results.append({**common, "measure": "pass@k", "title": "pass@k", "k": k, "estimate": min(1.0, share + 0.02 * k),
                                    "stderr": error, "low": None, "high": None})  # fmt: skip
            length = {**common, "measure": "response length", "title": "output tokens per response", "unit": "tokens",
                      "direction": "neither", "estimate": 61.25, "stderr": 1.5, "low": None, "high": None}  # fmt: skip
            results.append(length)
    for section in dict.fromkeys(method[0] for method in methods):
        for row, role in [(method[1], method[2]) for method in methods if method[0] == section]:
            mine = [one for one in results if (one["section"], one["row"], one["measure"]) == (section, row, "accuracy")]
            mean = float(np.mean([one["estimate"] for one in mine if one["dataset"]]))
            results.append({**mine[0], "role": role, "dataset": None, "cell_id": None, "measure": "mean accuracy", "estimate": mean,
                            "title": "mean accuracy", "published": [], "low": None, "high": None})  # fmt: skip
    rast = next(cell for cell in cells if cell["role"] == "rast")
    blocks[f"tokens/{rast['id']}/12/0"] = token_measures(rng)
    tokens.append({"cell": rast["id"], "problem": 12, "sample": 0})
    data = {
        "version": 1,
        "title": "Table 1 in miniature (made up)",
        "experiment": "made_up",
        "made": {"command": "rast-bench report made_up", "time": "2026-11-29T01:00:00+00:00", "commit": "0123456789abcdef", "version": "0.1.0"},
        "provenance": [
            {"label": "engine", "value": "transformers, float32"},
            {"label": "commands", "value": "rast-bench run experiment=made_up\nrast-bench table made_up", "command": True},
            {"label": "models", "value": "tiny-l sha256:5f3a…"},
        ],
        "notes": ["avg@n: mean correctness over n samples per problem.", f"A hostile note: {HOSTILE['script']} {HOSTILE['direction']}"],
        "results": results,
        "charts": charts(),
        "cells": cells,
        "datasets": {name: {"problems": count} for name, count in problems.items()},
        "tokens": tokens,
    }  # fmt: skip
    packed = {
        name: gzip.compress(value if isinstance(value, bytes) else json.dumps(value).encode(), 6, mtime=0)
        for name, value in blocks.items()
    }
    return data, packed


def fill_cell(
    cell: dict[str, Any], blocks: dict[str, Any], gold: Sequence[int], skill: float, rng: random.Random, *, hostile: bool
) -> list[int]:
    """Add the cell's index, words and texts to the blocks; return the codes of its verdicts."""
    count, n = cell["problems"], cell["n"]
    rows = []
    texts: dict[str, Any] = {}
    size = 0
    own: list[int] = []
    names = list(HOSTILE)
    for problem in range(count):
        if not cell["blocks"] or size > 100_000:
            if texts:
                blocks[f"texts/{cell['id']}/{len(cell['blocks']) - 1}"] = texts
            cell["blocks"].append(problem)
            texts, size = {}, 0
        samples = []
        hard = rng.random()
        for i in range(n):
            right = rng.random() < skill + 0.4 * (hard - 0.5)
            answer = gold[problem] if right else rng.randint(100, 199)
            text = sample_text(rng, answer)
            extracted: str | None = str(answer)
            if hostile and problem < len(names):
                text = HOSTILE[names[problem]] if i == 0 else text
                extracted = "42" if "42" in text else None
            code = 0 if right else 1 if rng.random() < 0.9 else 3
            other = code if rng.random() < 0.95 else 1 - min(code, 1)
            own.append(code)
            tokens = len(text) // 4 if len(text) < 10_000 else 192
            rows.append((problem, i, tokens, len(text), 2 if tokens >= 192 else 0, code, other))
            verdict = {"extracted": extracted, "rule": "integer", "reason": "exact", "extraction": "boxed"}
            samples.append({"i": i, "seed": str(2**62 + problem * 64 + i), "text": text,
                            "verdicts": {"robust-2": {"verdict": VERDICTS[code], **verdict},
                                         "boxed-1": {"verdict": VERDICTS[other], **verdict}}})  # fmt: skip
            size += len(text)
        texts[str(problem)] = {"prompt": f"Question {problem} :\nAnswer :", "samples": samples}
    blocks[f"texts/{cell['id']}/{len(cell['blocks']) - 1}"] = texts
    table = np.array(rows, dtype=np.uint32)
    columns = {name: table[:, at].astype(dtype) for at, (name, dtype) in enumerate(INDEX_COLUMNS)}
    header = {"verdicts": VERDICTS, "finish": FINISH, "behaviours": ["wait", "check"]}
    blocks[f"index/{cell['id']}"] = pack_columns(columns, **header)
    words = {"behaviour:wait": np.ones(len(rows), np.uint16), "behaviour:check": (table[:, 1] % 2).astype(np.uint16)}
    blocks[f"words/{cell['id']}"] = pack_columns(words, **header)
    return own


INDEX_COLUMNS = [
    ("problem", np.uint32),
    ("sample", np.uint32),
    ("tokens", np.uint32),
    ("chars", np.uint32),
    ("finish", np.uint8),
    ("verdict:robust-2", np.uint8),
    ("verdict:boxed-1", np.uint8),
]


def token_measures(rng: random.Random) -> dict[str, Any]:
    pieces = "we have 3 apples and 4 pears , \n so 3 + 4 = 7 . \n <b>wait</b> \u202e the answer is \\boxed{ 7 }".split(" ")
    tokens = [f" {piece}" if at else piece for at, piece in enumerate(pieces)]
    def values(scale: float) -> list[float]:
        return [round(rng.expovariate(1) ** 2 * scale, 4) for _ in tokens]

    def top() -> list[list[list[Any]]]:
        return [[[token, 0.7], [" so", 0.2], [" and", 0.05]] for token in tokens]

    return {
        "tokens": tokens,
        "measures": {
            "delta": {"title": "|ΔR|", "unit": "nats", "values": values(2.0)},
            "kl": {"title": "KL(composition ‖ M)", "unit": "nats", "values": values(0.5)},
            "entropy": {"title": "entropy of M", "unit": "nats", "values": values(0.8)},
            "rank": {"title": "rank change", "unit": "", "values": [rng.randint(-4, 4) for _ in tokens]},
        },
        "top": {"M": top(), "S_RL": top(), "S_base": top(), "composition": top()},
    }


def charts() -> list[dict[str, Any]]:
    values = [
        {"row": row, "k": k, "value": 100 * (1 - (1 - share) ** (k**0.5)), "low": 0, "high": 100}
        for row, share in (("tiny-l", 0.4), ("+ ΔR tiny-s", 0.6), ("RL ceiling", 0.7))
        for k in (1, 2, 4, 8, 16, 32)
    ]
    encoding = {
        "x": {"field": "k", "type": "quantitative", "scale": {"type": "log", "base": 2}},
        "y": {"field": "value", "type": "quantitative", "title": "pass@k, in percent"},
        "color": {"field": "row", "type": "nominal", "scale": {"range": ["#0072b2", "#d55e00", "#009e73"]}},
        "tooltip": [{"field": "row"}, {"field": "k"}, {"field": "value", "format": ".1f"}],
    }
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 200,
        "data": {"values": values},
        "mark": {"type": "line", "point": True},
        "encoding": encoding,
    }
    return [
        {"id": "pass", "title": "pass@k of tiny-l", "alt": "Lines rising with k; the RL ceiling is highest.", "spec": spec},
        {"id": "bars", "title": "Values at k = 1", "alt": "Bars.", "spec": {**spec, "mark": "bar",
         "encoding": {"x": {"field": "row", "type": "nominal", "axis": {"labelAngle": 0}}, "y": encoding["y"]}}},
    ]  # fmt: skip


def large_index(rows: int = 16_000, problems: int = 500) -> bytes:
    """Return a made-up index of one cell, gzip'ed; 72 of them are table 1's 1.15 million samples."""
    rng = np.random.default_rng(0)
    problem = np.repeat(np.arange(problems), rows // problems)
    columns = [problem, np.tile(np.arange(rows // problems), problems), rng.integers(20, 4000, rows), rng.integers(80, 12_000, rows),
               rng.integers(0, 3, rows), rng.integers(0, 2, rows), rng.integers(0, 2, rows)]  # fmt: skip
    typed = {name: column.astype(dtype) for (name, dtype), column in zip(INDEX_COLUMNS, columns, strict=True)}
    return gzip.compress(pack_columns(typed, verdicts=VERDICTS, finish=FINISH, behaviours=[]), 6, mtime=0)
