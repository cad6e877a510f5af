"""Question, prompt and gold answer of samples: not in the ledger, but in the data set."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from rast_bench.api.cells import StoredCell
from rast_bench.domain import Problem
from rast_bench.errors import RastBenchError


class ProblemSource:
    """The problems of cells, each data set read once; a note for each one that is unavailable.

    A data set counts only if it is the one that the samples were made from: its content must have
    the fingerprint in the cell's identity.
    """

    def __init__(self) -> None:
        self._read: dict[str, tuple[str, Mapping[str, Problem]] | str] = {}

    def problems(self, cell: StoredCell, notes: list[str]) -> Mapping[str, Problem]:
        """Return problems by id; empty, with a note, if the data set is unavailable."""
        reason = "no run left a manifest with its location"
        for settings in _settings(cell):
            found = self._set(settings)
            if isinstance(found, str):
                reason = found
                continue
            fingerprint, problems = found
            if fingerprint == cell.identity["dataset"]:
                return problems
            reason = "its content differs from that used for the samples"
        notes.append(f"data set {cell.dataset}: question, prompt and gold are left empty: {reason}")
        return {}

    def _set(self, settings: dict[str, Any]) -> tuple[str, Mapping[str, Problem]] | str:
        """Return fingerprint and problems, or why it cannot be read."""
        from rast_bench.config.schema import DatasetConfig
        from rast_bench.config.validate import validated
        from rast_bench.datasets import dataset_fingerprint, load_problems

        key = json.dumps(settings, sort_keys=True)
        if key not in self._read:
            try:
                problems = load_problems(validated(DatasetConfig, settings))
                by_id = {problem.problem_id: problem for problem in problems}
                self._read[key] = dataset_fingerprint(problems), by_id
            except RastBenchError as error:
                self._read[key] = error.message
        return self._read[key]


def _settings(cell: StoredCell) -> list[dict[str, Any]]:
    """Return the distinct settings of the data set in the runs' manifests, the latest first.

    The limit is left out: it does not affect the location.
    """
    found: dict[str, dict[str, Any]] = {}
    for manifest in reversed(cell.manifests):
        settings = manifest["config"].get("dataset")
        if isinstance(settings, dict):
            whole = {**settings, "limit": None, "limit_seed": None}
            found.setdefault(json.dumps(whole, sort_keys=True), whole)
    return list(found.values())


def prompt_of(cell: StoredCell, problem: Problem, sha256: str) -> str | None:
    """Return the model's input, or None if it does not have the sample's SHA-256."""
    template: str = cell.identity["prompt"]["template"]
    prompt = template.replace("{question}", problem.question)
    return prompt if hashlib.sha256(prompt.encode()).hexdigest() == sha256 else None
