"""Between the clients and vLLM's server: model names, parameters, and what is not let through.

vLLM ignores parameters that it does not know, allows every web page to ask, and has endpoints that
need no key or know nothing of a composition. An ASGI application around its own answers for these.
"""

import json
import math
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, ClassVar

from prometheus_client import Counter, Gauge

from rast_bench.serving.names import SEPARATOR, Served
from rast_bench.vllm_plugin.sampling import keys_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 32 * 2**20
"""Bytes of a request's body: 16 prompts of 131,072 token ids have 13 MB."""

MAX_SEQUENCES = 4096
"""Responses that one request may ask for, prompts × n. vLLM makes records of all of them first."""

_REQUESTS = {
    "/v1/completions": ("completion", "CompletionRequest"),
    "/v1/chat/completions": ("chat_completion", "ChatCompletionRequest"),
    "/v1/responses": ("responses", "ResponsesRequest"),
}
"""Endpoints that take a composition's parameters, and vLLM's records of their bodies."""

_READ_ONLY = ("/v1/models", "/metrics", "/version")
_HEALTH = "/health"  # without a key: for load balancers


class RefusedError(Exception):
    """A request that is answered here."""

    def __init__(self, status: int, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.parameter = parameter


@dataclass(frozen=True)
class Rules:
    """What the middleware of this process applies.

    Attributes:
        served: the composition.
        fields: the known fields of a body, by path.
        api_key: what a client must show; None lets everyone on this machine in.
        hosts: whom a client without a key may call, as in the Host header: a web page that gives
            its own name this machine's address is not among them.
        ready: called when the server has started.
    """

    served: Served
    fields: Mapping[str, frozenset[str]]
    api_key: str | None
    hosts: frozenset[str]
    ready: Callable[[], None]


class CompositionMiddleware:
    """An ASGI application around vLLM's, which makes one from the name of this class."""

    rules: ClassVar[Rules]  # set before vLLM's application is made

    def __init__(self, app: Application) -> None:
        self.app = app
        served = self.rules.served
        Gauge(
            "rast_composition",
            "The composition that is served: always 1",
            ("model_name", "method", *served.defaults),
        ).labels(served.name, served.method, *map(str, served.defaults.values())).set(1)
        self.requests = Counter(
            "rast_requests",
            "Requests by the model's name; other settings than the listed ones are one name",
            ("model_name",),
        )
        for name in served.listed:
            self.requests.labels(name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, self._telling(send))
        elif scope["type"] == "http":
            try:
                receive = await self._admitted(scope, receive)
            except RefusedError as refused:
                await answer(send, refused)
                return
            await self.app(scope, receive, send)
        else:  # no web sockets
            await send({"type": "websocket.close", "code": 1008})

    def _telling(self, send: Send) -> Send:
        async def tell(message: Message) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                self.rules.ready()

        return tell

    async def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        """Return what vLLM receives of a request. Raise RefusedError if it is not for vLLM."""
        path, method = scope["path"].rstrip("/"), scope["method"]
        headers = {name.lower(): value for name, value in scope["headers"]}
        check_client(path, headers, self.rules)
        if path == _HEALTH or path in _READ_ONLY:
            if method not in ("GET", "HEAD"):
                raise RefusedError(405, f"{path} takes GET, not {method}")
            return receive
        if path not in _REQUESTS:
            raise RefusedError(
                404,
                f"{scope['path']} is not served: there are {', '.join((*_REQUESTS, *_READ_ONLY))}",
            )
        if method != "POST":
            raise RefusedError(405, f"{path} takes POST, not {method}")
        body = read_json(await read_body(receive))
        model = str(body.get("model") or self.rules.served.name)
        data = encoded(composed(body, self.rules.served, self.rules.fields[path]))
        if self.rules.served.is_named(model):
            listed = model in self.rules.served.listed
            name = model if listed else f"{self.rules.served.name}{SEPARATOR}…"
            self.requests.labels(name).inc()
        return replayed(data, receive)


def known_fields() -> dict[str, frozenset[str]]:
    """Return the fields that vLLM's records of requests have, by path.

    Raises:
        ImportError, AttributeError: this vLLM has no such record.
    """
    found = {}
    for path, (module, name) in _REQUESTS.items():
        record = getattr(import_module(f"vllm.entrypoints.openai.{module}.protocol"), name)
        found[path] = frozenset(
            spelling
            for field, info in record.model_fields.items()
            for spelling in (field, info.alias)
            if spelling is not None
        )
    return found


def check_client(path: str, headers: Mapping[bytes, bytes], rules: Rules) -> None:
    """Raise RefusedError for a client without the key, or for a web page of another host."""
    if rules.api_key is None:
        host = headers.get(b"host", b"").decode("latin-1")
        name = host[: host.index("]") + 1] if "]" in host else host.partition(":")[0]
        if name.lower() not in rules.hosts:
            raise RefusedError(403, f"this server does not answer for host {name!r}")
        return
    scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
    known = secrets.compare_digest(key.strip(), rules.api_key.encode())
    if path != _HEALTH and not (known and scheme.lower() == b"bearer"):
        raise RefusedError(401, "the API key is missing or wrong: send Authorization: Bearer KEY")


def composed(body: dict[str, Any], served: Served, fields: frozenset[str]) -> dict[str, Any]:
    """Return a request's body with the composition's settings: the server's, the request's own or
    those of the model's name.

    Raises:
        RefusedError: a parameter is unknown, misplaced or given twice, or the request is too large.
    """
    keys = keys_of(served.definition)
    known = f"vllm_xargs takes {', '.join(keys)}"
    for field in (one for one in body if one not in fields):
        if field in keys:
            raise RefusedError(400, f'{field} belongs in vllm_xargs: {{"{field}": …}}', field)
        raise RefusedError(
            400, f"unknown parameter {field!r}{guess(field, (*keys, *fields))}; {known}", field
        )
    own = body.get("vllm_xargs")
    own = {} if own is None else own
    if not isinstance(own, dict):
        raise RefusedError(400, "vllm_xargs must be an object", "vllm_xargs")
    for key in own:
        if key not in keys:
            raise RefusedError(
                400, f"unknown parameter {key!r} in vllm_xargs{guess(key, keys)}; {known}", key
            )
    check_count(body)
    model, named = body.get("model"), {}
    if isinstance(model, str) and served.is_named(model):
        try:
            named = served.settings_of(model)
        except ValueError as error:
            raise RefusedError(400, f"model {model!r}: {error}", "model") from None
        body = {**body, "model": served.name}
    for key in named:
        if key in own:
            raise RefusedError(
                400, f"{key} is given twice: by the model's name {model!r} and in vllm_xargs", key
            )
    return {**body, "vllm_xargs": {**served.defaults, **own, **named}}


def guess(word: str, known: Collection[str]) -> str:
    """Return the closest known word as a question; nothing if none is close."""
    return "".join(f": did you mean {close}?" for close in get_close_matches(word, known, 1, 0.75))


def check_count(body: Mapping[str, Any]) -> None:
    """Raise RefusedError if a request asks for too many responses."""
    prompt, count = body.get("prompt"), body.get("n")
    if not (count is None or type(count) is int):  # vLLM would read "5" and 5.0 as 5
        raise RefusedError(400, f"n must be a whole number, not {count!r:.40}", "n")
    several = isinstance(prompt, list) and prompt and not isinstance(prompt[0], int)
    prompts = len(prompt) if isinstance(prompt, list) and several else 1
    wanted = prompts * (1 if count is None else count)
    if wanted > MAX_SEQUENCES:
        raise RefusedError(
            400,
            f"n: {wanted} responses in one request are too many, at most {MAX_SEQUENCES} are made",
            "n",
        )


async def read_body(receive: Receive) -> bytes:
    """Return a request's whole body. Raise RefusedError if it is too large or does not come."""
    body, size, more = bytearray(), 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise RefusedError(400, "the connection ended before the request did")
        part = message.get("body", b"")
        size += len(part)
        if size <= MAX_BODY:  # what is too large is read to its end: then the client can be told
            body += part
        more = message.get("more_body", False)
    if size > MAX_BODY:
        raise RefusedError(413, f"the body is larger than {MAX_BODY // 2**20} MiB")
    return bytes(body)


def read_json(body: bytes) -> dict[str, Any]:
    """Return a body's object. Raise RefusedError if it is none, or has a number that is not finite.

    vLLM takes NaN and 1e999 where it expects a number.
    """
    try:
        content = json.loads(body, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"the body is not valid JSON: {error}") from None
    if not isinstance(content, dict):
        raise RefusedError(400, "the body is not a JSON object")
    return content


def encoded(body: Mapping[str, Any]) -> bytes:
    """Return the JSON of a body. Raise RefusedError for text that vLLM would fail at later."""
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RefusedError(
            400, "the body is not valid JSON: it has half of a surrogate pair (\\ud800 to \\udfff)"
        ) from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text:.40} is not a finite number")
    return number


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives this body first."""
    left = [body]

    async def again() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return again


async def answer(send: Send, refused: RefusedError) -> None:
    """Answer as vLLM and OpenAI do."""
    kind = {401: "AuthenticationError", 404: "NotFoundError"}.get(refused.status, "BadRequestError")
    error = {
        "message": str(refused),
        "type": kind,
        "param": refused.parameter,
        "code": refused.status,
    }
    body = json.dumps({"error": error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
