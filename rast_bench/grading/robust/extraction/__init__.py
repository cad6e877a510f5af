"""Stages of finding an answer in a response; none knows mathematics."""
