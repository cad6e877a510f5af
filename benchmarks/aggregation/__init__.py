"""A made-up table 1 of full size, and how its table is asked for and measured."""
