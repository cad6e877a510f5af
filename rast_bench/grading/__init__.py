"""Turn samples into verdicts: graders by name, and the stage that applies one to a ledger.

grader = get_grader("boxed-1")
judgement = grader.grade(text, gold, finish_reason)  # kind, extracted answer, reason, rule
grade_cells(planned, ledger, "boxed-1")  # grades only samples without a verdict
"""

from rast_bench.grading.base import Answer, AnswerGrader, Compared, Explained, Grader, Judgement
from rast_bench.grading.extracted import ExtractedAnswer
from rast_bench.grading.registry import (
    check_graders,
    check_retired,
    get_grader,
    grader_names,
    graders_of,
    newest_version,
)
from rast_bench.grading.stage import GradingSummary, grade_cells

__all__ = [
    "Answer",
    "AnswerGrader",
    "Compared",
    "Explained",
    "ExtractedAnswer",
    "Grader",
    "GradingSummary",
    "Judgement",
    "check_graders",
    "check_retired",
    "get_grader",
    "grade_cells",
    "grader_names",
    "graders_of",
    "newest_version",
]
