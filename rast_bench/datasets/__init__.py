"""Benchmarks: a file or a hub data set in, problems and prompts out."""

from rast_bench.datasets.load import dataset_fingerprint, load_problems
from rast_bench.datasets.prompt import render_prompt

__all__ = ["dataset_fingerprint", "load_problems", "render_prompt"]
