"""Views of an experiment's results (`rast_bench.results`); nothing here computes a number.

reports   experiment_report, cells_report: from planned cells to a report, with the notes below
report    build_report: all texts and figures of one list of results; save: its files
index     ResultIndex, Grid: results by place
tables    main_table, grid_table; detail_tables, comparison_tables -> table (typed cells)
paper_*   tables in the paper's layout, ours beside what is published; ours: a result as printed
*_csv     numbers.csv and grid.csv (long_csv), comparison.csv
figures   pass@k curves and heat maps; result_figures, joint_grid, experiment_figures: those that an
          experiment asks for; analysis_figures, kl_page: from saved analyses
disagreement    how often two graders differ
plan_*    what `rast-bench plan` prints: plan_report (the record); plan_text, plan_footnotes, …_json
cost_tables, memory_table, throughput_table    what follows from cells alone
render_*  a Table as text, Markdown, LaTeX
"""
