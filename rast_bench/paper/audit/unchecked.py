"""Derived numbers whose primaries were never published or are missing from results/paper/."""

from collections.abc import Sequence
from fractions import Fraction

from rast_bench.paper.audit.finding import Finding, compared, name, unchecked
from rast_bench.paper.published import Published, select

RULE = "No primaries"

_REASONS = {
    "gain": "table 2 could not be recovered",
    "mean gain": "table 3 could not be recovered",
    "response length": "table 6 could not be recovered",
    "unchanged tokens": "figure 1b shows the path as a picture",
    "activation memory": "a usual value, no formula",
    "buffer memory": "a usual value, no formula",
}
_KL = "the authors' scale is the mean over the vocabulary × 10⁹: the sum is {:.2g} nats"
_VOCABULARY = 152_064  # of Qwen2.5 from 7B up


def list_unchecked(records: Sequence[Published]) -> list[Finding]:
    """Return every such number of the text and the replies, with the reason."""
    found = []
    for record in records:
        if record.metric == "KL divergence":
            nats = float(record.value) * 1e-9 * _VOCABULARY
            found.append(unchecked(RULE, record, _KL.format(nats)))
        elif record.metric == "self verify frequency" and record.model is None:
            found.append(_figure_10(records, record))
        elif record.metric in _REASONS:
            found.append(unchecked(RULE, record, _REASONS[record.metric]))
    return found


def _figure_10(records: Sequence[Published], record: Published) -> Finding:
    """Match a bar of figure 10a, which names neither model nor set, with reply 5.

    Figure 10 is of 32B; if exactly one frequency of reply 5 matches, the bar is taken for that one.
    """
    printed = [
        one
        for one in select(records, source="reply 5", metric=record.metric, model="qwen2.5-32b")
        if one.interval.contains(Fraction(record.value))
    ]
    if len(printed) != 1:
        return unchecked(RULE, record, "neither the model nor the set is named", *printed)
    note = f"taken for {name(printed[0])}, {printed[0].value} in reply 5; neither is named here"
    return compared(RULE, record, printed[0].interval, printed, note=note)
