"""What a run needs, known before anything is loaded: its samples, its engines, their size and time.

cells           planned cells and the engine groups that they form
plan            from configured cells to planned ones, checked
work            which samples are asked for, which are missing, and the requests for them
checkpoints     sizes and shapes of models, from their small files
memory          weights and key-value cache of an engine, and whether a card holds them (pure)
placement       how many devices an engine is split over (pure)
settled         dtype, size and length of engines, decided before anything is loaded
outline         cells whose data set is not on this machine
compatibility   everything about models and settings that a run would refuse, as a list
history         what the ledger knows: response lengths, rates, bytes
prompts         the longest prompt in tokens
rates           estimated speeds on a card (pure)
downloads       what is fetched from the hub (pure)
estimate        tokens and hours (pure)
groups          one line of a plan for each engine group
quantities      counts, sizes and durations as people read them

`rast-bench plan` shows these: reporting/plan_report.py and its neighbours.
"""
