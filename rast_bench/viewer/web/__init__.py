"""A stand-in for branch vweb's."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Template

_PAGE = Template(
    """<!doctype html><html lang="en"><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ csp }}"><title>{{ title }}</title>
<script type="application/json" id="data">{{ data_json|safe }}</script>
{% for name, text in blocks %}<script type="text/plain" data-block="{{ name }}">{{ text }}</script>
{% endfor %}</html>
""",
    autoescape=True,
)


def render(data: dict[str, Any], *, blocks: Mapping[str, bytes] | None, source: str) -> str:
    data_json = json.dumps(data, allow_nan=False).replace("<", "\\u003c")
    named = [(name, base64.b64encode(one).decode()) for name, one in (blocks or {}).items()]
    return _PAGE.render(
        csp=content_security_policy(source),
        title=data["title"],
        data_json=data_json,
        blocks=named,
    )


def content_security_policy(source: str) -> str:
    connect = "'self'" if source == "server" else "'none'"
    return f"default-src 'none'; connect-src {connect}"


def block_script(name: str, content: bytes) -> str:
    return f'rastBlock({json.dumps(name)}, "{base64.b64encode(content).decode()}");\n'
