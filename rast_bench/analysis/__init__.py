"""Teacher-forced analyses: what models say of a path that one of them has decoded.

path_coverage, similarity, divergence   the formulas, pure functions on tensors
studies        from cells to what is compared        policies   whose logits
trajectories   greedy paths out of the ledger        teacher    one model after another
logit_store    their logits on disk                  scored     both, piece by piece
records        one row per token and comparison        summaries  means over paths, with intervals
run            all of these in order                 provenance where the numbers come from
saved          the files, for tables and figures     render     the summary on a terminal
command        `rast-bench analyse`                  kinds      the words that name an analysis
"""
