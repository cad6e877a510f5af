"""A stand-in for a W&B server, for the real client: it answers what the client asks and keeps what
it is sent. It knows no users, draws nothing, and takes every key.
"""

import gzip
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

KEY = "k" * 40
_PROJECT = {"id": "UHJvamVjdDox", "internalId": "UHJvamVjdEludGVybmFsSWQ6MQ==", "name": "rast"}
_ENTITY = {"id": "RW50aXR5OjE=", "name": "me"}
_USER = {
    "id": "VXNlcjox",
    "name": "me",
    "username": "me",
    "entity": "me",
    "email": "me@example.org",
    "admin": False,
    "flags": "{}",
    "defaultEntity": {"name": "me"},
    "teams": {"edges": []},
    "apiKeys": {"edges": []},
    "deletedAt": None,
}


@dataclass
class PostedRun:
    """What the server was told of one run. `opened` counts how often it was begun or resumed."""

    group: str | None = None
    job_type: str | None = None
    display_name: str | None = None
    tags: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    opened: int = 0


@dataclass
class WandbServer:
    """`runs` by id, `uploads` by run and file name, `views` (reports) by id, `charts` (presets) by
    name; `sent` are all bytes that came.
    """

    url: str = ""
    runs: dict[str, PostedRun] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    charts: dict[str, Any] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)
    silent: bool = False
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environment(self) -> dict[str, str]:
        return {"WANDB_BASE_URL": self.url, "WANDB_API_KEY": KEY}

    def run(self, run_id: str) -> PostedRun:
        return self.runs.setdefault(run_id, PostedRun())

    def table(self, run_id: str, key: str) -> dict[str, Any]:
        """The table that a run's summary shows under `key`: its columns and data."""
        path = self.runs[run_id].summary[key]["path"]
        found: dict[str, Any] = json.loads(self.uploads[f"{run_id}/{path}"])
        return found

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of a GraphQL reply."""
        data: dict[str, Any] = {}
        found = re.search(r"(?:query|mutation)\s+(\w+)", query)
        operation = found[1] if found else ""
        if "serverInfo" in query:
            versions = {"max_cli_version": "9.9.9"}
            data["serverInfo"] = {
                "features": [],
                "cliVersionInfo": versions,
                "latestLocalVersionInfo": None,
            }
        if "viewer" in query:
            data["viewer"] = _USER
        if "upsertBucket" in query:
            data["upsertBucket"] = self._upsert(variables)
        elif "createRunFiles" in query:
            names = variables.get("files", [])
            run_id = variables.get("run") or variables.get("runName") or ""
            data["createRunFiles"] = {
                "runID": "UnVuOjE=",
                "uploadHeaders": [],
                "files": [
                    {"name": name, "uploadUrl": f"{self.url}/storage/{run_id}/{name}"}
                    for name in names
                ],
            }
        elif re.search(r"createArtifact ?\(", query):
            self.artifacts.append(variables)
            latest = {"id": "QXJ0OjE=", "versionIndex": 0}
            sequence = {"id": "U2VxOjE=", "latestArtifact": latest}
            data["createArtifact"] = {
                "artifact": {"id": "QXJ0OjE=", "state": "COMMITTED", "artifactSequence": sequence}
            }
        elif operation == "CreateCustomChart":
            self.charts[variables["chartName"]] = json.loads(variables["spec"])
            data["createCustomChart"] = {"chart": {"id": variables["chartName"]}}
        elif "upsertView" in query:
            data["upsertView"] = {"view": self._view(variables), "inserted": True}
        elif "upsertModel" in query:
            model = {**_PROJECT, "entityName": "me"}
            data["upsertModel"] = {"model": model, "project": model, "inserted": True}
        elif operation == "GetProjects" or "models(" in query:
            node = {
                **_PROJECT,
                "entityName": "me",
                "createdAt": "2026-01-01T00:00:00",
                "isBenchmark": False,
                "user": _USER,
            }
            data["models"] = {
                "edges": [{"node": node, "cursor": "a"}],
                "pageInfo": {"endCursor": None, "hasNextPage": False},
            }
        elif operation == "ArtifactType":
            data["project"] = {**_PROJECT, "artifact": None}
        elif "project(" in query:
            edges = [{"node": view, "cursor": "a"} for view in self.views.values()]
            data["project"] = {
                **_PROJECT,
                "bucket": None,
                "run": None,
                "allViews": {"edges": edges, "pageInfo": {"endCursor": "", "hasNextPage": False}},
            }
        elif operation == "RunResumeStatus":
            data["model"] = self._resumed(str(variables.get("name")))
        elif "model(" in query:
            data["model"] = None
        if "__type" in query or "__schema" in query:
            for name in re.findall(r"(\w+)\s*:\s*__type", query):
                data[name] = {"name": name, "fields": [], "inputFields": []}
            data.setdefault("__type", {"fields": [], "inputFields": []})
        return data

    def post(self, run_id: str, body: dict[str, Any]) -> None:
        """One message of a run's file stream."""
        run, files = self.run(run_id), body.get("files") or {}
        if history := files.get("wandb-history.jsonl"):
            run.history[history["offset"] :] = map(json.loads, history["content"])
        if summary := files.get("wandb-summary.json"):
            run.summary = json.loads(summary["content"][-1])
        if body.get("complete"):
            run.exit_code = body.get("exitcode")

    def _upsert(self, told: dict[str, Any]) -> dict[str, Any]:
        name = told.get("name") or "unnamed"
        run = self.run(name)
        run.opened += 1
        run.group = told.get("groupName") or run.group
        run.job_type = told.get("jobType") or run.job_type
        run.display_name = told.get("displayName") or run.display_name
        run.tags = told.get("tags") or run.tags
        if told.get("config"):
            run.config = json.loads(told["config"])
        bucket = {
            "id": "UnVuOjE=",
            "name": name,
            "displayName": run.display_name,
            "description": None,
            "config": json.dumps(run.config),
            "sweepName": None,
            "historyLineCount": len(run.history),
            "project": {**_PROJECT, "name": told.get("project") or "rast", "entity": _ENTITY},
        }
        return {"bucket": bucket, "inserted": run.opened == 1}

    def _resumed(self, name: str) -> dict[str, Any] | None:
        run = self.runs.get(name)
        if run is None:
            return None
        bucket = {
            "id": "UnVuOjE=",
            "name": name,
            "summaryMetrics": json.dumps(run.summary),
            "displayName": run.display_name,
            "logLineCount": 0,
            "historyLineCount": len(run.history),
            "eventsLineCount": 0,
            "historyTail": json.dumps([json.dumps(row) for row in run.history[-1:]]),
            "eventsTail": "[]",
            "config": json.dumps(run.config),
            "tags": run.tags,
            "wandbConfig": '{"t": 1}',
        }
        return {**_PROJECT, "entity": _ENTITY, "bucket": bucket}

    def _view(self, told: dict[str, Any]) -> dict[str, Any]:
        view_id = told.get("id") or f"Vmlldzo{len(self.views)}"
        kept = {
            key: told.get(key) for key in ("type", "name", "displayName", "description", "spec")
        }
        project = {**_PROJECT, "entityName": "me"}
        self.views[view_id] = {
            "id": view_id,
            **kept,
            "project": project,
            "user": _USER,
            "createdAt": "2026-01-01T00:00:00",
            "updatedAt": "2026-01-01T00:00:00",
        }
        return self.views[view_id]


