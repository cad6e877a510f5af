"""The responses on which a grader and math-verify disagree, for a reader to say who is right."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from grading_checks.cases import Row, read_rows
from rast_bench.grading import Judgement

FIELDS = ("pair", "right_verdict")
SHOWN = 200  # characters of an answer


def pair_id(row: Row) -> str:
    """Of a response and its gold answer, the same in every run."""
    text = json.dumps([row["dataset"], row["gold"], row["response"]])
    return sha256(text.encode()).hexdigest()[:16]


def read_file(path: Path | None) -> dict[str, Row]:
    """Return the entries of an earlier run by pair; none if there is no file.

    Raises:
        DatasetError: it cannot be read.
    """
    if path is None or not path.exists():
        return {}
    return {entry["pair"]: entry for entry in read_rows(path, FIELDS)}


def truth_of(rows: Sequence[Row], entries: dict[str, Row]) -> dict[int, bool]:
    """Return whether a response is right, by its position, as far as a reader has said so."""
    truth = {}
    for position, row in enumerate(rows):
        verdict = entries.get(pair_id(row), {}).get("right_verdict")
        if verdict in ("correct", "wrong"):
            truth[position] = verdict == "correct"
    return truth


def update_file(
    path: Path, rows: Sequence[Row], judgements: Sequence[Judgement], entries: dict[str, Row]
) -> dict[str, int]:
    """Write every disagreement, keeping what readers said.

    `right_verdict` ("correct" or "wrong", of the response) and `note` are the reader's: once filled
    they stay, even while the graders agree. Return the number of entries, and of unread ones.
    """
    kept: dict[str, Row] = {}
    for row, judgement in zip(rows, judgements, strict=True):
        pair = pair_id(row)
        before = entries.get(pair, {})
        read = before.get("right_verdict", "")
        differs = (judgement.kind == "correct") != row["math_verify_correct"]
        if not (differs or read):
            continue
        kept[pair] = {
            "pair": pair,
            "response": row.get("id", ""),
            "dataset": row["dataset"],
            "gold": row["gold"][:SHOWN],
            "answer": (judgement.extracted or "")[:SHOWN],
            "robust": judgement.kind,
            "math_verify": "correct" if row["math_verify_correct"] else "wrong",
            "simplerl": "correct" if row["simplerl_correct"] else "wrong",
            "right_verdict": read,
            "note": before.get("note", ""),
        }
    ordered = sorted(kept.values(), key=lambda each: (each["dataset"], each["gold"], each["pair"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in ordered)
    path.write_text(text, encoding="utf-8")
    return {"entries": len(kept), "unread": sum(not each["right_verdict"] for each in ordered)}
