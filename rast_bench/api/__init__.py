"""A results folder in Python: `rast_bench.open_results`, for notebooks and `rast-bench export`.

columns   every column of every frame: name, dtype, unit, meaning
folder    ResultsFolder: experiments, cells, results, samples
cells     a cell according to the ledger: models, decoding, data set, runs
problems  question, prompt and gold answer, if the data set is available
named     cells by id, experiment and row; search: samples that match; comparison: two cells
samples   one cell's samples with their verdicts
export    frames as JSONL, Parquet or CSV files
"""

from rast_bench.api.folder import ResultsFolder, open_results

__all__ = ["ResultsFolder", "open_results"]
