"""Rows in the form of the hub's sets, made up for tests."""

import base64
import json
import pickle
import zlib
from typing import Any

HUMANEVAL_TEST = """\
import numpy as np

def is_floats(x) -> bool:
    return isinstance(x, float)

def assertion(out, exp, atol):
    assert out == exp

def check(candidate):
    inputs = [[1], [-inf], [{2: (3, 4)}]]
    results = [2, -inf, None]
    for i, (inp, exp) in enumerate(zip(inputs, results)):
        assertion(candidate(*inp), exp, 0)
"""
MBPP_TEST = """\
import numpy as np
from math import inf

def assertion(out, exp, atol):
    assert out == exp

def helper(x):
    return x

def ref_func(x):
    return helper(x) + 1

inputs = [[1], [2]]
for i, inp in enumerate(inputs):
    assertion(next_one(*inp), ref_func(*inp), 0.5)
"""


def humaneval_row(task: str = "Made/0", test: str | None = None) -> dict[str, Any]:
    simple = HUMANEVAL_TEST.replace("[-inf], [{2: (3, 4)}]", "[2]").replace("-inf, None", "3")
    return {
        "task_id": task,
        "prompt": 'def plus_one(x):\n    """ One more. """\n',
        "canonical_solution": "    return x + 1\n",
        "entry_point": "plus_one",
        "test": simple if test is None else test,
    }


def livecodebench_row(tests: list[dict[str, str]], function: str | None = None) -> dict[str, str]:
    return {
        "question_id": "made",
        "metadata": json.dumps({"func_name": function} if function else {}),
        "public_test_cases": json.dumps(tests[:1]),
        "private_test_cases": packed(json.dumps(tests[1:])),
    }


def packed(content: object) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(content))).decode()
