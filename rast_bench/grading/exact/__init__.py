"""Equality of expressions, exactly or within rigorous bounds. Knows no kinds of answers."""
