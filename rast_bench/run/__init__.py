"""A command's cells through engines into the ledger, by one process or many."""
