"""From outcomes to tables and figures, in one direction; nothing here knows Hydra.

records   ReportRow, GridPoint: what the caller hands in
measure   measure_rows, measure_grid: the only calls of the metrics -> measures (plain numbers)
tables    main_table, grid_table; detail_tables -> table (typed cells)
render_*  a Table as text, Markdown, LaTeX; long_csv: every number for machines
figures   pass@k curves and the λ × τ heat map
report    build_report: all of it; save: the files and the lines that say where they are
"""
