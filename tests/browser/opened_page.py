"""A page in the browser, as tests see it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 120  # seconds; a busy machine is no failure


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
        # The page notices a changed address a little later.
        self.until("() => document.body.dataset.shown === location.hash")
        return self.page

    def until(self, condition: str, value: Any = None) -> None:
        """Wait until a function of the page holds. Playwright's own way needs `eval`."""
        self.page.evaluate(
            f"""async value => {{
                const end = performance.now() + {PATIENCE * 1000};
                while (!({condition})(value)) {{
                    if (performance.now() > end) throw new Error("not within {PATIENCE} seconds");
                    await new Promise(resolve => setTimeout(resolve, 5));
                }}
            }}""",
            value,
        )
