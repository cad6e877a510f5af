"""Views of an experiment's results (`rast_bench.results`); nothing here computes a number.

reports   experiment_report: from planned cells to a report, with its notes
sweeps    cells_report: the same for cells of no experiment; row_labels: their rows' labels
report    build_report: all texts and figures of one list of results
save      its files; origin: which command, code and samples they come from
index     ResultIndex, Grid: results by section, row, data set and measure
tables    main_table, grid_table; detail_tables, comparison_tables, pooled_table; table: typed cells
paper_*   tables in the paper's layout, ours beside published numbers; ours: a result as printed
*_csv     numbers.csv and grid.csv (long_csv), comparison.csv
figures   curves, heat_maps, bars draw; experiment_figures: which of them an experiment has;
          analysis_figures: from saved analyses
charts    the same numbers for the viewer and for trackers; vega: their specifications
disagreement    how often two graders differ
plan_*    output of `rast-bench plan`: plan_report (the record); plan_text, plan_footnotes, …_json
cost_tables, memory_table, throughput_table    tables that need no samples
render_*  a Table as text, Markdown, LaTeX (latex_layout: how it fits a page)
"""
