"""Kinds of answers: each module parses texts of its kind and compares two of them."""
