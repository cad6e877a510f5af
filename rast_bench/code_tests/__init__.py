"""Run model-written Python against the tests of a problem, in a sandbox. Linux only.

verdict = run_tests(program, tests, Limits(), allow_code_execution=True)
verdicts = run_many([(program, tests), …], allow_code_execution=True)
program = extract_program(response, entry_point="add", prompt=prompt)
"""

from rast_bench.code_tests.extract import extract_program
from rast_bench.code_tests.run import run_many, run_tests
from rast_bench.code_tests.verdict import CodeVerdict, Limits

__all__ = ["CodeVerdict", "Limits", "extract_program", "run_many", "run_tests"]
