"""Parts of table1_simulation: response lengths, continuous batching, step times, table 1."""
