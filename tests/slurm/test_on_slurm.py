"""On a real SLURM (scripts/dev_slurm.sh). All in one file: its tests share one cluster."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import Finished, run_here, stored_rows
from dev_cluster import NODES, SCRIPT, DevCluster
from held import wait_until
from slurm_launch import (
    SAMPLES,
    SWEEP,
    SlurmSweep,
    assert_same,
    ended,
    environment_of,
    finish,
    node_of,
    samples,
)
from wandb_server import WandbServer, wandb_server

from rast_bench.ledger import Ledger
from rast_bench.processes import runs, start_ticks
from rast_bench.run.heartbeats import SECONDS

# The cluster itself: what the launcher's tests take for granted.


def test_srun_reaches_every_node(cluster: DevCluster) -> None:
    names = cluster.run("srun", "-N3", "-n3", "bash", "-c", "echo $SLURMD_NODENAME")
    assert sorted(names.split()) == list(NODES)


def test_jobs_that_share_a_node_get_different_gpus(cluster: DevCluster, tmp_path: Path) -> None:
    out = tmp_path / "out"
    meet = f"until [ $(wc -l <{out}) -ge 4 ]; do sleep 0.1; done"  # all have theirs at once
    script = f"echo $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES; {meet}"
    jobs = cluster.submit(script, out, "--array=0-3", "--gres=gpu:1")
    cluster.wait_for(jobs, "COMPLETED")
    given = out.read_text().splitlines()
    assert sorted(given) == ["n2 0", "n2 1", "n3 0", "n3 1"]


def test_an_array_runs_two_tasks_at_a_time(cluster: DevCluster, tmp_path: Path) -> None:
    out = tmp_path / "out"
    meet = f"until [ $(grep -c + {out}) -ge 2 ]; do sleep 0.1; done"  # none ends before two began
    job = cluster.submit(f"echo +; {meet}; sleep 0.5; echo -", out, "--array=0-4%2")
    cluster.wait_for(job, "COMPLETED")
    under_way, most = 0, 0
    for sign in out.read_text().split():
        under_way += 1 if sign == "+" else -1
        most = max(most, under_way)
    assert Counter(cluster.states(job)) == {"COMPLETED": 5}
    assert most == 2


def test_jobs_of_lost_nodes_restart_elsewhere_and_orphans_go_on(
    cluster: DevCluster, tmp_path: Path
) -> None:
    """n1 only falls silent; n2 loses its power, and its jobs' processes with it."""
    script = "while true; do echo $SLURMD_NODENAME ${SLURM_RESTART_COUNT:-0}; sleep 0.2; done"
    outputs = {node: tmp_path / node for node in ("n1", "n2")}
    other = {"n1": "n2", "n2": "n1"}
    jobs = {
        node: cluster.submit(script, output, "--requeue", f"--exclude={other[node]}")
        for node, output in outputs.items()
    }
    for node, output in outputs.items():
        cluster.wait_until(output.exists, lambda node=node: f"the job on {node} prints nothing")
        assert cluster.nodes(jobs[node]) == node
    cluster.kill_slurmd("n1")
    cluster.kill_node("n2")
    cluster.wait_for(jobs["n1"], "PENDING")
    cluster.wait_for(jobs["n2"], "PENDING")
    assert {cluster.node_state("n1"), cluster.node_state("n2")} == {"down*"}
    for job in jobs.values():
        cluster.wait_for(job, "RUNNING")
        assert cluster.nodes(job) == "n3"

    def lines(node: str) -> Counter[str]:
        return Counter(outputs[node].read_text().splitlines())

    before = {node: lines(node) for node in outputs}
    cluster.wait_until(
        lambda: all(lines(node)["n3 1"] > before[node]["n3 1"] for node in outputs),
        lambda: f"a job does not start again: {lines('n1')}, {lines('n2')}",
    )
    cluster.wait_until(
        lambda: lines("n1")["n1 0"] > before["n1"]["n1 0"],
        lambda: f"the orphan does not go on: {lines('n1')}",
    )
    assert lines("n2")["n2 0"] == before["n2"]["n2 0"]


