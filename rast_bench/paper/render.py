"""The audit as text and as JSON."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import get_args

from rast_bench.paper.audit.finding import Finding, Verdict

_TITLE = "Published numbers of RAST (arXiv 2506.15710) against what they follow from"
_HEADINGS = ("number", "published", "recomputed", "verdict")
_NOTHING = "–"
_GAP = "  "
_WIDTH = 100
_LEAST_WIDTH = 30  # minimum width of the first column


def render_audit(findings: Sequence[Finding]) -> str:
    """Return the table by rule, reasons for what does not agree, remarks, and counts."""
    rules = groupby(findings, key=lambda finding: finding.rule)
    parts = [
        _TITLE,
        *("\n".join(_section(rule, list(group))) for rule, group in rules),
        *_list("Cannot be right:", findings, "cannot be right"),
        *_list("Unlikely:", findings, "unlikely"),
        *_list("Cannot be checked:", findings, "cannot be checked"),
        *_list("Remarks on what agrees:", findings, "agrees"),
        _counts_line(findings),
    ]
    return "\n\n".join(parts) + "\n"


def render_audit_json(findings: Sequence[Finding]) -> str:
    """Return one object: `findings` and `counts`; bounds of intervals as numbers, or null."""
    record = {
        "findings": [
            {
                "rule": finding.rule,
                "number": finding.number,
                "source": finding.source,
                "published": finding.published,
                "recomputed": finding.recomputed,
                "low": float(finding.interval.low) if finding.interval else None,
                "high": float(finding.interval.high) if finding.interval else None,
                "verdict": finding.verdict,
                "note": finding.note,
            }
            for finding in findings
        ],
        "counts": _counts(findings),
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _section(rule: str, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the rule, headings and rows; the columns are as wide as this section needs.

    The first one is wrapped if a line would be too long.
    """
    rows = [
        (
            f"{finding.number} ({finding.source})",
            finding.published,
            finding.recomputed or _NOTHING,
            finding.verdict,
        )
        for finding in findings
    ]
    widest, *widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    room = max(_LEAST_WIDTH, _WIDTH - sum(widths) - len(widths) * len(_GAP))
    first = min(widest, room)
    yield rule
    for number, published, recomputed, verdict in (_HEADINGS, *rows):
        *upper, last = textwrap.wrap(number, first, subsequent_indent="  ")
        yield from upper
        numbers = (published.rjust(widths[0]), recomputed.rjust(widths[1]), verdict)
        yield _GAP.join((last.ljust(first), *numbers))


def _list(heading: str, findings: Sequence[Finding], verdict: Verdict) -> Iterator[str]:
    """Yield a part with the notes of one verdict; nothing if there are none."""
    lines = [
        line
        for finding in findings
        if finding.verdict == verdict and (finding.note or verdict == "cannot be right")
        for line in textwrap.wrap(
            _sentence(finding), _WIDTH, initial_indent="• ", subsequent_indent="  "
        )
    ]
    if lines:
        yield "\n".join([heading, *lines])


def _sentence(finding: Finding) -> str:
    text = f"{finding.number} ({finding.source}): {finding.published}"
    if finding.recomputed:
        text += f", recomputed {finding.recomputed}"
    return f"{text}; {finding.note}" if finding.note else text


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    counted = Counter(finding.verdict for finding in findings)
    return {verdict: counted[verdict] for verdict in get_args(Verdict)}


def _counts_line(findings: Sequence[Finding]) -> str:
    counted = _counts(findings)
    return (
        f"{len(findings)} checks: {counted['agrees']} agree, "
        f"{counted['cannot be right']} cannot be right, {counted['unlikely']} unlikely, "
        f"{counted['cannot be checked']} cannot be checked"
    )
