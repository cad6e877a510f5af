"""Derived numbers whose primaries were never published or could not be recovered."""

from collections.abc import Sequence

from rast_bench.paper.audit.finding import Finding, unchecked
from rast_bench.paper.published import Published

RULE = "No primaries"

_REASONS = {
    "gain": "table 2 could not be recovered",
    "mean gain": "table 3 could not be recovered",
    "response length": "table 6 could not be recovered",
    "memory saved": "table 4 could not be recovered",
    "training memory": "table 4 could not be recovered",
    "unchanged tokens": "figure 1b shows the path as a picture",
    "activation memory": "a usual value, no formula",
    "buffer memory": "a usual value, no formula",
}
_KL = "the authors' scale is the mean over the vocabulary × 10⁹: the sum is {:.2g} nats"
_VOCABULARY = 152_064  # of Qwen2.5 from 7B up
_FIGURE_10 = "neither the model nor the set is named"


def list_unchecked(records: Sequence[Published]) -> list[Finding]:
    """Every such number of the running text and the replies, with the reason."""
    found = []
    for record in records:
        if record.metric == "KL divergence":
            nats = float(record.value) * 1e-9 * _VOCABULARY
            found.append(unchecked(RULE, record, _KL.format(nats)))
        elif record.metric == "self verify frequency" and record.model is None:
            found.append(unchecked(RULE, record, _FIGURE_10))
        elif record.metric in _REASONS:
            found.append(unchecked(RULE, record, _REASONS[record.metric]))
    return found