def test_without_accounting_sacct_fails_and_squeue_works(
    cluster_without_accounting: DevCluster, tmp_path: Path
) -> None:
    job = cluster_without_accounting.submit("true", tmp_path / "out")
    cluster_without_accounting.wait_for(job, "COMPLETED")
    sacct = cluster_without_accounting.attempt("sacct", "-j", job)
    assert (sacct.returncode, sacct.stderr.strip()) == (1, "Slurm accounting storage is disabled")


def test_a_running_cluster_is_not_started_again(cluster: DevCluster) -> None:
    again = cluster.attempt(SCRIPT, "up", cluster.folder)
    assert again.returncode == 2
    assert again.stdout == ""
    assert "runs in" in again.stderr
    assert f"hint: export SLURM_CONF={cluster.conf}" in again.stderr


def test_down_ends_jobs_and_daemons_and_may_be_repeated(
    own_cluster: DevCluster, tmp_path: Path
) -> None:
    """Also the process of a job whose slurmd is dead."""
    out = tmp_path / "out"
    own_cluster.submit("echo $$; while true; do sleep 0.1; done", out, "--nodelist=n1")
    own_cluster.wait_until(
        lambda: out.exists() and out.read_text(), lambda: "the job does not start"
    )
    job = int(out.read_text())
    ticks = start_ticks(job)
    assert runs(job, ticks)
    own_cluster.kill_slurmd("n1")
    own_cluster.stop()
    assert not runs(job, ticks)
    assert own_cluster.attempt(SCRIPT, "status", own_cluster.folder).returncode == 3
    own_cluster.stop()


