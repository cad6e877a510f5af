"""Runs beside the tables: live while samples are made, with all their numbers afterwards.

base          what a tracker is, and what it is given
runs          ids, configurations and commands of runs
numbers       their summaries: results of a cell, or what there is of it so far
samples       tables of samples; tables: an experiment's tables and charts
publish       everything of an experiment or a sweep, by any tracker
live          the process beside a command that reads the ledger and tells a tracker
wandb         Weights & Biases
wandb_report  a report there
trackio       a local dashboard
"""
