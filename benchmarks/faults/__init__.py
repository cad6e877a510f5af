"""The parts of benchmarks/fault_campaign.py."""
