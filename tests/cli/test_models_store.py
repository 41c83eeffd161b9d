"""What imports leave in the store when they fail or are killed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shoulderseg.workflows.bundles.bundle import read_bundle

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_a_bundle_that_cannot_be_moved_in_leaves_the_old_one(
    run: Run, store: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("models", "import", untrained, "--name", "mine").exit_code == 0
    (store / "mine" / ".mark").touch()
    move = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if target == store / "mine" and self.name == "mine":
            msg = "no room"
            raise OSError(msg)
        return move(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    outcome = run("models", "import", untrained, "--name", "mine", "--overwrite")
    assert outcome.exit_code == 2
    assert "no room" in outcome.output
    assert read_bundle(store / "mine").digest == read_bundle(untrained).digest
    assert (store / "mine" / ".mark").exists()


@pytest.mark.parametrize(("age_hours", "kept"), [(23, True), (25, False)])
def test_an_import_removes_what_killed_ones_left_long_ago(
    run: Run, store: Path, untrained: Path, age_hours: float, kept: bool
) -> None:
    left = store / ".work-x"
    left.mkdir(parents=True)
    (left / "part.zip").touch()
    then = time.time() - age_hours * 3600
    os.utime(left, (then, then))
    assert run("models", "import", untrained).exit_code == 0
    assert left.exists() is kept
