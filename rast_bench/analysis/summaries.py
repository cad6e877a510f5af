"""Means over paths of per-token records: each path has the same weight, however long it is.

A summary has one row per comparison along the paths of one cell. Its interval is the 95 % t
interval of `clustered_mean` with problems as clusters; standard_error, low and high are NaN for
one problem.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rast_bench.analysis.kinds import Analysis
from rast_bench.analysis.path_coverage import path_coverage_rate
from rast_bench.metrics.accuracy import clustered_mean

if TYPE_CHECKING:
    import pandas as pd

STUDY = ("dataset", "base_model", "path", "cell_id")
ESTIMATE = ("standard_error", "low", "high")

LARGE_KL = 1.0  # nats: normal tokens stay below it (section 4.2)
TOP_SHARE = 0.05  # of the tokens


def summarise(analysis: Analysis, records: "pd.DataFrame") -> "pd.DataFrame":
    """Return the summary of an analysis from its records (see `records`)."""
    if analysis == "pcr":
        return path_coverage_summary(records)
    return similarity_summary(records) if analysis == "similarity" else kl_summary(records)


def path_coverage_per_path(records: "pd.DataFrame") -> "pd.DataFrame":
    """Return the PCR of every path of at least two tokens (eq. 2).

    Columns: those of STUDY, policy, problem_id, positions (tokens of the path), pcr,
    first_followed (whether the policy takes the first token, which eq. 2 leaves out).
    """
    import pandas as pd

    keys = [*STUDY, "policy", "problem_id"]
    rows = []
    for key, path in records.groupby(keys, sort=False):
        if len(path) >= 2:
            matches = path.sort_values("position")["followed"].tolist()
            rows.append((*_tuple(key), len(path), path_coverage_rate(matches), matches[0]))
    return pd.DataFrame(rows, columns=[*keys, "positions", "pcr", "first_followed"])


def path_coverage_summary(records: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mean PCR over paths, "the sample-level average" of section 2.1.

    Columns: those of STUDY, policy, trajectories, positions, pcr, those of ESTIMATE,
    first_followed (share of paths).
    """
    keys = [*STUDY, "policy"]
    per_path = path_coverage_per_path(records)
    first = per_path.groupby(keys, sort=False)["first_followed"].mean().reset_index()
    return _means(per_path, keys, "pcr").merge(first, on=keys)


def similarity_summary(records: "pd.DataFrame") -> "pd.DataFrame":
    """Return AvgCosineSim (eq. 6): the mean over positions, then over paths.

    Columns: those of STUDY, first, second, tokens, trajectories, positions, cosine, those of
    ESTIMATE, undefined (positions at which a ΔR is zero, left out).
    """
    keys = [*STUDY, "first", "second", "tokens"]
    defined = records[records["cosine"].notna()]
    summary = _means(_path_means(defined, keys, "cosine"), keys, "cosine")
    undefined = records["cosine"].isna().groupby([records[key] for key in keys], sort=False).sum()
    return summary.merge(undefined.rename("undefined").reset_index(), on=keys)


def kl_summary(records: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mean KL over positions, then over paths, in nats, and its spread over positions.

    Columns: those of STUDY, p, q, trajectories, positions, kl, those of ESTIMATE, and over all
    positions: median, q90, q99, max, share_above_1 (of positions beyond 1 nat), top_5_share (share
    of the sum in the 5 % of positions with the largest KL; NaN if the sum is 0).
    """
    import pandas as pd

    keys = [*STUDY, "p", "q"]
    summary = _means(_path_means(records, keys, "kl"), keys, "kl")
    rows = []
    for key, group in records.groupby(keys, sort=False):
        kl = group["kl"].sort_values(ascending=False)
        total = float(kl.sum())
        top = float(kl.head(math.ceil(TOP_SHARE * len(kl))).sum())
        quantiles = [float(kl.quantile(level)) for level in (0.5, 0.9, 0.99)]
        above = float((kl > LARGE_KL).mean())
        share = top / total if total > 0 else math.nan
        rows.append((*_tuple(key), *quantiles, float(kl.max()), above, share))
    spread = ["median", "q90", "q99", "max", "share_above_1", "top_5_share"]
    return summary.merge(pd.DataFrame(rows, columns=[*keys, *spread]), on=keys)


def _path_means(records: "pd.DataFrame", keys: Sequence[str], value: str) -> "pd.DataFrame":
    """Return the mean of each path, and its number of positions."""
    grouped = records.groupby([*keys, "problem_id"], sort=False)[value]
    means = grouped.mean().reset_index()
    means["positions"] = grouped.size().to_numpy()
    return means


def _means(per_path: "pd.DataFrame", keys: Sequence[str], value: str) -> "pd.DataFrame":
    import pandas as pd

    rows = []
    for key, group in per_path.groupby(list(keys), sort=False):
        scores = group[value].to_numpy(dtype=float)
        found = clustered_mean(scores, group["problem_id"].tolist())
        spread = (found.standard_error, found.low, found.high) if found else (math.nan,) * 3
        counts = len(group), int(group["positions"].sum())
        rows.append((*_tuple(key), *counts, float(scores.mean()), *spread))
    columns = [*keys, "trajectories", "positions", value, *ESTIMATE]
    return pd.DataFrame(rows, columns=columns)


def _tuple(key: object) -> tuple[object, ...]:
    return key if isinstance(key, tuple) else (key,)
