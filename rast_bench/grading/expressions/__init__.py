"""Parse written mathematics into sympy, without evaluating any code of a model."""
