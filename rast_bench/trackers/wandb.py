"""Weights & Biases by its own client, which is imported only where a tracker starts.

Trackers of other harnesses log samples and numbers as history; here all but the live points, charts
and images is summary, so that a run that is pushed again is as if it had been pushed once.
"""

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.config.trackers import WandbConfig
from rast_bench.errors import TrackerError, first_line
from rast_bench.trackers.base import Content, LineChart, TableData, TrackedRun, Warn
from rast_bench.trackers.runs import slug

if TYPE_CHECKING:
    import wandb

FOLDER = "wandb"
"""Of the client's files in a results folder; it makes no other."""

INIT_SECONDS = 20.0  # the client may take twice as long
FINISH_SECONDS = 30.0  # of one run; when it has passed once, nothing is waited for again
X_AXIS = "samples_done"
STATUS_THREAD = "NetStatThr"  # the client's name
_DIGEST = "content_digest"
_OFFLINE_HINT = "`wandb login` stores one; or say WANDB_MODE=offline, and `wandb sync` later"


class WandbTracker:
    """A run of W&B for each cell and experiment, in one group (`base.Tracker`)."""

    def __init__(
        self, config: WandbConfig, results: Path, warn: Warn, *, repair: str, strict: bool
    ) -> None:
        self._config = config
        self._results = results.resolve()
        self._folder = self._results / FOLDER
        self._shown_folder = results / FOLDER
        self._warn = warn
        self._repair = repair
        self._strict = strict
        self._mode = config.mode or "online"
        self._runs: dict[str, wandb.Run] = {}
        self._lost = False
        self.address: str | None = None

    def start(self) -> None:
        self._prepare_folder()
        try:
            import wandb
        except ImportError as error:
            raise TrackerError(
                f"the package wandb cannot be imported: {first_line(error)}",
                hint="pip install 'rast-bench[wandb]'",
            ) from error
        _quiet_status_threads()
        with self._client_errors("W&B does not start"):
            self._mode = self._config.mode or wandb.setup().settings.mode
            if self._mode == "online" and not wandb.login(prompt=False, verify=False):
                self._go_offline("there is no key", _OFFLINE_HINT)

    def update(self, run: TrackedRun, numbers: Mapping[str, float]) -> None:
        self._opened(run).log(dict(numbers))

    def finish(self, run: TrackedRun, content: Content, exit_code: int = 0) -> None:
        handle = self._opened(run)
        with self._client_errors(f"W&B does not take {run.name}"):
            handle.config.update(dict(run.config), allow_val_change=True)
            self._show_summary(handle, content)
        self._end(run.run_id, exit_code)

    def publish(self, run: TrackedRun, content: Content) -> None:
        handle = self._opened(run)
        with self._client_errors(f"W&B does not take {run.name}"):
            handle.config.update(dict(run.config), allow_val_change=True)
            self._show_once(handle, content)
            self._show_summary(handle, content)
            if content.files and self._config.artifacts:
                handle.log_artifact(_results_artifact(run, content))
            if content.ledger and self._config.ledger:
                handle.log_artifact(_ledger_artifact(run, content))

    def close(self, exit_code: int = 0) -> None:
        import wandb

        for run_id in list(self._runs):
            with suppress(TrackerError):
                self._end(run_id, exit_code)
        if self._lost:
            return
        wandb.teardown()
        if self._mode == "online":  # offline runs point to what is staged
            shutil.rmtree(self._folder / "data", ignore_errors=True)

    # Runs.

    def _opened(self, run: TrackedRun) -> "wandb.Run":
        if run.run_id in self._runs:
            return self._runs[run.run_id]
        try:
            self._runs[run.run_id] = self._open(run)
        except Exception as error:  # of many kinds, not all of which have a public name
            if self._mode != "online":
                raise TrackerError(
                    f"W&B cannot be used: {_why(error)}", hint=f"later: {self._repair}"
                ) from error
            self._go_offline(_why(error), "see that the server can be reached, and the key")
            self._start_again()
            return self._opened(run)
        return self._runs[run.run_id]

    def _start_again(self) -> None:
        """The client takes an id only once, also where opening its run failed."""
        import wandb

        self._runs.clear()
        wandb.teardown()

    def _open(self, run: TrackedRun) -> "wandb.Run":
        import wandb

        handle = wandb.init(
            project=self._config.shown_project,
            entity=self._config.entity,
            group=run.group,
            job_type=run.kind,
            id=run.run_id,
            name=run.name[:128],
            tags=run.tags,
            config=dict(run.config),
            dir=str(self._results),
            mode=self._mode,
            resume="allow" if self._mode == "online" else None,
            reinit="create_new",
            settings=_settings(),
        )
        handle.define_metric(X_AXIS)
        handle.define_metric("live/*", step_metric=X_AXIS)
        if self.address is None:
            self.address = None if handle.url is None else handle.url.rpartition("/runs/")[0]
        return handle

    def _end(self, run_id: str, exit_code: int) -> None:
        handle = self._runs.pop(run_id)
        if self._lost and not handle.offline:
            return  # opened while the server answered: what is missing lies in its folder
        try:
            with self._client_errors("W&B does not end a run"):
                handle.finish(exit_code=exit_code)
        except TimeoutError:
            self._lose()

    def _lose(self) -> None:
        """The server has stopped answering."""
        first, self._lost, self._mode = not self._lost, True, "offline"
        reason = f"W&B has not answered for {FINISH_SECONDS:.0f} s"
        if self._strict:
            raise TrackerError(reason, hint=f"later: {self._repair}")
        if first:
            self._warn(
                f"{reason}; the run goes on. Later: {self._repair}, or "
                f"`wandb sync --include-online {self._shown_folder}/run-*`"
            )

    def _go_offline(self, reason: str, hint: str) -> None:
        if self._strict:
            raise TrackerError(f"W&B cannot be used: {reason}", hint=hint)
        self._mode = "offline"
        self._warn(
            f"W&B cannot be used: {reason}. Tracking goes on offline; later: {self._repair}, or "
            f"`wandb sync {self._shown_folder}/offline-run-*`"
        )

    @contextmanager
    def _client_errors(self, what: str) -> Iterator[None]:
        """Turn the client's exceptions into TrackerErrors; a timeout of `finish` is let pass."""
        try:
            yield
        except TimeoutError:
            raise
        except _client_exceptions() as error:
            raise TrackerError(f"{what}: {_why(error)}", hint=f"later: {self._repair}") from error

    def _prepare_folder(self) -> None:
        """Make the folder and keep all of the client's files in it. Raises TrackerError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            probe = self._folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise TrackerError(
                f"cannot write to {self._shown_folder}: {(error.strerror or str(error)).lower()}",
                hint="the client keeps its files there; correct its permissions",
            ) from error
        os.environ.setdefault("WANDB_DATA_DIR", str(self._folder / "data"))
        os.environ.setdefault("WANDB_CACHE_DIR", str(self._folder / "cache"))

    # What a run shows.

    def _show_summary(self, handle: "wandb.Run", content: Content) -> None:
        if handle.summary.get("failure"):  # of an earlier run of the same cell
            handle.summary["failure"] = None
        handle.summary.update(dict(content.summary))
        for name, table in content.tables.items():
            handle.summary[name] = _table(table)

    def _show_once(self, handle: "wandb.Run", content: Content) -> None:
        """Charts, images and pages are history to W&B: one row, unless the same was sent last."""
        import wandb

        digest = _digest(content)
        if handle.summary.get(_DIGEST) == digest:
            return
        logged: dict[str, Any] = {name: _chart(chart) for name, chart in content.charts.items()}
        for name, path in content.images.items():
            logged[name] = wandb.Image(str(path))
        for name, path in content.pages.items():
            logged[name] = wandb.Html(path.read_text(encoding="utf-8"), inject=False)
        if logged:
            handle.log(logged)
        handle.summary[_DIGEST] = digest


def _settings() -> "wandb.Settings":
    """Quiet, bounded in time, and nothing about machine, folders, packages, code or arguments."""
    import wandb

    return wandb.Settings(
        console="off",
        silent=True,
        init_timeout=INIT_SECONDS,
        finish_timeout=FINISH_SECONDS,
        finish_timeout_raises=True,
        program="rast-bench",
        disable_code=True,
        disable_git=True,
        save_code=False,
        x_disable_machine_info=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_save_requirements=False,
    )


def _quiet_status_threads() -> None:
    """A run's thread that asks for the network's state fails where the client is ended meanwhile,
    as it is where a server does not answer: nobody needs to hear of that.
    """
    told = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if args.thread is None or args.thread.name != STATUS_THREAD:
            told(args)

    threading.excepthook = hook


def _client_exceptions() -> tuple[type[Exception], ...]:
    import wandb

    return (wandb.Error, OSError, ValueError, TypeError)


def _why(error: BaseException) -> str:
    """The client's message in one line, without its advice."""
    return first_line(error).partition(" (<")[0].rstrip(".")


