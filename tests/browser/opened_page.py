"""A page in the browser, as tests see it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Opened:
    """A page of the browser, and everything that must not happen to it."""

    page: Any
    complaints: list[str]
    allowed: str = "file:"  # what it may ask for

    def open(self, path: Path | str, state: str = "") -> Any:
        self.page.goto(f"{path if isinstance(path, str) else path.as_uri()}{state}")
        return self.settled()

    def go(self, state: str) -> Any:
        """Follow a link to another state of the page."""
        self.page.evaluate("state => { location.hash = state }", state)
        return self.settled()

    def settled(self) -> Any:
        """The page, once it shows what its address names."""
        # An address that was changed is read in a task of its own.
        self.page.evaluate("() => new Promise(resolve => setTimeout(resolve, 0))")
        self.page.wait_for_selector("body[aria-busy=false]")
        return self.page
