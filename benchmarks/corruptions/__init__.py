"""The list behind ledger_corruptions.py: what can be done to a ledger's files."""