def _table(table: TableData) -> "wandb.Table":
    import wandb

    return wandb.Table(
        columns=list(table.columns), data=[list(row) for row in table.rows], allow_mixed_types=True
    )


def _chart(chart: LineChart) -> Any:
    import wandb

    return wandb.plot.line_series(
        xs=[[x for x, _ in line] for line in chart.lines.values()],
        ys=[[y for _, y in line] for line in chart.lines.values()],
        keys=list(chart.lines),
        title=chart.title,
        xname=chart.x_name,
        split_table=True,
    )


def _digest(content: Content) -> str:
    """Of what `_show_once` sends."""
    digest = hashlib.sha256(repr(content.charts).encode())
    for name, path in {**content.images, **content.pages}.items():
        digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _results_artifact(run: TrackedRun, content: Content) -> "wandb.Artifact":
    import wandb

    artifact = wandb.Artifact(slug("results", run.config["experiment"]), type="results")
    for name, source in content.files.items():
        if isinstance(source, bytes):
            with artifact.new_file(name, "wb") as file:
                file.write(source)
        else:
            artifact.add_file(str(source), name=name, policy="immutable", skip_cache=True)
    return artifact


def _ledger_artifact(run: TrackedRun, content: Content) -> "wandb.Artifact":
    import wandb

    artifact = wandb.Artifact(slug("ledger", run.config["experiment"]), type="ledger")
    for name, folder in content.ledger.items():
        artifact.add_reference(folder.resolve().as_uri(), name=name, checksum=True)
    return artifact
