"""A grader that aims at truth: right where the common graders are known to fail."""
