"""The paper's grading protocol, bugs included, reimplemented."""
