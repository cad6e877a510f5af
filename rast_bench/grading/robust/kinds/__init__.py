"""Kinds of answers: each module reads texts as what they are and compares two of its kind."""
