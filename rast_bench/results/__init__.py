"""An experiment's numbers as one list, made once; tables, figures and files are views of it.

result      Measure, Value, Result: the types of a number
registry    all measures, and a user's own as `module:object`
measures    their functions, each of which calls one formula of metrics/
cells       the arguments of the functions: a cell's samples, a cell in its row, the experiment
build       build_results: the list
extents     problems and samples of each cell that results cover
published   which published number belongs to which result, and the verdict
experiment  from a configuration and the ledger to the list
"""

from rast_bench.results.cells import CellSamples
from rast_bench.results.measures import per_sample
from rast_bench.results.result import Measure, Result, UnavailableError, Value

__all__ = ["CellSamples", "Measure", "Result", "UnavailableError", "Value", "per_sample"]
