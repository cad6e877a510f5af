"""Equation 3 and the draw alone, at a whole vocabulary: time, memory, the same bits again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from gpu_checks.job import Outcome
from torch import Tensor

from gpu_kit_parts.step import freed, timed
from rast_bench.compose.logits import compose_logits
from rast_bench.compose.sampling import draw_tokens
from rast_bench.errors import first_line


def run(settings: dict[str, Any], device: str, folder: Path) -> Outcome:  # noqa: ARG001
    """`compose_logits` as it is and through torch.compile, then `draw_tokens`."""
    rows, vocabulary = settings["rows"], settings["vocabulary"]
    generator = torch.Generator(device).manual_seed(0)

    def random(dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.randn(rows, vocabulary, generator=generator, device=device).to(dtype) * 4

    outcome = Outcome()
    with torch.inference_mode():
        main, rl, base = random(), random(), random()
        lambda_ = torch.linspace(0, 2, rows, device=device)
        out = torch.empty_like(main)

        def compose(function: Callable[..., Tensor] = compose_logits) -> Tensor:
            return function(
                main, [rl], [base], [1.0], lambda_, vocabulary=vocabulary - 100, out=out
            )

        outcome.data["eager"] = cost(compose, device)
        expected = compose().clone()
        outcome.check("compose_logits repeated", torch.equal(expected, compose()), 1, at_least=True)
        # Without Inductor a CPU's miniature shows only that the function can be traced.
        backend = "eager" if device == "cpu" else "inductor"
        try:
            compiled = torch.compile(compose_logits, backend=backend, fullgraph=True)
            outcome.data["compiled"] = cost(lambda: compose(compiled), device)
            found = compose(compiled)
            equal = torch.equal(found, expected)
            outcome.data["compiled"] |= {"backend": backend, "equal": equal}
        except Exception as error:  # no compiler, no Triton: what is measured is ours, not theirs
            outcome.data["compiled"] = {"told": first_line(error)}
        temperature = torch.full((rows,), 0.7, device=device)
        top_p = torch.full((rows,), 0.95, device=device)
        greedy = torch.zeros(rows, dtype=torch.bool, device=device)
        uniform = torch.rand(
            rows, dtype=torch.float64, device=device, generator=torch.Generator(device)
        )

        def draw() -> Tensor:
            return draw_tokens(main, temperature, top_p, greedy, uniform, all_greedy=False)

        outcome.data["draw"] = cost(draw, device)
        tokens = draw()
        outcome.check("draw_tokens repeated", torch.equal(tokens, draw()), 1, at_least=True)
        here = [t.cpu() for t in (main, temperature, top_p, greedy, uniform)]
        outcome.data["draw"]["equal_to_cpu"] = int((draw_tokens(*here) == tokens.cpu()).sum())
        outcome.data |= {"rows": rows, "vocabulary": vocabulary}
    return outcome


def cost(call: Callable[[], Tensor], device: str) -> dict[str, Any]:
    """Seconds per call and the memory that it takes beside its arguments."""
    call()
    with freed(device):
        before = 0 if device == "cpu" else torch.cuda.memory_allocated()
        seconds = timed(call, device)
        peak = None if device == "cpu" else torch.cuda.max_memory_allocated()
    return {"seconds": seconds, "extra_gib": None if peak is None else (peak - before) / 2**30}
