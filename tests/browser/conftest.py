"""Debian's Chromium, started once, and pages that must stay by themselves.

Where there is no Chromium the tests are skipped; with RAST_BENCH_NEEDS_BROWSER=1 (CI) they fail.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from finished_run import finished, run
from opened_page import PATIENCE, Opened

__all__ = ["finished", "run"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    refuse = pytest.fail if os.environ.get("RAST_BENCH_NEEDS_BROWSER") == "1" else pytest.skip
    program = shutil.which("chromium")
    if program is None:
        refuse("no Chromium: scripts/dev_browser.sh install")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Its sandbox does not run as root.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """A page that fails its test if it logs an error, breaks its policy or asks for anything."""
    options = getattr(request, "param", {})
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, **options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    one = Opened(page, [])

    def ask(request: Any) -> None:
        if not request.url.startswith((one.allowed, "data:")):
            one.complaints.append(f"asked for {request.url}")

    page.on("request", ask)
    page.on("console", lambda message: one.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: one.complaints.append(f"exception: {error}"))
    page.on("dialog", lambda dialog: one.complaints.append(f"dialog: {dialog.message}"))
    page.on("popup", lambda popup: one.complaints.append(f"window: {popup.url}"))
    yield one
    hacked = page.evaluate("window.hacked")
    context.close()
    assert one.complaints == []
    assert hacked is None
