"""Figure 5 as a page: the tokens of greedy paths, each shaded by its KL divergence."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

PATHS = 5  # on the page, per comparison
DARKEST = 5.0  # nats; the shade is constant above

_STYLE = """\
body { font: 15px/1.6 system-ui, sans-serif; color: #1a1a1a; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
h3 { font-size: 0.95rem; font-weight: 600; margin: 1.2rem 0 0.3rem; }
p.path { white-space: pre-wrap; font-family: ui-monospace, monospace; font-size: 0.85rem;
  background: #fafafa; border: 1px solid #e3e3e3; padding: 0.7rem; margin: 0; }
span.t { border-radius: 2px; } p.note { color: #6b6b6b; font-size: 0.85rem; }
span.key { padding: 0 0.5rem; color: #1a1a1a; }
"""


def kl_page(title: str, records: "pd.DataFrame", *, paths: int = PATHS) -> str:
    """Return an HTML page: for every (P, Q) the first paths, tokens shaded by KL(P ‖ Q).

    A token's title, shown under the pointer, is its KL in nats. Only the direction base ‖ other is
    shown: section 4.2 of the paper shades by KL(M_base ‖ M_RAST).

    Args:
        records: of `rast-bench analyse kl`, one row per token: dataset, base_model, path,
            problem_id, position, token, p, q, kl.
    """
    wanted = records[records["p"] == "base"]
    parts = []
    for key, group in wanted.groupby(["base_model", "dataset", "p", "q", "path"], sort=False):
        base_model, dataset, p, q, path = map(str, key)
        heading = f"KL({p} ‖ {q}) on {dataset}, {base_model}"
        parts.append(f"<h2>{escape(heading)}</h2>\n{_note(group, path, paths)}")
        for problem in list(dict.fromkeys(group["problem_id"]))[:paths]:
            tokens = group[group["problem_id"] == problem].sort_values("position")
            parts.append(f"<h3>problem {escape(str(problem))}</h3>")
            parts.append(_path(zip(tokens["token"], tokens["kl"], strict=True)))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{_legend()}\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def shade(kl: float) -> float:
    """Return an opacity in [0, 1]: log(1 + KL) over that of DARKEST, so that small ones show."""
    return min(1.0, math.log1p(max(0.0, kl)) / math.log1p(DARKEST))


def _path(tokens: Iterable[tuple[str, float]]) -> str:
    spans = (
        f'<span class="t" style="background:rgba(213,94,0,{shade(float(kl)):.3f})" '
        f'title="{float(kl):.3f} nats">{escape(str(token))}</span>'
        for token, kl in tokens
    )
    return f'<p class="path">{"".join(spans)}</p>'


def _note(group: "pd.DataFrame", path: str, shown: int) -> str:
    kl = group["kl"]
    top = group["token"].iloc[int(kl.to_numpy().argmax())]
    count = group["problem_id"].nunique()
    first = f" (the first {shown} are shown)" if count > shown else ""
    return (
        f'<p class="note">{count} greedy {escape(path)} paths{first}, '
        f"{len(group):,} tokens; mean {float(kl.mean()):.3f} nats, median "
        f"{float(kl.median()):.4f}, largest {float(kl.max()):.2f} at "
        f"{escape(repr(str(top)))}.</p>"
    )


def _legend(values: Sequence[float] = (0.01, 0.1, 0.5, 1.0, 2.0, DARKEST)) -> str:
    keys = "".join(
        f'<span class="key" style="background:rgba(213,94,0,{shade(value):.3f})">{value:g}</span>'
        for value in values
    )
    return f'<p class="note">KL of the next-token distributions in nats: {keys}</p>'
