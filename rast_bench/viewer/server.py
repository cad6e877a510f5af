"""The local server of `rast-bench view`: loopback only, read-only, behind a token in its address.

Any web page that a user visits may send requests to servers on the same machine. The token keeps
them from knowing an address here, the check of the Host header from reading an answer by giving
their own name this machine's address, and the headers from showing the page within theirs.
"""

import secrets
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote

from rast_bench import __version__
from rast_bench.errors import ConfigError
from rast_bench.unexpected import as_user_error
from rast_bench.viewer.live import LiveView, StaleError, UnknownBlockError
from rast_bench.viewer.web import content_security_policy

ADDRESS = "127.0.0.1"
_TOKEN_BYTES = 24
_IDLE_SECONDS = 60  # a connection without a request for this long is closed

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_RELOAD = "the ledger has grown since this page was made: reload it"


class ViewerServer(ThreadingHTTPServer):
    """Serves one view until `serve_forever` is interrupted. `address` is for a browser."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, view: LiveView, results: Path, port: int = 0) -> None:
        """Bind the port; 0 takes a free one.

        Args:
            results: Where reports of bugs go.

        Raises:
            ConfigError: The port cannot be used.
        """
        try:
            super().__init__((ADDRESS, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            raise ConfigError(
                f"cannot listen on port {port}: {reason}",
                hint="choose another --port, or leave it out for a free one",
            ) from error
        self.view = view
        self.results = results
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)

    @property
    def address(self) -> str:
        return f"http://{ADDRESS}:{self.server_port}/{self.token}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that broke; nobody is left to be told."""


class _Handler(BaseHTTPRequestHandler):
    server: ViewerServer
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        try:
            self._answer(*self._content())
        except UnknownBlockError:
            self._refuse(HTTPStatus.NOT_FOUND)
        except StaleError:
            self._refuse(HTTPStatus.GONE, _RELOAD)
        except ConnectionError:
            self.close_connection = True
        except Exception as error:  # the server goes on, whatever one answer needs
            known = as_user_error(error, self.server.results)
            print(known.render(), file=sys.stderr, flush=True)
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, known.message)

    def _content(self) -> tuple[bytes, str, str | None]:
        """Return the answer's body, type and content security policy.

        Raises:
            UnknownBlockError: Nothing is there, or the request is not from our page.
        """
        path, _, query = self.path.partition("?")
        _, token, *rest = [*unquote(path).split("/", 2), ""]
        known = secrets.compare_digest(token.encode(), self.server.token.encode())
        if not (known and len(rest) > 1 and self._from_here()):
            raise UnknownBlockError(self.path)
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        view, generation = self.server.view, asked.get("generation")
        if rest[0] == "":
            policy = f"{content_security_policy('server')}; frame-ancestors 'none'"
            return view.page().encode(), "text/html; charset=utf-8", policy
        if rest[0] == "search":
            found = view.search(asked.get("cell", ""), asked.get("text", ""), generation)
            return found, "application/json", None
        kind, _, name = rest[0].partition("/")
        if kind != "block":
            raise UnknownBlockError(self.path)
        return view.block(name, generation), "application/octet-stream", None

    def _from_here(self) -> bool:
        port = self.server.server_port
        return self.headers.get("Host") in (f"{ADDRESS}:{port}", f"localhost:{port}")

    def _refuse(self, status: HTTPStatus, words: str | None = None) -> None:
        body = f"{words or status.phrase}\n".encode(errors="replace")
        try:
            self._answer(body, "text/plain; charset=utf-8", None, status)
        except ConnectionError:
            self.close_connection = True

    def _answer(
        self, body: bytes, kind: str, policy: str | None, status: HTTPStatus = HTTPStatus.OK
    ) -> None:
        self.send_response(status)
        headers = _HEADERS if policy is None else {**_HEADERS, "Content-Security-Policy": policy}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_error(
        self,
        code: int,
        message: str | None = None,  # noqa: ARG002 (names what was asked for)
        explain: str | None = None,  # noqa: ARG002
    ) -> None:
        """What the library refuses: a malformed request, a method other than GET."""
        self.close_connection = True
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code = HTTPStatus.METHOD_NOT_ALLOWED
        self._refuse(HTTPStatus(code))

    def version_string(self) -> str:
        return f"rast-bench/{__version__}"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: addresses contain the token."""
