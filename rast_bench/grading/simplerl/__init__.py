"""The paper's grading protocol, faults included, in our own code."""
