"""Pure functions from outcomes to numbers: one function per formula, named after it.

outcomes    CellOutcome: the graded samples of one complete cell as arrays
accuracy    avg@n, its standard errors, paired differences, mean over data sets
pass_at_k   unbiased pass@k               majority    exact majority@k
paper       the paper's own estimators of both, named paper_*
replication range of a published number if both runs measure the same
answer_forms, expression_forms    which wrong answers are one answer in a vote
recovery    recovery rate (eq. 5) with both intervals
length      response length               behaviour   behaviour-token frequencies
"""
