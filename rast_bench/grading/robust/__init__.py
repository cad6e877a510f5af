"""A grader that aims at truth: correct where the common graders are known to fail."""