# The launcher. Every fault ends with the undisturbed table.


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The same sweep in one process."""
    finished = run_here(tmp_path_factory.mktemp("plain") / "results", "-m", *SWEEP, "workers=1")
    assert finished.code == 0, finished.err
    return finished


Scenario = Callable[[SlurmSweep, Finished], None]


def out_of_time(sweep: SlurmSweep, undisturbed: Finished) -> None:
    """The limit is set a minute or two ahead once there is something to save; SLURM looks every
    30 s, so its signal comes 40 to 70 s before the end.
    """
    begin = time.monotonic()
    process = sweep.start(
        "launcher.nodelist=n2", "launcher.signal_seconds=40", "launcher.tasks=1", hold=1
    )
    first = sweep.held()
    jobs = sweep.launch.jobs
    soon = int((time.monotonic() - begin) // 60) + 2
    for job in jobs.values():
        sweep.cluster.run("scontrol", "update", f"JobId={job}", f"TimeLimit={soon}")
    for heartbeat in first:
        sweep.restarted(heartbeat)
        # Refused where the task has ended by now.
        sweep.cluster.attempt(
            "scontrol", "update", f"JobId={jobs[heartbeat.worker]}", "TimeLimit=60"
        )
    finished = finish(process)
    assert_same(sweep, finished, undisturbed)
    assert sweep.launch.jobs == jobs  # SLURM's own requeue
    assert "warning: worker" not in finished.err
    for heartbeat in first:
        assert "Caught signal SIGUSR2" in sweep.log(heartbeat.worker)


def preempted(sweep: SlurmSweep, undisturbed: Finished) -> None:
    process = sweep.start(
        "launcher.partition=preemptible",
        "launcher.nodelist=n2",
        "launcher.gpus=1",
        "launcher.tasks=1",
        hold=1,
    )
    first = sweep.held()
    jobs = sweep.launch.jobs
    whole_node = ("--nodelist=n2", "--gres=gpu:2")
    urgent = sweep.cluster.submit(
        "sleep 1", sweep.folder / "urgent", "--partition=urgent", *whole_node
    )
    sweep.cluster.wait_for(urgent, "COMPLETED")
    for heartbeat in first:
        sweep.restarted(heartbeat)
    finished = finish(process)
    assert_same(sweep, finished, undisturbed)
    assert sweep.launch.jobs == jobs
    assert "warning: worker" not in finished.err
    for heartbeat in first:
        assert "SIGTERM: saving as always until SLURM kills" in sweep.log(heartbeat.worker)


def node_lost(sweep: SlurmSweep, undisturbed: Finished) -> None:
    """The node falls silent; one of its tasks goes on, the other comes to itself later."""
    process = sweep.start("launcher.exclude=n2", "launcher.tasks=2", hold=2)
    hanging, going_on = sweep.held()
    node = node_of(hanging)
    assert node_of(going_on) == node
    sweep.release(going_on)
    jobs = sweep.launch.jobs
    sweep.cluster.kill_slurmd(node)
    again = sweep.restarted(hanging)
    assert node_of(again) != node
    assert not ended(hanging)
    # Its heartbeat, which goes on, notices the successor; else it may finish what little is left.
    wait_until(lambda: time.time() > again.began + 3 * SECONDS, "time stands still")
    sweep.release(hanging)
    wait_until(lambda: ended(hanging), "an orphan goes on beside its successor")
    finished = finish(process)
    assert_same(sweep, finished, undisturbed)
    assert sweep.launch.jobs == jobs
    # Not in its log: once srun has given the node up it carries no words of the orphan.
    assert "this worker was started again elsewhere: ending" in sweep.words(hanging)
    wait_until(lambda: ended(going_on), "an orphan goes on for ever")


@pytest.fixture(scope="module")
def faults(
    accounted: DevCluster, undisturbed: Finished, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[None]]]:
    """Three that wait for the scheduler most of the time, at once on different nodes."""
    with ThreadPoolExecutor(3) as pool:
        yield {
            scenario.__name__: pool.submit(
                scenario,
                SlurmSweep(accounted, tmp_path_factory.mktemp(scenario.__name__)),
                undisturbed,
            )
            for scenario in (out_of_time, preempted, node_lost)
        }
    accounted.restore()


def test_tasks_save_and_requeue_at_the_time_limit(faults: dict[str, Future[None]]) -> None:
    faults["out_of_time"].result()


def test_preempted_tasks_go_on(faults: dict[str, Future[None]]) -> None:
    faults["preempted"].result()


def test_tasks_of_a_lost_node_go_on_elsewhere(faults: dict[str, Future[None]]) -> None:
    faults["node_lost"].result()


@dataclass(frozen=True)
class ThreeWays:
    """The sweep by one task, by an array of two, and by the launcher's own three tasks."""

    launched: SlurmSweep
    finished: Finished
    given: dict[int, tuple[str, str]]  # the node and CUDA_VISIBLE_DEVICES of each worker
    by_hand: dict[str, SlurmSweep]  # by the name of the script


@pytest.fixture(scope="module")
def three_ways(accounted: DevCluster, tmp_path_factory: pytest.TempPathFactory) -> ThreeWays:
    launched = SlurmSweep(accounted, tmp_path_factory.mktemp("launched"))
    process = launched.start(
        "launcher.tasks=3", "launcher.gpus=1", "launcher.max_array_size=2", hold=3
    )
    by_hand = {
        script: SlurmSweep(accounted, tmp_path_factory.mktemp("by-hand"))
        for script in ("engine_group.sbatch", "engine_groups_array.sbatch")
    }
    jobs = [
        accounted.run(
            "sbatch",
            "--parsable",
            "--cpus-per-task=1",
            f"--chdir={SCRIPT.parents[1]}",
            f"--output={sweep.folder}/log-%a",
            f"--export=ALL,RAST_BENCH_PYTHON={sys.executable}",
            *(["--array=0-1"] if "array" in script else []),
            SCRIPT.parents[1] / "slurm" / script,
            "-m",
            *SWEEP,
            f"results_dir={sweep.results}",
        )
        for script, sweep in by_hand.items()
    ]
    workers = launched.held()
    given = {
        heartbeat.worker: (node_of(heartbeat), environment_of(heartbeat)["CUDA_VISIBLE_DEVICES"])
        for heartbeat in workers
    }
    launched.release()
    finished = finish(process)
    for job in jobs:
        accounted.wait_for(job, "COMPLETED")
    return ThreeWays(launched, finished, given, by_hand)


