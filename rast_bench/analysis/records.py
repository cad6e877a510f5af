"""One row per token and comparison, as data frames; and the models that each analysis needs.

Every frame begins with IDENTITY: the path's data set, base model, cell and problem, the name of
the policy that decoded it, the token's position in it (from 0), its id and its text.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from rast_bench.analysis.divergence import kl_divergence, log_probabilities
from rast_bench.analysis.kinds import PLAUSIBLE_SHARE, Analysis
from rast_bench.analysis.path_coverage import followed
from rast_bench.analysis.policies import Policy
from rast_bench.analysis.scored import Piece, ScoredStudy
from rast_bench.analysis.similarity import delta_cosine, plausible_tokens
from rast_bench.analysis.studies import Study
from rast_bench.config.schema import ModelRef

if TYPE_CHECKING:
    import pandas as pd

IDENTITY = (
    "dataset",
    "base_model",
    "path",
    "cell_id",
    "problem_id",
    "position",
    "token_id",
    "token",
)

Columns = Mapping[str, object]


def needed_models(study: Study, analysis: Analysis) -> list[ModelRef]:
    """Return the checkpoints that an analysis loads, each once, M_base first."""
    if analysis == "similarity":
        shifts = [ref for shift in study.shifts for ref in shift.models]
        return list(dict.fromkeys([*_judges(study), *shifts]))
    policies = coverage_policies(study) if analysis == "pcr" else study.policies
    return list(dict.fromkeys([study.base.main, *(ref for p in policies for ref in p.models)]))


def coverage_policies(study: Study) -> list[Policy]:
    """Return the policies that did not decode the path; one covers its own path fully."""
    return [policy for policy in study.policies if policy != study.path]


def divergence_pairs(study: Study) -> list[tuple[Policy, Policy]]:
    """Return (P, Q) in both directions: base and RL, base and RAST, RAST and RL."""
    rl = () if study.rl is None else (study.rl,)
    pairs = [(study.base, other) for other in (*study.steered, *rl)]
    pairs += [(steered, ceiling) for steered in study.steered for ceiling in rl]
    return [ordered for p, q in pairs for ordered in ((p, q), (q, p))]


def path_coverage_records(scored: ScoredStudy) -> "pd.DataFrame":
    """Return for each token whether each policy's greedy decoding would take it (eq. 1).

    Columns beside IDENTITY: policy, followed (bool), argmax_id, argmax (its text), rank (1 is the
    most likely), log_probability (nats, at τ = 1).
    """
    parts = []
    for piece in scored.pieces():
        token_ids = piece.token_ids
        for policy in coverage_policies(scored.study):
            logs = policy.logits(piece.logits).log_softmax(-1)
            chosen = logs.gather(1, token_ids[:, None])
            best = logs.argmax(-1).tolist()
            columns = {
                "policy": policy.name,
                "followed": _array(followed(logs, token_ids)),
                "argmax_id": best,
                "argmax": [scored.text(token) for token in best],
                "rank": _array(1 + (logs > chosen).sum(-1)),
                "log_probability": _array(chosen[:, 0]),
            }
            parts.append(_rows(scored, piece, columns))
    return _frame(parts)


def similarity_records(
    scored: ScoredStudy, *, plausible_share: float = PLAUSIBLE_SHARE
) -> "pd.DataFrame":
    """Return the cosine of every two ΔR at each position (eq. 6), over all and plausible tokens.

    A token is plausible if M_base or its RL-trained sibling finds it so: one set for all pairs of a
    base model, so that pairs can be compared.

    Columns beside IDENTITY: first, second (names of ΔR; the base model's own has its name), tokens
    (`all` or `plausible`), token_count (tokens that counted), cosine (NaN if a ΔR is zero on all of
    them).
    """
    study, parts = scored.study, []
    for piece in scored.pieces():
        deltas = {shift: shift.logits(piece.logits) for shift in study.shifts}
        judged = [plausible_tokens(piece.logits(ref), plausible_share) for ref in _judges(study)]
        plausible = torch.stack(judged).any(0)
        restrictions = {"all": torch.ones_like(plausible), "plausible": plausible}
        for first, second in combinations(study.shifts, 2):
            for tokens, among in restrictions.items():
                columns = {
                    "first": first.name,
                    "second": second.name,
                    "tokens": tokens,
                    "token_count": _array(among.sum(-1)),
                    "cosine": _array(delta_cosine(deltas[first], deltas[second], among)),
                }
                parts.append(_rows(scored, piece, columns))
    return _frame(parts)


def kl_records(scored: ScoredStudy) -> "pd.DataFrame":
    """Return KL(P ‖ Q) at each position in nats, for the pairs of `divergence_pairs`.

    Columns beside IDENTITY: p, q, kl.
    """
    study, parts = scored.study, []
    for piece in scored.pieces():
        logs = {one: log_probabilities(one.logits(piece.logits)) for one in study.policies}
        for p, q in divergence_pairs(study):
            kl = _array(kl_divergence(logs[p], logs[q]))
            parts.append(_rows(scored, piece, {"p": p.name, "q": q.name, "kl": kl}))
    return _frame(parts)


def _judges(study: Study) -> list[ModelRef]:
    """Return the models that define plausible tokens: M_base and its RL sibling, if any."""
    return [study.base.main] if study.rl is None else [study.base.main, study.rl.main]


def _rows(scored: ScoredStudy, piece: Piece, columns: Columns) -> Columns:
    greedy, token_ids = scored.study.greedy, piece.token_ids.tolist()
    return {
        "dataset": greedy.dataset.name,
        "base_model": greedy.base_model.name,
        "path": scored.study.path.name,
        "cell_id": scored.cell_id,
        "problem_id": piece.problem_id,
        "position": np.arange(piece.first, piece.first + len(token_ids)),
        "token_id": token_ids,
        "token": piece.texts,
        **columns,
    }


def _frame(parts: Sequence[Columns]) -> "pd.DataFrame":
    import pandas as pd

    return pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)


def _array(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
