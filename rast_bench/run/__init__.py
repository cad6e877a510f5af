"""A command's cells through engines into the ledger, by one process or many.

    direct       without a launcher: in this process, or in several of this machine
    dispatch     with a launcher: local devices, or SLURM
    array        tasks of a user's own sbatch script: one makes the launch, the others join it

    launch       from planned cells to a launch: missing samples, groups, workers
    folder       a launch on disk
    chunks       an engine group's samples in chunks, and the leases on them
    assign       which group each worker starts with, and where it helps (pure)
    worker       leases chunks, streams them, writes to the ledger: the same one everywhere
    work         an engine group as a worker serves it, and which group comes next
    isolate      a request stream that outlives its engine: a failing cell stops no other
    shares       concurrent equal commands share their work
    heartbeats   what workers report about themselves, and their failures
    manifests    where a run's samples came from

    local        workers as processes of this machine
    slurm        workers as array tasks; slurm_jobs queries SLURM, slurm_parse reads its output
    devices      GPUs or cores of this machine, GPUs that SLURM is asked for
    signals      what a worker does when it is told to stop
    watch        progress and restarts until the last worker has ended
    outcome      states of workers, incomplete cells, the summary of a run
    status       what `rast-bench status` shows about a launch
    progress     a bar or lines on stderr

Workers write samples to the ledger themselves. A launch's folder only records who does what;
deleting it loses nothing. Without a launcher it is a temporary folder.
"""
