"""The parts of benchmarks/sweep_makespan.py."""