def test_arrays_share_a_sweep_with_one_load_a_task(
    three_ways: ThreeWays, undisturbed: Finished
) -> None:
    assert_same(three_ways.launched, three_ways.finished, undisturbed)
    assert stored_rows(three_ways.launched.results) == SAMPLES
    heartbeats = three_ways.launched.heartbeats()
    assert {heartbeat.loads for heartbeat in heartbeats.values()} == {1}
    assert sum(heartbeat.made for heartbeat in heartbeats.values()) == SAMPLES


def test_a_task_without_cpus_per_task_has_the_one_core_of_its_allocation(
    three_ways: ThreeWays,
) -> None:
    """The node claims eight, and the machine lets a task see all that it has."""
    ledger = Ledger(three_ways.launched.results)
    manifests = [manifest for cell in ledger.cells() for manifest in ledger.manifests(cell)]
    assert {manifest["threads"] for manifest in manifests} == {1}


def test_tasks_spread_over_nodes_and_see_gpus_of_their_own(three_ways: ThreeWays) -> None:
    assert len(set(three_ways.given.values())) == 3
    assert {node for node, _ in three_ways.given.values()} == {"n2", "n3"}


def test_arrays_are_no_longer_than_the_site_allows(three_ways: ThreeWays) -> None:
    array, single = sorted(
        Counter(job.partition("_")[0] for job in three_ways.launched.launch.jobs.values()).items()
    )
    assert (array[1], single[1]) == (2, 1)


@pytest.mark.parametrize(
    ("script", "workers"), [("engine_group.sbatch", 1), ("engine_groups_array.sbatch", 2)]
)
def test_scripts_by_hand_make_the_samples_of_the_launcher(
    script: str, workers: int, three_ways: ThreeWays, undisturbed: Finished
) -> None:
    sweep = three_ways.by_hand[script]
    assert sweep.launch.workers == workers
    made = samples(sweep.results)
    expected = samples(three_ways.launched.results)
    assert made.keys() == expected.keys()
    assert all(made[cell].equals(expected[cell]) for cell in made)
    again = run_here(sweep.results, "-m", *SWEEP)
    assert_same(sweep, again, undisturbed)
    assert "0 samples made" in again.err


def test_siblings_make_what_a_cancelled_and_a_killed_task_leave(
    cluster_without_accounting: DevCluster, undisturbed: Finished, tmp_path: Path
) -> None:
    """A kill is all that a worker sees of being out of memory. SLURM's accounting is off."""
    sweep = SlurmSweep(cluster_without_accounting, tmp_path)
    process = sweep.start("launcher.tasks=3", hold=3)
    cancelled, killed, untouched = sweep.held()
    sweep.cluster.cancel(sweep.job(cancelled.worker))
    os.kill(killed.pid, signal.SIGKILL)
    wait_until(
        lambda: cancelled.worker not in sweep.launch.leases(0).owners().values(),
        "the chunks of the cancelled task stay claimed",
    )
    sweep.release(untouched)
    finished = finish(process)
    assert_same(sweep, finished, undisturbed)
    warnings = [line for line in finished.err.splitlines() if line.startswith("warning")]
    assert [line.partition("(")[0] for line in sorted(warnings)] == [
        "warning: worker 0 was cancelled ",
        "warning: worker 1 was killed ",
    ]


