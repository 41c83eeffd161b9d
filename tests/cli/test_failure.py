"""How errors of the system reach the terminal."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from shoulderseg.cli.failure import reported
from tests.workflows.segmentation.test_earlier_runs import _images

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_in_words(
    number: int,
    run: Run,
    untrained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What tells other runs of this one is the first file that a run writes."""

    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    images = _images(tmp_path / "in", "a")
    monkeypatch.setattr("os.fsync", full)
    outcome = run("predict", images, tmp_path / "out", "--model", untrained, "--device", "cpu")
    assert outcome.exit_code == 2
    told = " ".join(outcome.output.split())
    assert ".json: the disk is full" in told
    assert "Errno" not in told


def test_other_errors_of_the_system_name_their_file(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), reported():
        raise PermissionError(13, "Permission denied", "a/b.csv")
    assert "error: a/b.csv: Permission denied" in capsys.readouterr().err
