"""Benchmarks: a file or a hub data set in, problems and prompts out."""

from rast_bench.datasets.load import dataset_fingerprint, differences, limited, load_problems
from rast_bench.datasets.prompt import render_prompt
from rast_bench.datasets.references import iter_references

__all__ = [
    "dataset_fingerprint",
    "differences",
    "iter_references",
    "limited",
    "load_problems",
    "render_prompt",
]
