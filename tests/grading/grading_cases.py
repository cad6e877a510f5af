"""Cases kept as data: one JSON object a line."""

import json
from pathlib import Path
from typing import Any


def load_cases(name: str) -> list[dict[str, Any]]:
    text = Path(__file__).with_name(name).read_text("utf-8")
    return [json.loads(line) for line in text.split("\n") if line]
