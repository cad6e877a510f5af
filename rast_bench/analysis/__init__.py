"""Teacher-forced analyses: what models say of text that another one wrote."""
