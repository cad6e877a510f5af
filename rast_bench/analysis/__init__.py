"""Teacher-forced analyses: how models score a path that one of them has decoded.

path_coverage, similarity, divergence   the formulas, pure functions on tensors
studies        from cells to what is compared          policies   the models whose logits count
trajectories   greedy paths from the ledger            teacher    one model after another
logit_store    their logits on disk                    scored     both, piece by piece
records        one row per token and comparison        summaries  means over paths, with intervals
run            all of these in order                   provenance models, settings, code, machine
saved          the files, for tables and figures       render     the summary on a terminal
token_measures where ΔR acts, at each token            token_run  of which stored samples
token_files    these on disk, for the viewer
words          the arguments of `rast-bench analyse`   kinds      names of the analyses
"""
