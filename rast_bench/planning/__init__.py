"""What a run needs, determined before anything is loaded: samples, engines, memory and time.

cells           planned cells and the engine groups that they form
plan            from configured cells to planned ones, checked
work            which samples are wanted, which are missing, and the requests for them
checkpoints     sizes and shapes of models, from their small files
memory          weights and key-value cache of an engine, and whether they fit a card (pure)
placement       how many devices an engine is split over (pure)
settled         dtype, size and length of engines, decided before anything is loaded
outline         cells whose data set is not on this machine
compatibility   every error of models and settings that would stop a run, as a list
history         what the ledger knows: response lengths, throughput, bytes
prompts         the longest prompt in tokens
throughput      estimated throughput on a card (pure)
downloads       what is downloaded from the hub (pure)
estimate        tokens and hours (pure)
groups          one line of a plan for each engine group
quantities      counts, sizes and durations as text

`rast-bench plan` shows these (reporting/plan_*.py).
"""
