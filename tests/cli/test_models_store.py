"""What imports leave in the store when they fail or are killed."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.manifest import put_file
from shoulderseg.workflows.bundles.quality_file import QUALITY_FILE, write_quality
from tests.workflows.bundles.test_quality_file import CALIBRATION

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


def test_a_folder_that_is_more_than_a_bundle_is_not_replaced(
    run: Run, store: Path, untrained: Path
) -> None:
    assert run("models", "import", untrained, "--name", "mine").exit_code == 0
    (store / "mine" / "notes.docx").write_text("precious")
    (store / "other").mkdir()
    (store / "other" / "thesis.docx").write_text("precious")
    for name, told in (("mine", "holds notes.docx"), ("other", "is no bundle")):
        outcome = run("models", "import", untrained, "--name", name, "--overwrite")
        assert outcome.exit_code == 2
        assert told in " ".join(outcome.output.split())
    assert (store / "mine" / "notes.docx").read_text() == "precious"
    assert (store / "other" / "thesis.docx").read_text() == "precious"


def test_the_same_models_imported_again_leave_a_calibration(
    run: Run, store: Path, untrained: Path, tmp_path: Path
) -> None:
    assert run("models", "import", untrained, "--name", "mine").exit_code == 0
    calibrated = tmp_path / "calibrated"
    shutil.copytree(untrained, calibrated)
    for folder, images in ((store / "mine", 20), (calibrated, 30)):
        put_file(
            folder,
            QUALITY_FILE,
            lambda path, images=images: write_quality(  # type: ignore[misc]
                path, CALIBRATION, ["humerus", "glenoid"], {}, {"images": images}
            ),
        )

    assert run("models", "import", untrained, "--name", "mine", "--overwrite").exit_code == 0
    assert '"images": 20' in (store / "mine" / QUALITY_FILE).read_text()

    # Another calibration takes its place.
    replacement = run("models", "import", calibrated, "--name", "mine", "--overwrite")
    assert replacement.exit_code == 0, replacement.output
    assert '"images": 30' in (store / "mine" / QUALITY_FILE).read_text()