def test_cells_of_cancelled_tasks_are_named_with_their_logs(
    cluster: DevCluster, tmp_path: Path
) -> None:
    sweep = SlurmSweep(cluster, tmp_path)
    process = sweep.start("launcher.tasks=2", hold=2)
    workers = sweep.held()
    cluster.cancel(*(sweep.job(heartbeat.worker) for heartbeat in workers))
    finished = finish(process)
    assert (finished.code, finished.out) == (2, "")
    assert "Traceback" not in finished.err
    resume = f"rast-bench resume {sweep.launch.path}"
    lines = [line for line in finished.err.splitlines() if "samples missing" in line]
    partial = [cell for cell in samples(sweep.results).values() if len(cell) < SAMPLES // 2]
    assert len(lines) == len(partial) > 0
    for line in lines:
        assert "worker 0 was cancelled" in line
        assert f"log: {sweep.launch.logs}/{sweep.job(0)}_0_log.err" in line
        assert line.endswith(f"resume: {resume}")


def test_a_detached_launch_is_watched_cancelled_resumed_and_tracked(
    cluster: DevCluster,
    undisturbed: Finished,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The commands that submit track nothing: those that follow and that print do."""
    with wandb_server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        _watch_cancel_and_resume(SlurmSweep(cluster, tmp_path), undisturbed, server)


def _watch_cancel_and_resume(sweep: SlurmSweep, undisturbed: Finished, server: WandbServer) -> None:
    cluster = sweep.cluster
    tracker = ("tracker=wandb", "tracker.live_seconds=1")
    begin = sweep.run("launcher.tasks=2", "launcher.wait=false", *tracker, hold=2)
    assert (begin.code, begin.out) == (0, "")
    number = sweep.job(0).partition("_")[0]
    launch = sweep.launch.path
    follow = f"rast-bench status --follow {launch}"
    assert f"submitted as job {number}; follow it with: {follow}" in begin.err
    sweep.held()

    status = sweep.rast_bench("status")
    assert status.code == 0
    assert f"launch {launch.name} on slurm" in status.out
    assert "workers: 2 running" in status.out
    refused = sweep.rast_bench("resume")
    assert refused.code == 2
    assert refused.err.splitlines()[0] == f"error: launch {launch.name} is still running"

    cancelled = sweep.rast_bench("cancel")
    assert cancelled.code == 0
    assert f"resume with: rast-bench resume {launch}" in cancelled.err
    assert cluster.states(number) == ["CANCELLED"] * 2
    over = sweep.rast_bench("status")
    assert over.code == 2
    assert "workers: 2 cancelled" in over.out
    partial = [cell for cell in samples(sweep.results).values() if len(cell) < SAMPLES // 2]
    assert over.err.count("was cancelled") == len(partial) == 2  # held before one was whole

    resumed = sweep.rast_bench("resume")
    assert (resumed.code, resumed.out) == (0, "")
    assert sweep.launch.path != launch
    assert not server.runs
    followed = sweep.rast_bench("status", "--follow")
    assert followed.code == 0, followed.err
    assert "(100%)" in followed.out
    assert_same(sweep, sweep.rast_bench("resume"), undisturbed)
    assert stored_rows(sweep.results) == SAMPLES
    cells = [run for run in server.runs.values() if run.job_type == "cell"]
    assert [run.summary["samples"] for run in cells] == [SAMPLES // 2] * 2
    assert {run.exit_code for run in server.runs.values()} == {0}


def test_ctrl_c_cancels_tasks_or_leaves_them(
    cluster: DevCluster, undisturbed: Finished, tmp_path: Path
) -> None:
    ending, leaving = (SlurmSweep(cluster, tmp_path / name) for name in ("cancel", "leave"))
    processes = [
        sweep.start("launcher.tasks=2", f"launcher.on_interrupt={sweep.folder.name}", hold=2)
        for sweep in (ending, leaving)
    ]
    ending.held()
    leaving.held()
    for process in processes:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process in it
    interrupted, detached = map(finish, processes)
    leaving.release()
    for finished in (interrupted, detached):
        assert (finished.code, finished.out) == (130, "")
        assert "Traceback" not in finished.err
    resume = f"resume with: rast-bench resume {ending.launch.path}"
    assert f"interrupted: what is finished is saved; {resume}" in interrupted.err
    follow = f"rast-bench status --follow {leaving.launch.path}"
    assert f"the tasks go on; follow them with: {follow}" in detached.err

    assert_same(ending, ending.rast_bench("resume"), undisturbed)
    assert leaving.rast_bench("status", "--follow").code == 0
    finished = leaving.rast_bench("resume")
    assert_same(leaving, finished, undisturbed)
    assert "0 samples made" in finished.err
    for sweep in (ending, leaving):
        assert stored_rows(sweep.results) == SAMPLES
