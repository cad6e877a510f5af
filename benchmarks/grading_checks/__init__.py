"""What the grading benchmark measures graders on, and how it counts."""
