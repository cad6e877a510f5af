"""Runs beside the tables: live while samples are made, with all their numbers afterwards.

base          what a tracker is, and what it is given
layout        from planned cells, results and the ledger to runs, summaries, tables and charts
publish       everything of an experiment or a sweep, by any tracker
live          the process beside a command that reads the ledger and tells a tracker
wandb         Weights & Biases
wandb_report  a report there
trackio       a local dashboard
"""
