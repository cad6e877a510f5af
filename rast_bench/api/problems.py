"""Question, prompt and gold answer of samples: not in the ledger, but in the data set."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from rast_bench.api.cells import StoredCell
from rast_bench.domain import Problem
from rast_bench.errors import RastBenchError


class ProblemSource:
    """The problems of cells, each data set read once; a note for each that is not at hand.

    A data set counts only if it is the one that the samples were made of: its content must have the
    fingerprint in the cell's identity.
    """

    def __init__(self) -> None:
        self._read: dict[str, tuple[str, Mapping[str, Problem]] | str] = {}

    def problems(self, cell: StoredCell, notes: list[str]) -> Mapping[str, Problem]:
        """By problem id; empty, with a note, where the data set is not at hand."""
        reason = "no run left a manifest that says where it lies"
        for settings in _settings(cell):
            found = self._set(settings)
            if isinstance(found, str):
                reason = found
                continue
            fingerprint, problems = found
            if fingerprint == cell.identity["dataset"]:
                return problems
            reason = "its content is not that of which the samples were made"
        notes.append(f"data set {cell.dataset}: question, prompt and gold are left empty: {reason}")
        return {}

    def _set(self, settings: dict[str, Any]) -> tuple[str, Mapping[str, Problem]] | str:
        """Fingerprint and problems, or why it cannot be read."""
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
    """The settings of the data set in the runs' manifests, distinct, the latest first.

    Its limit says nothing about where it lies.
    """
    found: dict[str, dict[str, Any]] = {}
    for manifest in reversed(cell.manifests):
        settings = manifest["config"].get("dataset")
        if isinstance(settings, dict):
            whole = {**settings, "limit": None, "limit_seed": None}
            found.setdefault(json.dumps(whole, sort_keys=True), whole)
    return list(found.values())


def prompt_of(cell: StoredCell, problem: Problem, sha256: str) -> str | None:
    """What the model read, None where it does not have the SHA-256 that the sample tells."""
    template: str = cell.identity["prompt"]["template"]
    prompt = template.replace("{question}", problem.question)
    return prompt if hashlib.sha256(prompt.encode()).hexdigest() == sha256 else None
