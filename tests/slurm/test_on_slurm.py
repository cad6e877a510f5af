"""On a real SLURM (scripts/dev_slurm.sh). All in one file: its tests share one cluster."""

import time
from collections import Counter
from pathlib import Path

from dev_cluster import NODES, SCRIPT, DevCluster

# The cluster itself: what the launcher's tests take for granted.


def test_srun_reaches_every_node(cluster: DevCluster) -> None:
    names = cluster.run("srun", "-N3", "-n3", "bash", "-c", "echo $SLURMD_NODENAME")
    assert sorted(names.split()) == list(NODES)


def test_jobs_that_share_a_node_get_different_gpus(cluster: DevCluster, tmp_path: Path) -> None:
    script = "echo $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES; sleep 2"
    jobs = cluster.submit(script, tmp_path / "out", "--array=0-3", "--gres=gpu:1")
    cluster.wait_for(jobs, "COMPLETED")
    given = (tmp_path / "out").read_text().splitlines()
    assert sorted(given) == ["n2 0", "n2 1", "n3 0", "n3 1"]


def test_an_array_runs_two_tasks_at_a_time(cluster: DevCluster, tmp_path: Path) -> None:
    script = "echo +; sleep 0.5; echo -"
    job = cluster.submit(script, tmp_path / "out", "--array=0-4%2")
    cluster.wait_for(job, "COMPLETED")
    under_way, most = 0, 0
    for sign in (tmp_path / "out").read_text().split():
        under_way += 1 if sign == "+" else -1
        most = max(most, under_way)
    assert Counter(cluster.states(job)) == {"COMPLETED": 5}
    assert most == 2


def test_a_job_that_is_warned_of_its_time_limit_requeues_itself(
    cluster: DevCluster, tmp_path: Path
) -> None:
    script = """
        echo start ${SLURM_RESTART_COUNT:-0}
        [[ -z $SLURM_RESTART_COUNT ]] || exit 0
        trap 'echo warned; scontrol requeue $SLURM_JOB_ID' USR2
        sleep 300 & wait; wait
    """
    output = tmp_path / "out"
    job = cluster.submit(script, output, "--partition=short", "--requeue", "--signal=B:USR2@59")
    cluster.wait_for(job, "COMPLETED", seconds=90)
    lines = [line for line in output.read_text().splitlines() if "slurmstepd" not in line]
    assert lines == ["start 0", "warned", "start 1"]


def test_an_urgent_job_preempts_and_the_other_is_requeued(
    cluster: DevCluster, tmp_path: Path
) -> None:
    script = "echo start ${SLURM_RESTART_COUNT:-0}; [[ -n $SLURM_RESTART_COUNT ]] || sleep 300"
    whole_node = ("--nodelist=n2", "--gres=gpu:2")
    modest = cluster.submit(script, tmp_path / "out", "--partition=preemptible", *whole_node)
    cluster.wait_for(modest, "RUNNING")
    urgent = cluster.submit("sleep 1", tmp_path / "urgent", "--partition=urgent", *whole_node)
    cluster.wait_for(urgent, "COMPLETED")
    cluster.wait_for(modest, "COMPLETED")
    lines = (tmp_path / "out").read_text().splitlines()
    assert [line for line in lines if line.startswith("start")] == ["start 0", "start 1"]
    assert "PREEMPTED" in cluster.run("sacct", "-nXDj", modest, "-o", "State")


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
    assert lines("n1")["n1 0"] > before["n1"]["n1 0"]
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
    beat = tmp_path / "beat"
    script = f"while true; do date +%s%N >{beat}; sleep 0.1; done"
    own_cluster.submit(script, tmp_path / "out", "--nodelist=n1")
    own_cluster.wait_until(beat.exists, lambda: "the job does not start")
    own_cluster.kill_slurmd("n1")
    own_cluster.stop()
    last = beat.read_text()
    time.sleep(0.5)
    assert beat.read_text() == last
    assert own_cluster.attempt(SCRIPT, "status", own_cluster.folder).returncode == 3
    own_cluster.stop()
