"""A command's cells through engines into the ledger, by one process or many.

    direct       without a launcher: in this process, or in several of this machine
    dispatch     with a launcher: local devices, or SLURM
    array        tasks of a user's own sbatch script: one makes the launch, the others join it

    launch       from planned cells to a launch: what is missing, in which groups, for whom
    folder       what a launch is, on disk
    chunks       an engine group's samples in chunks, and the leases on them
    assign       where each worker begins, and where it helps (pure)
    worker       leases chunks, streams them, writes to the ledger: the same one everywhere
    work         engine groups as a worker meets them, and which it serves next
    isolate      a stream of requests that outlives its engine: a cell that fails costs no other
    shares       equal commands at the same time share their work
    notes        what workers write of themselves, and their failures
    manifests    where a run's samples came from

    local        workers as processes of this machine
    slurm        workers as array tasks; slurm_jobs asks SLURM of them, slurm_parse reads answers
    devices      GPUs or cores of this machine, GPUs that SLURM is asked for
    signals      what a worker does when it is told to end
    watch        progress, restarts, causes, until the last worker has ended
    outcome      how workers are, what they left undone, what a run did
    status       what `rast-bench status` shows of a launch
    progress     a bar or lines on stderr

Workers write samples to the ledger themselves. What a launch's folder holds is only who does what;
deleting it loses nothing. Without a launcher the same lies in a temporary folder.
"""
