"""A deterministic engine without models, and cells to run on it.

Token ids derive from the seed, the text from the prompt and the token ids, so that any two runs of
one request agree. Importable by name, because worker processes load it by name.
"""

import hashlib
import json
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from rast_bench.config.engines import EngineConfig
from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import CellConfig
from rast_bench.domain import Request, Sample
from rast_bench.errors import EngineError

PATIENCE = 600.0  # seconds, on a machine that has much else to do
LONG_STEP_SECONDS = 2 * PATIENCE


def wait_until(true: Callable[[], object]) -> None:
    """Until it is; AssertionError when that takes longer than on any machine."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class FakeEngine:
    def __init__(self, *, delay: float = 0.0, rows: int = 8) -> None:
        self._delay = delay
        self._rows = rows
        self.closed = False

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Takes `rows` requests at a time and finishes them last first."""
        pulled = iter(requests)
        while batch := list(islice(pulled, self._rows)):
            for request in reversed(batch):
                time.sleep(self._delay)
                yield fake_sample(request)

    def close(self) -> None:
        self.closed = True


def fake_sample(request: Request) -> Sample:
    length = request.seed % 7 + 1
    tokens = tuple(request.seed // 31**place % 31 for place in range(length))
    return Sample(
        key=request.key,
        seed=request.seed,
        prompt_sha256=hashlib.sha256(request.prompt.encode()).hexdigest(),
        token_ids=tokens,
        text=f"{request.prompt} → {' '.join(map(str, tokens))}",
        finish_reason="eos" if length < 7 else "length",
    )


def load_fast(_key: EngineKey, _config: EngineConfig) -> FakeEngine:
    return FakeEngine()


def load_slow(_key: EngineKey, _config: EngineConfig) -> FakeEngine:
    return FakeEngine(delay=0.01)


def load_endless(_key: EngineKey, _config: EngineConfig) -> FakeEngine:
    """For processes that a test ends: minutes before they would by themselves."""
    return FakeEngine(delay=0.5)


class StuckEngine(FakeEngine):
    """Makes 30 samples, then sits in a long step."""

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        yield from islice(super().generate(requests), 30)
        time.sleep(LONG_STEP_SECONDS)


def load_getting_stuck(_key: EngineKey, _config: EngineConfig) -> FakeEngine:
    return StuckEngine()


class RepeatingEngine(FakeEngine):
    """Makes every sample twice."""

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for sample in super().generate(requests):
            yield sample
            yield sample


def load_repeating(_key: EngineKey, _config: EngineConfig) -> FakeEngine:
    return RepeatingEngine()


class CountingEngine(FakeEngine):
    """One of two processes, neither of which begins before the other.

    Each leaves a file that holds how many samples it made, once it is closed.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._file = folder / f"made-{os.getpid()}"
        self._made = 0

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for sample in super().generate(requests):
            if not self._made:
                (self._folder / f"begins-{os.getpid()}").touch()
                wait_until(lambda: len(list(self._folder.glob("begins-*"))) == 2)
            self._made += 1
            yield sample

    def close(self) -> None:
        self._file.write_text(str(self._made))


def load_counting(key: EngineKey, config: EngineConfig) -> FakeEngine:
    folder = Path(key.main.path)
    (folder / f"threads-{config.threads}").touch()
    return CountingEngine(folder)


class KilledEngine(FakeEngine):
    """Its process is killed by SIGKILL after a few samples, the first time only."""

    def __init__(self, mark: Path) -> None:
        super().__init__(delay=0.002)
        self._mark = mark

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for count, sample in enumerate(super().generate(requests)):
            if count == 10 and _first(self._mark):
                os.kill(os.getpid(), signal.SIGKILL)
            yield sample


def load_killed_once(key: EngineKey, _config: EngineConfig) -> FakeEngine:
    return KilledEngine(Path(key.main.path) / "killed")


def load_killed_always(_key: EngineKey, _config: EngineConfig) -> FakeEngine:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def load_stuck(key: EngineKey, _config: EngineConfig) -> FakeEngine:
    """Says that it is there, then sits in a long step."""
    (Path(key.main.path) / f"stuck-{os.getpid()}").touch()
    time.sleep(LONG_STEP_SECONDS)
    raise AssertionError("its process should be gone")


POISON = 2.0  # the temperature of cells that make a PoisonedEngine raise


class PoisonedEngine(FakeEngine):
    """Raises when it comes to a sample of a cell at temperature POISON."""

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        temperatures = {}

        def noted() -> Iterator[Request]:
            for request in requests:
                temperatures[request.key] = request.params.temperature
                yield request

        for sample in super().generate(noted()):
            if temperatures[sample.key] == POISON:
                raise RuntimeError(f"device-side assert in {sample.key.cell_id}")
            yield sample


def load_poisoned(key: EngineKey, _config: EngineConfig) -> FakeEngine:
    note_load(key)
    return PoisonedEngine()


class DyingEngine(FakeEngine):
    """Raises after ten samples, the first time only."""

    def __init__(self, mark: Path) -> None:
        super().__init__()
        self._mark = mark

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for count, sample in enumerate(super().generate(requests)):
            if count == 10 and _first(self._mark):
                raise RuntimeError("CUDA error: an illegal memory access was encountered")
            yield sample


def load_dying_once(key: EngineKey, _config: EngineConfig) -> FakeEngine:
    note_load(key)
    return DyingEngine(Path(key.main.path) / "died")


class HopelessEngine(FakeEngine):
    """Takes requests and raises, whatever they are."""

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        next(iter(requests))
        raise EngineError("no kernel image", hint="another card")
        yield


def load_hopeless(key: EngineKey, _config: EngineConfig) -> FakeEngine:
    note_load(key)
    return HopelessEngine()


def note_load(key: EngineKey) -> None:
    """Loads are counted by files, because worker processes do them."""
    (Path(key.main.path) / f"load-{secrets.token_hex(8)}").touch()


def loads(folder: Path) -> int:
    return len(list(folder.glob("*/load-*")))


def load_broken_small(key: EngineKey, _config: EngineConfig) -> FakeEngine:
    """Fails, with an error of ours, for the checkpoint whose path ends in `broken`."""
    if key.main.path.endswith("broken"):
        raise ZeroDivisionError("a fault\nof ours")
    return FakeEngine()


def _first(mark: Path) -> bool:
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def make_checkpoint(folder: Path, name: str) -> Path:
    """The least that has a fingerprint: two files in the right places."""
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    _write(path / "config.json", "{}")
    _write(path / "model.safetensors", name)
    return path


def make_dataset(folder: Path, problems: int) -> Path:
    path = folder / f"problems-{problems}.jsonl"
    rows = [
        {"id": f"p{i:03d}", "question": f"{i} + {i}?", "answer": str(2 * i)}
        for i in range(problems)
    ]
    _write(path, "".join(json.dumps(row) + "\n" for row in rows))
    return path


def _write(path: Path, text: str) -> None:
    """Whole at once, because several programs of one test make the same file."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)


def make_cell(
    folder: Path,
    *,
    base: str = "base",
    problems: int = 6,
    n: int = 4,
    limit: int | None = None,
    seed: int = 0,
    greedy: bool = False,
    temperature: float = 1.0,
    label: str | None = None,
    engine: dict[str, object] | None = None,
) -> CellConfig:
    return CellConfig.model_validate(
        {
            "base_model": {"name": base, "base": {"path": str(make_checkpoint(folder, base))}},
            "method": {"name": "base"},
            "delta": {"name": "none"},
            "dataset": {
                "name": "sums",
                "path": str(make_dataset(folder, problems)),
                "id_field": "id",
                "limit": limit,
            },
            "prompt": {"name": "plain", "template": "Q: {question}"},
            "decoding": {
                "n": n,
                "max_tokens": 7,
                "seed": seed,
                "greedy": greedy,
                "temperature": temperature,
            },
            "engine": {"name": "transformers", **(engine or {})},
            "label": label,
        }
    )
