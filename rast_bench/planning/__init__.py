"""What a run will cost and whether it can work, told before anything is loaded.

checkpoints     sizes and shapes of models, from their small files
memory          weights and key-value cache of an engine, and whether a card holds them (pure)
placement       how many devices an engine is split over (pure)
settled         dtype, size and length of engines, decided before anything is loaded
outline         cells whose data set is not on this machine
compatibility   everything about models and settings that a run would refuse, as a list
work            which samples are missing
history         what the ledger knows: response lengths, rates, bytes
prompts         the longest prompt in tokens
rates           estimated speeds on a card (pure)
downloads       what is fetched from the hub (pure)
estimate        tokens and hours (pure)
groups          one line for each engine group
report          all of it as one record
render          that record as text, with footnotes; as_json: as JSON
"""
