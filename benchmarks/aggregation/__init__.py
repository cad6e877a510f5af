"""A synthetic table 1 of full size, and how its table is requested and measured."""
