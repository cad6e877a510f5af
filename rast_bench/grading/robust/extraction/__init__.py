"""Stages of finding an answer in a response; independent of mathematics."""
