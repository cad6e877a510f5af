"""From samples to verdicts: graders by name and the stage that applies one to a ledger.

grader = get_grader("boxed-1")
kind, extracted = grader.grade(text, gold, finish_reason)
grade_cells(planned, ledger, "boxed-1")     # only samples that lack a verdict
"""

from rast_bench.grading.base import Answer, Grader, Judgement
from rast_bench.grading.disagreement import disagreement_notes
from rast_bench.grading.registry import get_grader, grader_names, newest_version
from rast_bench.grading.stage import GradingSummary, grade_cells

__all__ = [
    "Answer",
    "Grader",
    "GradingSummary",
    "Judgement",
    "disagreement_notes",
    "get_grader",
    "grade_cells",
    "grader_names",
    "newest_version",
]
