"""What the page is made of: vendored libraries, hashes of its policy, and data that stay data."""

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from rast_bench.viewer import web

VENDOR = Path(web.__file__).parent / "vendor"


def page(**data: Any) -> str:
    return web.render({"title": "t", **data}, blocks={"a/b": gzip.compress(b"x")}, source="inline")


def allowed(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def test_vendored_files_are_those_pinned_and_have_their_licences() -> None:
    pins = json.loads((VENDOR / "pins.json").read_text())
    pinned = {
        f"{package}/{member.removeprefix('build/').removeprefix('dist/')}"
        for package, pin in pins.items()
        for member in ["LICENSE", *pin["files"]]
    }
    files = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    assert files == pinned | {"pins.json"}
    for pin in pins.values():
        assert re.fullmatch(r"sha512-[\w+/]{86}==", pin["integrity"])


def test_the_policy_allows_what_is_in_the_page_and_nothing_else() -> None:
    html = page()
    match = re.search(r'Content-Security-Policy" content="(.*?)"', html)
    assert match is not None
    policy = match[1].replace("&#39;", "'")
    assert policy == web.content_security_policy("inline")
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.S)
    libraries = {
        name: gzip.decompress(base64.b64decode(text)).decode()
        for name, text in re.findall(r'data-library="(.*?)">(.*?)</script>', html)
    }
    texts = [script, style, *libraries.values()]
    assert sorted(re.findall(r"'sha256-.*?'", policy)) == sorted(map(allowed, texts))
    assert "unsafe" not in policy
    assert "connect-src 'none'" in policy
    assert "connect-src 'self'" in web.content_security_policy("server")
    assert "'strict-dynamic'" in web.content_security_policy("files")
    assert "http" not in libraries["formula-style"]


def test_nothing_in_the_data_ends_its_element() -> None:
    hostile = "</script><!--<script>\u2028\ud800"
    html = page(notes=[hostile], title='"></title><script>x</script>')
    (text,) = re.findall(r'id="data">(.*?)</script>', html, re.S)
    assert json.loads(text)["notes"] == [hostile]
    assert "<" not in text
    assert html.count("<script>") == 1
    assert re.search(r"<title>.*?</title>", html, re.S)[0].count("<") == 2  # type: ignore[index]


def test_a_chunk_file_calls_with_its_block() -> None:
    text = web.block_script("texts/a/0", b"\x1f\x8b")
    assert text == 'rastBlock("texts/a/0", "H4s=");\n'
