"""Workers that come and go, and folders that are not there yet."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dask import config
from distributed import LocalCluster

from shoulderseg.workflows.cohort.cluster import Where, joined
from shoulderseg.workflows.training import spread
from tests.workflows.training.scripted import command, logs, run_of, wait_for


def test_a_fresh_project_has_no_results_yet(results: Path, scheduler: str) -> None:
    shutil.rmtree(results.parent)
    words = ["--folds", "0", "--variants", "whole", "--scheduler", scheduler]
    outcome = command(*words)
    assert outcome.exit_code == 0, outcome.output
    assert len(logs(results)) == 1


def test_a_worker_that_ends_after_a_checkpoint_is_not_held_against_the_training(
    results: Path,
) -> None:
    told: list[str] = []
    with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            dashboard_address="127.0.0.1:0",
            memory_limit=0,
        ) as cluster,
        # The scheduler has read its own number already, and the pool asks for a task anew.
        config.set({"distributed.scheduler.allowed-failures": 0}),
        ThreadPoolExecutor() as threads,
    ):

        def take_back() -> None:
            wait_for(lambda: any(results.rglob("checkpoint_latest.pth")))
            cluster.scale(0)
            wait_for(lambda: not cluster.workers)
            (results.parent / "enough").touch()
            cluster.scale(1)

        taken = threads.submit(take_back)
        with joined(Where(cluster.scheduler_address)) as crew:
            spread.train_on_cluster(run_of(["2"]), crew, lambda _, problem: told.append(problem))
        taken.result()
    assert told == [""]
    ((first, second),) = logs(results).values()
    assert second.endswith("--c")
    assert not first.endswith("--c")
