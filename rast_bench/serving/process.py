"""The server's own process: `python -m rast_bench.serving.process`, started by `launch`.

It has a session of its own, so Ctrl-C reaches only the command, which ends it in order. It reads
what to serve and a folder for temporary files from stdin. When the command's end of that is closed,
it removes the folder and ends with all its children.
"""

import json
import os
import pickle
import runpy
import shutil
import signal
import sys
import tempfile
import threading
import traceback
import warnings
from contextlib import suppress
from getpass import getuser
from pathlib import Path
from typing import Any

from rast_bench.errors import EngineError, RastBenchError
from rast_bench.guard import end_process, guarded
from rast_bench.hardware import engine_threads
from rast_bench.serving.launch import READY, ServerSpec

_MIDDLEWARE = "rast_bench.serving.middleware.CompositionMiddleware"
_VLLM_SERVER = "vllm.entrypoints.openai.api_server"
_LONGEST_SOCKET = 107  # bytes of a Unix socket's path
_SOCKET_NAME = 36  # of vLLM's: a UUID


def main() -> int:
    spec, folder = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_command, args=(folder,), daemon=True).start()
    return guarded(lambda: serve(spec, Path(folder)))


def _end_with_command(folder: str) -> None:
    """Remove the folder, and end this process and its children at once, when the command is
    gone.
    """
    while os.read(sys.stdin.fileno(), 1):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def _use_folder(folder: Path) -> None:
    """Put the temporary files of this process and its children there, but for PyTorch's compiled
    code, which the next start uses again.

    vLLM's sockets are such files, and their paths must not be longer than a socket's can be.
    """
    if len(os.fsencode(folder)) + len("/") + _SOCKET_NAME > _LONGEST_SOCKET:
        return
    with suppress(KeyError, OSError):  # a user without a name
        compiled = f"{tempfile.gettempdir()}/torchinductor_{getuser()}"
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", compiled)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def serve(spec: ServerSpec, folder: Path) -> int:
    """Run vLLM's server until SIGTERM.

    Args:
        folder: for temporary files; somebody else removes it.

    Raises:
        ModelError: a checkpoint cannot be used.
        EngineError: a setting is not supported, or vLLM lacks what the middleware needs.
    """
    from rast_bench.engines.vllm_setup import cpu_defaults, engine_args, set_environment

    _use_folder(folder)
    threads = spec.engine.threads or engine_threads()
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read when torch is imported
    set_environment(spec.key, spec.engine)
    if spec.api_key is None:
        os.environ.pop("VLLM_API_KEY", None)
    else:
        os.environ["VLLM_API_KEY"] = spec.api_key
    args = engine_args(spec.key, spec.engine)
    from vllm.platforms import current_platform

    if current_platform.is_cpu():
        # The engine has a process of its own either way; without this its worker had another.
        os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
        args = cpu_defaults(args)
    del args["disable_log_stats"]  # /metrics shows them
    _set_rules(spec)
    file = folder / "engine.yaml"  # JSON is YAML
    given = {name.replace("_", "-"): args[name] for name in args if args[name] is not None}
    file.write_text(json.dumps(given), encoding="utf-8")
    sys.argv = [_VLLM_SERVER, "--config", str(file), *_server_args(spec)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the module, from vLLM 0.32 on
        try:
            runpy.run_module(_VLLM_SERVER, run_name="__main__", alter_sys=True)
        except RastBenchError:
            raise
        except Exception:  # the engine's own process has said why; `launch` finds it
            traceback.print_exc()
            return 1
    return 0


def _set_rules(spec: ServerSpec) -> None:
    from rast_bench.serving.middleware import CompositionMiddleware, Rules, known_fields

    try:
        fields = known_fields()
    except (ImportError, AttributeError) as error:
        raise EngineError(
            f"this vLLM has other records of requests than `serve` needs: {error}",
            hint="docs/vllm.md names the versions that are supported",
        ) from error
    host = f"[{spec.host}]" if ":" in spec.host else spec.host
    CompositionMiddleware.rules = Rules(
        served=spec.served,
        fields=fields,
        api_key=spec.api_key,
        hosts=frozenset({"127.0.0.1", "localhost", "[::1]", host.lower()}),
        ready=lambda: print(READY, flush=True),
    )


def _server_args(spec: ServerSpec) -> list[str]:
    words: list[Any] = ["--host", spec.host, "--port", spec.port]
    words += ["--served-model-name", *spec.served.listed, "--middleware", _MIDDLEWARE]
    words += ["--allowed-origins", "[]", "--uvicorn-log-level", "error"]
    if spec.chat_template is not None:
        words += ["--chat-template", spec.chat_template]
    return list(map(str, words))


if __name__ == "__main__":
    end_process(main())
