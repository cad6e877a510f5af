"""The parts of benchmarks/gpu_kit.py."""
