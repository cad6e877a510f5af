"""A token's random numbers are a function of its seed and its place alone."""

import pytest
import torch

from rast_bench.vllm_plugin.runner_v1 import StepGenerator


def draw(generator: torch.Generator) -> list[float]:
    return torch.rand(4, generator=generator).tolist()


def at(seed: int, place: int) -> list[float]:
    generator = StepGenerator()
    generator.at(seed, place)
    return draw(generator)


def test_the_same_whatever_was_drawn_before():
    generator = StepGenerator()
    generator.at(3, 10)
    first = draw(generator)
    assert draw(generator) != first
    generator.at(3, 11)
    draw(generator)
    generator.at(3, 10)
    assert draw(generator) == first == at(3, 10)


@pytest.mark.parametrize(
    "other",
    [(4, 10), (3, 11), (10, 3), (3 + 2**32, 10), (3 + 2**62, 10), (-3, 10), (31, 0)],
    ids=str,
)
def test_other_seeds_and_places_differ(other: tuple[int, int]):
    assert at(*other) != at(3, 10)


def test_vllm_may_rewind_it():
    """What vLLM does after every chunk of a prompt, and CPU generators refuse."""
    generator = StepGenerator()
    generator.at(3, 10)
    generator.set_offset(generator.get_offset() - 4)
    generator.at(3, 10)
    assert draw(generator) == at(3, 10)
