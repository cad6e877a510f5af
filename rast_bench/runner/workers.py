"""How many processes of this machine generate, where no launcher says so."""

from collections.abc import Sequence

from rast_bench.config.compose import RunOptions
from rast_bench.config.schema import CellConfig
from rast_bench.errors import ConfigError
from rast_bench.gpus import gpu_names
from rast_bench.hardware import usable_cores

_SAMPLES_A_WORKER = 64  # below this, starting a process costs more than it saves


def check_workers(cells: Sequence[CellConfig], options: RunOptions) -> None:
    """Raise ConfigError for several workers whose engines would share one GPU.

    Each worker would load its models onto that GPU; with tensor parallelism, each engine would
    start its own processes there, too.
    """
    if options.workers in ("auto", 1):
        return
    if any_split(cells):
        raise ConfigError(
            f"workers={options.workers}: engine.tensor_parallel_size starts its own processes",
            hint="leave workers out",
        )
    if _uses_gpu(cells):
        raise ConfigError(
            f"workers={options.workers}: every worker would load its models onto the same GPU",
            hint="leave workers out; hydra/launcher=local starts one worker per GPU",
        )


def automatic_workers(wanted: int, cells: Sequence[CellConfig]) -> int:
    """One process where a GPU is used, else as many as the cores hold, fewer for few samples."""
    if _uses_gpu(cells):
        return 1
    threads = max((cell.engine.threads or 1 for cell in cells), default=1)
    return max(1, min(usable_cores() // threads, wanted // _SAMPLES_A_WORKER))


def any_split(cells: Sequence[CellConfig]) -> bool:
    """Whether an engine of these cells is split over devices, for which it starts processes."""
    return any(cell.engine.devices > 1 for cell in cells)


def _uses_gpu(cells: Sequence[CellConfig]) -> bool:
    """Whether an engine of these cells would run on a GPU of this machine."""
    return any(getattr(cell.engine, "device", "auto") != "cpu" for cell in cells) and bool(
        gpu_names()
    )
