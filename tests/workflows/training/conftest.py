"""nnU-Net's folders with a script for its command, and a cluster."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from shoulderseg.workflows.training import spread, train
from tests.workflows.training.scripted import NAME, SCRIPT


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """nnU-Net's folders with a dataset that is planned; gives that of the results."""
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable / NAME).mkdir(parents=True)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    (tmp_path / "nnUNet_preprocessed" / NAME / "nnUNetPlans.json").write_text("{}")
    script = tmp_path / "nnUNetv2_train"
    script.write_text(SCRIPT.format(python=sys.executable))
    script.chmod(0o755)
    for module in (train, spread):
        monkeypatch.setattr(module, "installed_script", lambda _: str(script))
    return tmp_path / "nnUNet_results" / NAME


@pytest.fixture
def scheduler() -> Iterator[str]:
    """The address of a cluster of two workers in this process."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
        memory_limit=0,
    ) as cluster:
        yield cluster.scheduler_address
