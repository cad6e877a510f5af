"""One command's work on several devices: a folder of chunks, and workers that claim them.

    folder     what a launch is, on disk: its cells, problems, settings
    chunks     an engine group's samples in blocks
    claims     which worker has which block
    assign     where each worker begins
    notes      what each worker says of itself
    worker     claim, generate, write down
    executors  workers as submitit's jobs: local processes or SLURM array tasks
    scheduler  what SLURM says of its jobs
    watch      progress, restarts, causes, until the last worker has ended
    commands   rast-bench status, cancel, resume, worker

Workers write samples to the ledger themselves. What a launch folder holds is only who does what;
deleting it loses nothing.
"""
