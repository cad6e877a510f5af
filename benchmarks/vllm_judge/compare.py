"""The planner's word beside vLLM's, for the engine groups of an experiment on a kind of card."""

from collections.abc import Sequence
from dataclasses import dataclass

from rast_bench.config.engines import VllmConfig
from rast_bench.config.frontend import jobs_of_command_line
from rast_bench.config.identity import EngineKey
from rast_bench.planning.cells import group_cells
from rast_bench.planning.checkpoints import read_checkpoint
from rast_bench.planning.compatibility import PlanErrors, check_cells
from rast_bench.planning.placement import Candidate, EngineLoad, candidate, candidates, named_card
from rast_bench.planning.prompts import PromptLengths
from rast_bench.planning.settled import engine_load, group_length
from vllm_judge.judge import Judge, Judgement

USUAL_SIZES = (1, 2, 4, 8)
"""vLLM's configuration refuses other sizes by the heads of queries alone; its layers, which are not
made here, refuse more of them."""


@dataclass(frozen=True)
class Engine:
    """An engine group, settled but for the number of devices."""

    key: EngineKey
    config: VllmConfig
    load: EngineLoad

    @property
    def title(self) -> str:
        short = [model.path.rpartition("/")[2] for model in self.load.models]
        return " + ".join(short)


@dataclass(frozen=True)
class Verdict:
    """One engine on one kind of card, split over so many devices."""

    engine: Engine
    card: str
    ours: Candidate
    theirs: Judgement

    @property
    def agree(self) -> bool:
        """Both start or neither does; vLLM keeps one block back, so it may hold one row fewer."""
        if self.ours.starts != self.theirs.starts:
            return False
        return self.ours.fit.rows - self.theirs.rows in (0, 1) or not self.ours.starts


def engines(experiment: str, words: Sequence[str] = ()) -> list[Engine]:
    """Return the engine groups of an experiment on vLLM, in bfloat16, by what is known here.

    Raises ConfigError.
    """
    words = [f"experiment={experiment}", "engine.dtype=bfloat16", *words]
    jobs = jobs_of_command_line(words)
    cells = check_cells([cell for job in jobs for cell in job.cells], PlanErrors(elsewhere=True))
    found, lengths = [], PromptLengths()
    for group in group_cells([cell for cell in cells if cell is not None]):
        config = group.config
        models = [read_checkpoint(ref) for ref in dict.fromkeys(group.key.roles)]
        known = [model for model in models if model is not None]
        if not isinstance(config, VllmConfig) or len(known) < len(models):
            continue
        length = config.max_model_len or group_length(group.cells, known, lengths)
        config = config.model_copy(update={"max_model_len": length})
        found.append(Engine(group.key, config, engine_load(group.key, config, known, length)))
    return found


def verdict(engine: Engine, card: str, devices: int, judge: Judge) -> Verdict:
    """Of one size on a kind of card."""
    option = candidate(engine.load, named_card(card), devices)
    memory = option.memory
    config = engine.config.model_copy(update={"tensor_parallel_size": devices})
    left = option.fit.budget - memory.weights - memory.activations
    return Verdict(engine, card, option, judge.judge(engine.key, config, left))


def chosen_size(engine: Engine, card: str) -> int | None:
    """Return the size that the planner takes on a kind of card; None if it takes none."""
    options = candidates(engine.load, named_card(card))
    working = (option.devices for option in options if option.works)
    return next(working, None)


def sizes_to_judge(engine: Engine, card: str) -> list[int]:
    """Return the chosen size and the usual one below, or the largest if none is chosen."""
    size = chosen_size(engine, card) or USUAL_SIZES[-1]
    below = [usual for usual in USUAL_SIZES if usual < size]
    return [*below[-1:], size]