@contextmanager
def wandb_server(*, silent: bool = False) -> Iterator[WandbServer]:
    """A server on a free port of this machine.

    Args:
        silent: it takes connections and never answers.
    """
    kept = WandbServer(silent=silent)

    class Handler(_Handler):
        server_data = kept

    server = _Server(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        kept.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """The client closes connections as it likes."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_data: WandbServer

    def log_message(self, *_: Any) -> None:
        pass

    def do_PUT(self) -> None:
        kept, data = self.server_data, self._body()
        with kept.lock:
            kept.uploads[unquote(self.path.removeprefix("/storage/"))] = data
        self._reply({})

    def do_GET(self) -> None:
        self._body()
        self._reply({})

    def do_POST(self) -> None:
        kept, data = self.server_data, self._body()
        if kept.silent:
            kept.released.wait()
            self.close_connection = True
            return
        with kept.lock:
            if self.path.startswith("/graphql"):
                asked = json.loads(data)
                reply = {"data": kept.answer(asked["query"], asked.get("variables") or {})}
            else:
                reply = {}
                match = re.search(r"/files/[^/]+/[^/]+/([^/]+)/file_stream", self.path)
                if match:
                    kept.post(match[1], json.loads(data))
        self._reply(reply)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        with self.server_data.lock:
            self.server_data.sent.append(data)
        return data

    def _reply(self, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
