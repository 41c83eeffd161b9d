"""Which workers of a cluster get work, and what becomes of it; in one process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dask import config
from distributed import Client, LocalCluster

from shoulderseg.workflows.cohort.duty import Duty
from shoulderseg.workflows.cohort.members import told_of
from shoulderseg.workflows.cohort.pool import Pool
from shoulderseg.workflows.errors import BrokenEnvironmentError
from tests.workflows.cohort.clusters import (
    Given,
    answer,
    busy_at_first,
    fail,
    fit,
    unfit,
    unfit_at_first,
    wait_for,
)

Item = list[str]
PATIENCE_S = 120.0


@pytest.fixture
def cluster() -> Iterator[LocalCluster]:
    """A scheduler without workers."""
    with LocalCluster(
        n_workers=0,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
        memory_limit=0,
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    with (
        config.set({"distributed.comm.timeouts.connect": "2s"}),
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def duty(
    work: Callable[[Item], Given] = answer,
    examine: Callable[[], str] = fit,
    patience_s: float = PATIENCE_S,
) -> Duty[Item, Given]:
    return Duty("case", examine, work, patience_s)


def done(pool: Pool[Item, Given], *items: Item) -> list[tuple[Item, Given | Exception]]:
    return [one for one in pool.run(items) if one is not None]


def start_workers(cluster: LocalCluster, client: Client, count: int) -> None:
    cluster.scale(count)
    client.wait_for_workers(count, PATIENCE_S)


def test_each_item_is_done_once_and_its_name_is_not_shown(
    cluster: LocalCluster, client: Client
) -> None:
    start_workers(cluster, client, 2)
    keys: set[str] = set()
    assert cluster.scheduler is not None
    items = [["martens", str(number)] for number in range(6)]
    found = []
    for one in Pool(client, duty()).run(items):
        keys |= {str(key) for key in cluster.scheduler.tasks}
        found += [one] if one else []
    assert sorted(item for item, _ in found) == items
    assert len({given.worker for _, given in found if isinstance(given, Given)}) == 2
    assert keys
    assert not [key for key in keys if "martens" in key]


def test_a_worker_has_its_next_item_before_the_answer_is_here(
    cluster: LocalCluster, client: Client
) -> None:
    start_workers(cluster, client, 1)
    given: list[tuple[Item, str]] = []
    pool = Pool(client, duty(), lambda item, address: given.append((item, address)))
    answers = filter(None, pool.run([["a"], ["b"], ["c"]]))
    # One that has done nothing yet may turn out to be unfit.
    assert next(answers)[0] == ["a"]
    assert [item for item, _ in given] == [["a"]]
    assert next(answers)[0] == ["b"]
    assert [item for item, _ in given] == [["a"], ["b"], ["c"]]
    assert [item for item, _ in answers] == [["c"]]
    assert {address for _, address in given} == set(client.scheduler_info()["workers"])


def test_all_workers_of_a_large_cluster_are_seen(client: Client) -> None:
    """Dask tells of five, in some versions, where nobody asks for all."""
    asked: list[int] = []
    told = client.scheduler_info

    def few(n_workers: int = 5, **other: Any) -> Any:  # noqa: ANN401
        asked.append(n_workers)
        return told(n_workers=n_workers, **other)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "scheduler_info", few)
        told_of(client)
    assert asked == [-1]


def test_a_worker_that_joins_later_gets_work_after_it_was_examined(
    cluster: LocalCluster, client: Client
) -> None:
    answers = Pool(client, duty()).run([["a"]])
    assert next(answers) is None
    cluster.scale(1)
    assert [item for item, _ in filter(None, answers)] == [["a"]]


def test_what_another_process_works_on_comes_later(
    cluster: LocalCluster, client: Client, tmp_path: Path
) -> None:
    start_workers(cluster, client, 1)
    pool = Pool(client, duty(partial(busy_at_first, tmp_path / "mark")))
    assert [item for item, _ in done(pool, ["a"], ["b"], ["c"])] == [["a"], ["c"], ["b"]]


def test_what_is_not_wanted_any_more_is_cancelled(
    cluster: LocalCluster, client: Client, tmp_path: Path
) -> None:
    start_workers(cluster, client, 1)
    assert cluster.scheduler is not None
    tasks, mark = cluster.scheduler.tasks, tmp_path / "mark"
    pool = Pool(client, duty(partial(wait_for, mark)))
    answers = pool.run([["a"], ["b"]])
    # Until the worker was asked twice what it is, and has an item.
    for _ in range(3):
        next(answers)
    assert [task.state for task in tasks.values() if "case" in str(task.key)] == ["processing"]
    answers.close()
    end = time.monotonic() + PATIENCE_S
    while tasks:
        assert time.monotonic() < end
        time.sleep(0.01)
    mark.touch()


def test_an_error_in_a_task_is_the_failure_of_its_item_alone(
    cluster: LocalCluster, client: Client
) -> None:
    start_workers(cluster, client, 1)
    found = done(Pool(client, duty(fail)), ["a"], ["b"])
    assert [(item, type(error), str(error)) for item, error in found] == [
        (["a"], KeyError, "'a'"),
        (["b"], KeyError, "'b'"),
    ]


def test_a_worker_that_turns_out_to_be_unfit_gets_no_more(
    cluster: LocalCluster, client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start_workers(cluster, client, 2)
    pool = Pool(client, duty(partial(unfit_at_first, tmp_path / "mark")))
    found = done(pool, *([str(number)] for number in range(4)))
    assert len(found) == 4
    assert caplog.text.count("is refused: it has no models") == 1


def test_without_a_fit_worker_it_ends_and_says_why(cluster: LocalCluster, client: Client) -> None:
    start_workers(cluster, client, 2)
    with pytest.raises(BrokenEnvironmentError, match=r"none of the 2 workers.*aaaa, the run's"):
        done(Pool(client, duty(examine=unfit)), ["a"])


def test_without_any_worker_it_ends_after_a_while(client: Client) -> None:
    with pytest.raises(BrokenEnvironmentError, match=r"has had no worker for .* start some"):
        done(Pool(client, duty(patience_s=0.0)), ["a"])


def test_a_lost_scheduler_ends_it_and_the_command_is_said_to_go_on(
    cluster: LocalCluster, client: Client
) -> None:
    answers = Pool(client, duty()).run([["a"]])
    assert next(answers) is None
    cluster.close()
    with pytest.raises(BrokenEnvironmentError, match=r"is lost\. .* the same command goes on"):
        list(answers)


@pytest.fixture
def other_version(cluster: LocalCluster, client: Client, tmp_path: Path) -> Iterator[None]:
    """A worker process whose environment has another version of shoulderseg."""
    told = tmp_path / "site" / "shoulderseg-9.8.7.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: shoulderseg\nVersion: 9.8.7\n")
    words = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address]
    words += ["--no-nanny", "--no-dashboard", "--nthreads", "1"]
    environment = {**os.environ, "PYTHONPATH": str(told.parent)}
    quiet: Any = subprocess.DEVNULL
    with subprocess.Popen(words, env=environment, stdout=quiet, stderr=quiet) as process:
        client.wait_for_workers(1, PATIENCE_S)
        yield
        process.kill()


@pytest.mark.usefixtures("other_version")
def test_a_worker_of_another_version_is_refused_and_both_are_named(
    cluster: LocalCluster, client: Client
) -> None:
    versions = r"it has shoulderseg 9\.8\.7, the run has \d+\.\d+\.\d+"
    with pytest.raises(BrokenEnvironmentError, match=versions):
        done(Pool(client, duty()), ["a"])
    cluster.scale(1)
    client.wait_for_workers(2, PATIENCE_S)
    found = done(Pool(client, duty()), ["a"], ["b"], ["c"])
    own = {worker.address for worker in cluster.workers.values()}
    assert {given.worker for _, given in found if isinstance(given, Given)} == own
    assert len(found) == 3
