"""Stock nnU-Net's part of an experiment, with a script in the place of its commands."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoulderseg.datasets.orientation import Reorientation, find_reorientation, reorient
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.writer import write_image
from shoulderseg.workflows.experiment import steps
from shoulderseg.workflows.experiment.data import lay_out
from shoulderseg.workflows.experiment.protocol import Protocol
from tests.workflows.experiment.made_experiment import write_raw

NAME = "Dataset004_Made"
# Notes how it is to train, and says of each image that it is its own label map. Keeps what it saw.
SCRIPT = """#!/bin/sh
told="$SHOULDERSEG_EPOCHS $SHOULDERSEG_ITERATIONS $SHOULDERSEG_LEARNING_RATE"
[ "$3" = 0 ] && echo "$told" > $(dirname $nnUNet_preprocessed)/told.txt
if [ "$1" = -i ]; then
  mkdir -p $4 && for image in $2/*; do cp $image $4/$(basename $image | sed s/_0000//); done
  cp -r $2 $(dirname $nnUNet_preprocessed)/seen
fi
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> steps.Work:
    """An experiment that is planned, whose test images are their own label maps."""
    script = tmp_path / "script"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    monkeypatch.setattr(steps, "installed_script", lambda _: str(script))
    raw = write_raw(tmp_path / "raw" / NAME, [f"p{number}" for number in range(8)])
    protocol = Protocol("4")
    data = lay_out(raw, tmp_path / "out", protocol)
    for case in data.assignment.test:
        shutil.copy(data.label_map(case), data.image(case))
    planned = data.out / "nnUNet_preprocessed" / NAME
    planned.mkdir(parents=True)
    plans = {"configurations": {"2d": {"data_identifier": "P_2d"}}}
    (planned / "nnUNetPlans.json").write_text(json.dumps(plans))
    (planned / "dataset.json").write_text(json.dumps({"numTraining": 0}))
    return steps.Work(data, protocol, "cpu", lambda _: None)


def turn(path: Path) -> None:
    """Stores the same volume in another orientation: other slices, upside down."""
    write_image(path, reorient(read_image(path), Reorientation((1, 0, 2), (0, 2))))


@pytest.mark.parametrize("upright", [True, False])
def test_stock_nnunet_sees_images_as_ours_do(work: steps.Work, *, upright: bool) -> None:
    data = work.data
    first, *_ = sorted(data.assignment.test)
    turn(data.image(first))
    expected = read_image(data.image(first))
    predicted = steps.run_stock(work, "2d", upright=upright)
    assert predicted is not None
    for case in data.assignment.test:
        found = read_label_map(predicted / f"{case}.nii.gz")
        np.testing.assert_array_equal(found.array, read_image(data.image(case)).array)
    assert read_label_map(predicted / f"{first}.nii.gz").direction == expected.direction
    seen = [read_image(path) for path in (data.out / "seen").glob("*.nii.gz")]
    as_ours = [find_reorientation(image) == Reorientation((0, 1, 2), ()) for image in seen]
    assert len(seen) == len(data.assignment.test)
    assert all(as_ours) == upright
    # Nobody needs a second copy of the images.
    assert [path.name for path in (data.out / "stock").iterdir() if path.is_dir()] == ["2d"]


@pytest.mark.parametrize(
    ("start", "told"), [(None, "3 20 0.001\n"), ("mine", "3 20 \n")], ids=["random", "bundle"]
)
def test_random_weights_get_no_rate_for_trained_ones(
    work: steps.Work, start: str | None, told: str
) -> None:
    protocol = Protocol("4", epochs=3, iterations=20, learning_rate=0.001, start_from=start)
    steps.run_stock(replace(work, protocol=protocol), "2d")
    assert (work.data.out / "told.txt").read_text() == told


def test_images_that_all_lie_so_are_given_as_they_are(work: steps.Work) -> None:
    for case in work.data.assignment.test:
        path = work.data.image(case)
        image = read_image(path)
        write_image(path, reorient(image, find_reorientation(image)))
    assert steps.run_stock(work, "2d", upright=True) is not None
    assert not (work.data.out / "stock" / "upright").exists()
