"""The durable set of samples and verdicts: immutable, content-addressed Parquet shards.

    ledger = Ledger(results)                     # <results>/ledger/<cell id>/…
    ledger.register(cell_id, identity, display)
    with ledger.writer(run_id) as writer:
        writer.add(sample)                       # durable within about two seconds
    ledger.samples(cell_id)                      # one row per sample, sorted, no duplicates

Cheap to import: pyarrow and pandas are imported when shards are first read or written.
"""

from rast_bench.ledger.store import Ledger
from rast_bench.ledger.writer import LedgerWriter

__all__ = ["Ledger", "LedgerWriter"]
