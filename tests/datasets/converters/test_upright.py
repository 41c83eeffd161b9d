"""Conversions store volumes as scanners store slices, and every voxel keeps its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.orientation import Reorientation, find_reorientation
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.stored_orientation import stored_otherwise
from shoulderseg.datasets.volume import Volume, same_grid
from shoulderseg.datasets.writer import write_image
from tests.datasets.mixed_pairs import convert

if TYPE_CHECKING:
    from pathlib import Path

AS_SCANNED = Reorientation((0, 1, 2), ())


def place_of(volume: Volume, value: float) -> np.ndarray:
    """World position of the one voxel of a value."""
    (index,) = np.argwhere(volume.array == value)
    axes = np.reshape(volume.direction, (3, 3)) * np.array(volume.spacing_mm[::-1])
    place: np.ndarray = axes @ index[::-1] + volume.origin_mm
    return place


def test_pairs_are_stored_head_up(pairs: Path, oblique: Volume, labels: Volume) -> None:
    assert find_reorientation(oblique) != AS_SCANNED
    folder = convert(pairs, as_stored=False).folder

    image = read_image(folder / "imagesTr/p1_a_0000.nii.gz")
    label_map = read_label_map(folder / "labelsTr/p1_a.nii.gz")
    assert find_reorientation(image) == AS_SCANNED
    assert same_grid(image, label_map)
    assert stored_otherwise(sorted((folder / "imagesTr").iterdir())) == []
    for value in np.random.default_rng(0).choice(oblique.array[oblique.array != 400], 20):
        assert place_of(image, value) == pytest.approx(place_of(oblique, value), abs=1e-3)
    # The bones lie where they lay: humerus where the image is 400.
    assert np.array_equal(label_map.array == 1, image.array == 400)
    (glenoid,) = {tuple(place) for place in np.argwhere(labels.array == 5)[:1]}
    assert label_map.array[image.array == oblique.array[glenoid]].tolist() == [2]


def test_pairs_are_left_as_stored_when_asked_for(pairs: Path, oblique: Volume) -> None:
    folder = convert(pairs).folder

    image = read_image(folder / "imagesTr/p1_a_0000.nii.gz")
    assert same_grid(image, oblique)
    assert np.array_equal(image.array, oblique.array)
    names = [path.name for path in stored_otherwise(sorted((folder / "imagesTr").iterdir()))]
    assert len(names) == 5
    # What was made otherwise is made anew.
    folder = convert(pairs, as_stored=False, overwrite=True).folder
    assert stored_otherwise(sorted((folder / "imagesTr").iterdir())) == []


def test_slices_upside_down_are_told_from_the_header(tmp_path: Path) -> None:
    # Coronal: slices to the back, rows down the body, columns to the left.
    coronal = Volume(
        np.zeros((3, 4, 5), np.float32),
        (4.0, 1.0, 1.0),
        (0.0, 0.0, 0.0),
        (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0),
    )
    upside_down = replace(coronal, direction=(1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 1.0, 0.0))
    for name, volume in (("up", coronal), ("down", upside_down)):
        write_image(tmp_path / f"{name}.nii.gz", volume)

    found = stored_otherwise([tmp_path / "up.nii.gz", tmp_path / "down.nii.gz"])

    assert [path.name for path in found] == ["down.nii.gz"]
    assert stored_otherwise([]) == []
    (tmp_path / "text.nii.gz").write_text("no image")
    with pytest.raises(ValueError, match=r"text\.nii\.gz"):
        stored_otherwise([tmp_path / "text.nii.gz"])
