"""Real SLURM clusters for the tests of this folder, each started once and mended after every test.

Where none can be started the tests are skipped, but with RAST_BENCH_NEEDS_SLURM=1 (CI) they fail.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dev_cluster import DevCluster, obstacle

sys.path.append(str(Path(__file__).parents[1] / "e2e"))  # command.py


def started(factory: pytest.TempPathFactory, *options: str) -> Iterator[DevCluster]:
    if reason := obstacle():
        refuse = pytest.fail if os.environ.get("RAST_BENCH_NEEDS_SLURM") == "1" else pytest.skip
        refuse(reason)
    cluster = DevCluster(factory.mktemp("slurm"), *options)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def accounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevCluster]:
    yield from started(tmp_path_factory)


@pytest.fixture(scope="session")
def unaccounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevCluster]:
    yield from started(tmp_path_factory, "--no-accounting")


@pytest.fixture
def cluster(accounted: DevCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[DevCluster]:
    """The cluster, idle; SLURM_CONF points to it while the test runs."""
    monkeypatch.setenv("SLURM_CONF", str(accounted.conf))
    yield accounted
    accounted.restore()


@pytest.fixture
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevCluster]:
    """One without accounting for one test, which may stop it."""
    yield from started(tmp_path_factory, "--no-accounting")


@pytest.fixture
def cluster_without_accounting(
    unaccounted: DevCluster, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DevCluster]:
    """The same without slurmdbd: sacct fails."""
    monkeypatch.setenv("SLURM_CONF", str(unaccounted.conf))
    yield unaccounted
    unaccounted.restore()
