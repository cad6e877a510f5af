"""The list behind ledger_corruptions.py: what can happen to a ledger's files."""
