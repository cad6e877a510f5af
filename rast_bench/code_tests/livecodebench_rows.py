"""Tests from rows of livecodebench/code_generation_lite on the hub.

Public and private tests are JSON: a list of {input, output, testtype}. The private ones may be
packed: base64 of zlib of a pickle of that JSON. The unpickler rejects all classes.
"""

import base64
import binascii
import io
import json
import pickle
import zlib
from collections.abc import Mapping
from typing import Any

from rast_bench.code_tests.tests import CodeTests, FunctionTests, StdioTests
from rast_bench.errors import DatasetError

_STARRED = (
    *("string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random"),
    *("statistics", "itertools", "functools", "operator", "io", "sys", "json", "builtins"),
    "typing",
)
_PLAIN = [name for name in _STARRED if name not in ("builtins", "typing")]
PREAMBLE = "\n".join(
    [
        *(f"from {name} import *" for name in _STARRED),
        *(f"import {name}" for name in _PLAIN),
        "sys.setrecursionlimit(50000)",
        "",
    ]
)
"""The preamble that LiveCodeBench's own runner adds to every program (testing_util.py)."""


MAX_UNPACKED_BYTES = 1 << 30  # private tests of one problem


def livecodebench_tests(row: Mapping[str, Any]) -> CodeTests:
    """Return the tests of one row: the public ones, then the private ones.

    Fields: question_id, public_test_cases, private_test_cases, metadata.

    Raises:
        DatasetError: they cannot be read, or are of an unknown kind.
    """
    name = f"LiveCodeBench {row.get('question_id', '?')}"
    try:
        tests = [*_read(row["public_test_cases"]), *_read(row["private_test_cases"])]
        inputs = [str(test["input"]) for test in tests]
        outputs = [str(test["output"]) for test in tests]
        kinds = {test["testtype"] for test in tests}
        if kinds == {"stdin"}:
            return StdioTests(tuple(inputs), tuple(outputs), PREAMBLE)
        if kinds != {"functional"}:
            raise ValueError(f"test kinds {sorted(kinds)}")
        function = function_of(row)
        if function is None:
            raise ValueError("no func_name in 'metadata'")
        return FunctionTests(
            function,
            tuple(tuple(json.loads(line) for line in text.split("\n")) for text in inputs),
            tuple(json.loads(text) for text in outputs),
            oracle="json",
            preamble=PREAMBLE,
        )
    except (ValueError, TypeError, KeyError) as error:
        raise DatasetError(
            f"the tests of {name} cannot be read: {error}", hint="download the data set again"
        ) from error


def function_of(row: Mapping[str, Any]) -> str | None:
    """Return `Solution.…`, the method that a "functional" problem asks for; None for a program.

    Raises:
        DatasetError: `metadata` is not JSON.
    """
    try:
        name = json.loads(row["metadata"] or "{}").get("func_name")
    except (ValueError, AttributeError) as error:
        place = f"LiveCodeBench {row.get('question_id', '?')}"
        raise DatasetError(
            f"the metadata of {place} cannot be read: {error}", hint="download the data set again"
        ) from error
    return f"Solution.{name}" if name else None


def _read(text: str) -> list[Mapping[str, Any]]:
    try:
        return list(json.loads(text))
    except ValueError:
        return list(json.loads(_unpacked(text)))


def _unpacked(text: str) -> str:
    try:
        unzip = zlib.decompressobj()
        data = unzip.decompress(base64.b64decode(text), MAX_UNPACKED_BYTES)
        if unzip.unconsumed_tail:
            raise ValueError(f"more than {MAX_UNPACKED_BYTES:,} bytes")
        content = _NoClasses(io.BytesIO(data)).load()
    except (binascii.Error, zlib.error, pickle.UnpicklingError, EOFError) as error:
        raise ValueError(f"neither JSON nor packed JSON ({error})") from error
    if not isinstance(content, str):
        raise ValueError(f"packed {type(content).__name__}, not text")
    return content


class _NoClasses(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"names {module}.{name}")
