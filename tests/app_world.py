"""A world for the command line: made-up checkpoints, one data set, an engine that only answers.

The engine answers problem q0 right always, q1 in every second sample, q2 never.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from checkpoint_maker import write_checkpoint

from rast_bench.config.engines import EngineConfig
from rast_bench.config.identity import EngineKey
from rast_bench.domain import Request, Sample

NO_WORDS = {"model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}
GOLD = {"q0": "10", "q1": "11", "q2": "12"}


@dataclass
class World:
    """`overrides` point a command at this world; `loaded` are the engines it made it load."""

    folder: Path
    loaded: list[EngineKey] = field(default_factory=list)
    requests: int = 0
    interrupt_after: int | None = None
    failing_model: str | None = None

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def overrides(self) -> list[str]:
        folder = self.folder
        return [
            f"base_model.base.path={folder}/l-base",
            f"base_model.rl.path={folder}/l-rl",
            f"delta.pairs=[{{rl:{{path:{folder}/s-rl}},base:{{path:{folder}/s-base}}}}]",
            f"dataset.path={folder}/set.jsonl",
            "dataset.id_field=null",
            "decoding.n=4",
            "workers=1",
            f"results_dir={self.results}",
        ]

    def load_engine(self, key: EngineKey, _cfg: EngineConfig) -> "AnsweringEngine":
        self.loaded.append(key)
        return AnsweringEngine(self, Path(key.main.path).name)


@dataclass
class AnsweringEngine:
    world: World
    main: str

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        if self.main == self.world.failing_model:
            raise RuntimeError("the engine broke")
        for request in requests:
            if self.world.requests == self.world.interrupt_after:
                raise KeyboardInterrupt
            self.world.requests += 1
            yield _answer(request)

    def close(self) -> None:
        pass


def _answer(request: Request) -> Sample:
    question = request.prompt.split()[2]
    right = question == "q0" or (question == "q1" and request.key.sample_index % 2 == 0)
    answer = GOLD[question] if right else "0"
    return Sample(
        key=request.key,
        seed=request.seed,
        prompt_sha256=hashlib.sha256(request.prompt.encode()).hexdigest(),
        token_ids=(1, 2, 3),
        text=f"\\boxed{{{answer}}}",
        finish_reason="eos",
    )


def make_world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in this folder, which is the working folder from then on."""
    for name in ("l-base", "l-rl", "s-base", "s-rl"):
        write_checkpoint(folder / name, {"tokenizer.json": json.dumps(NO_WORDS)})
    rows = ({"question": question, "answer": gold} for question, gold in GOLD.items())
    (folder / "set.jsonl").write_text("\n".join(map(json.dumps, rows)))
    made = World(folder)
    monkeypatch.setattr("rast_bench.engines.load_engine", made.load_engine)
    monkeypatch.setattr("rast_bench.engines.check_models", lambda _key: None)
    monkeypatch.chdir(folder)
    return made
