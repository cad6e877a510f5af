"""The page: its template, style sheet and scripts, and how they become one HTML file.

There is no build step. The scripts are classic scripts, since a page opened from disk can load no
modules; `render` joins them into one. Libraries (vendor/, renewed by scripts/vendor_web.py) lie in
the page compressed and start when a chart or a formula is first drawn.

All that is shown comes in as data: the page's scripts add texts as text, never as markup, and the
content-security policy lets nothing run but the scripts whose hashes it names.
"""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

Source = Literal["inline", "files", "server"]
"""Where the page finds its blocks: in itself, in files beside it, or at the local server."""

_HERE = Path(__file__).parent

SCRIPTS = (
    "dom.js",
    "text.js",
    "blocks.js",
    "columns.js",
    "state.js",
    "formulas.js",
    "tokens.js",
    "table.js",
    "charts.js",
    "overview.js",
    "selection.js",
    "search.js",
    "filters.js",
    "problems.js",
    "responses.js",
    "samples.js",
    "main.js",
)
"""In the order in which they are joined."""

_VENDOR = _HERE / "vendor"


def render(data: Mapping[str, Any], *, blocks: Mapping[str, bytes] | None, source: Source) -> str:
    """Return the page as HTML.

    Args:
        data: what the page shows at once: title, results, charts, cells, notes, provenance.
        blocks: gzip'ed problems, indices and texts by their names, put into the page; None if the
            page loads them from elsewhere.
        source: where the page finds the blocks.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("page.html.j2").render(
        title=data["title"],
        policy=content_security_policy(source),
        style=_style(),
        script=_script(),
        data=json_for_html({**data, "source": source}),
        blocks={name: _base64(content) for name, content in (blocks or {}).items()},
        libraries={name: _packed(text) for name, text in _libraries().items()},
    )


def content_security_policy(source: Source) -> str:
    """Return the policy: the page's own scripts and styles by hash, and nothing else.

    A page with chunk files must load them; 'strict-dynamic' allows that to its own scripts alone.
    """
    libraries = _libraries()
    scripts = [_script(), *(text for name, text in libraries.items() if name != "formula-style")]
    styles = [_style(), libraries["formula-style"]]
    dynamic = " 'strict-dynamic'" if source == "files" else ""
    connect = "'self'" if source == "server" else "'none'"
    return (
        "default-src 'none'; "
        f"script-src {' '.join(map(_hash, scripts))}{dynamic}; "
        f"style-src {' '.join(map(_hash, styles))}; "
        f"img-src data:; font-src data:; connect-src {connect}; base-uri 'none'; form-action 'none'"
    )


def block_script(name: str, content: bytes) -> str:
    """Return a chunk file: the script that hands the page the block `name`, gzip'ed."""
    return f'rastBlock({json.dumps(name)}, "{_base64(content)}");\n'


def json_for_html(value: Any) -> str:
    """Return JSON that cannot end the script element which holds it. Pure ASCII."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def _style() -> str:
    return (_HERE / "style.css").read_text(encoding="utf-8")


@cache
def _script() -> str:
    parts = [(_HERE / name).read_text(encoding="utf-8") for name in SCRIPTS]
    script = '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"
    if re.search(r"</script|<!--", script, re.IGNORECASE):
        raise ValueError("a script of the page holds what would end its element")
    return script


@cache
def _libraries() -> dict[str, str]:
    """Return what starts on first use, as text: scripts, and the style of formulas."""
    vega = [_vendored("vega/vega.min.js"), _vendored("vega-lite/vega-lite.min.js")]
    return {
        "charts": "\n;\n".join([*vega, _interpreter()]),
        "formulas": _vendored("katex/katex.min.js"),
        "formula-style": _formula_style(),
    }


def _interpreter() -> str:
    """Return Vega's interpreter of expressions; a module on npm, here a classic script."""
    text = _vendored("vega-interpreter/vega-interpreter.js")
    text, imports = re.subn(r"^import (\{.*\}) from 'vega-util';", r"const \1 = vega;", text)
    export = r"^export \{ expression as expressionInterpreter \};"
    text, exports = re.subn(export, "window.vegaInterpreter = expression;", text, flags=re.M)
    if (imports, exports) != (1, 1):
        raise ValueError("vega-interpreter imports or exports other names than 2.3 did")
    return f"(() => {{\n{text}\n}})();"


def _vendored(name: str) -> str:
    return re.sub(r"^//# sourceMappingURL=.*$", "", (_VENDOR / name).read_text("utf-8"), flags=re.M)


def _formula_style() -> str:
    """Return KaTeX's style sheet with its fonts inside; of each font only WOFF2."""
    folder = _VENDOR / "katex"
    style = (folder / "katex.min.css").read_text(encoding="utf-8")
    style = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)', "", style)

    def embedded(match: re.Match[str]) -> str:
        return f"url(data:font/woff2;base64,{_base64((folder / match[1]).read_bytes())})"

    return re.sub(r"url\((fonts/[\w-]+\.woff2)\)", embedded, style)


@cache
def _packed(text: str) -> str:
    return _base64(gzip.compress(text.encode(), mtime=0))


def _hash(text: str) -> str:
    return f"'sha256-{_base64(hashlib.sha256(text.encode()).digest())}'"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
