import json
from pathlib import Path

import pytest

from rast_bench.code_tests import extract_program

CASES = json.loads(Path(__file__).with_name("extraction_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_program_of_a_response(case: dict[str, str]) -> None:
    program = extract_program(
        case["response"], entry_point=case.get("entry_point", ""), prompt=case.get("prompt", "")
    )

    assert program == case["program"]
