"""Every sample to look at: the page of a report, and the same page from a local server.

snapshot     what a page shows: cells, and the problems of their data sets in order
samples      one cell's samples as columns, and its texts when they are asked for
blocks       the named pieces of a page's data, as bytes
data         the page's own data: numbers, charts, notes, provenance, cells
web/         the template, its scripts and styles: from data and blocks to HTML
report_file  the page as a file that is opened from disk
live         the page of a ledger that may grow
server       the local server of `rast-bench view`
"""
