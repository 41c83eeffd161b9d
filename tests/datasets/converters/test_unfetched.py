"""Inputs that git-annex, DataLad or git-LFS keep elsewhere and that were not fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.converters.convert import survey
from shoulderseg.datasets.converters.source import Rejected
from shoulderseg.datasets.converters.totalseg import ShoulderChoice, totalseg_cases
from shoulderseg.datasets.converters.totalseg_releases import MRI
from shoulderseg.datasets.pairs import survey_pairs
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image, write_label_map
from tests.datasets.converters.drawn_study import (
    draw_mask,
    drawn_bones,
    of_patient,
    outcomes,
    series_grid,
)
from tests.datasets.converters.slice_folders import LABELS, STACK, reason_of, save_slice
from tests.datasets.dicom import writing
from tests.datasets.mixed_pairs import SPEC, VALUES

if TYPE_CHECKING:
    from shoulderseg.datasets.converters.examined import Examined


def _dangle(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(".git/annex/objects/xx/MD5E-s9--1/MD5E-s9--1")


def _point(path: Path) -> None:
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")


_LOSE = pytest.mark.parametrize("lose", [_dangle, _point])


@_LOSE
@pytest.mark.parametrize("name", ["glenoid.nii.gz", "masks/glenoid", "masks/glenoid.dcm", "g.mgz"])
def test_a_mask_of_an_examination(tmp_path: Path, lose: Callable[[Path], None], name: str) -> None:
    """Its bone would be background where structures may be missing."""
    writing.write(tmp_path / "a/series", writing.series())
    humerus = (drawn_bones() == 1).astype(np.uint8)
    write_label_map(tmp_path / "a/humerus.nii.gz", humerus, series_grid())
    assert len(outcomes(tmp_path)[0]) == 1
    (tmp_path / "a/masks").mkdir()
    (tmp_path / "a/notes.txt").symlink_to("nowhere")
    lose(tmp_path / "a" / name)
    cases, (lost, series) = outcomes(tmp_path)
    assert cases == []
    assert (lost.name, lost.fault) == ("p001_unfetched", True)
    assert lost.reason.startswith("1 file: link, or a pointer, to a file that is not there.")
    assert "git annex get" in lost.reason
    assert "p001_unfetched could not be used and may have been drawn on it" in series.reason
    assert "glenoid" not in lost.reason + series.reason


def test_a_patient_behind_a_link_keeps_the_numbers_of_the_others(tmp_path: Path) -> None:
    for number in range(2):
        writing.write(tmp_path / f"p{number}", of_patient(writing.series(number), number))
        draw_mask(tmp_path / f"p{number}/mask", "nii.gz", [])
    (tmp_path / "p0").rename(tmp_path / "elsewhere")
    (tmp_path / "p0").symlink_to("/nowhere/p0")
    # A file in the store of git-annex, and no folder.
    _dangle(tmp_path / "README")
    (tmp_path / "elsewhere").rename(tmp_path / "p9")
    cases, (lost,) = outcomes(tmp_path)
    assert [case.patient for case in cases] == ["p002", "p003"]
    assert (lost.name, lost.fault) == ("p001", True)
    assert "git annex get" in lost.reason


@_LOSE
@pytest.mark.parametrize("kind", ["images", "masks", "both"])
def test_the_last_slice(tmp_path: Path, lose: Callable[[Path], None], kind: str) -> None:
    """Without it the volume would be shorter."""
    for number in range(4):
        for folder in ("images", "masks"):
            values = np.full((20, 20), 90 * (number == 1), np.uint8)
            values[0, 0] = 200
            save_slice(tmp_path / f"a/{folder}/{number}.png", values)
    assert not any(isinstance(one, Rejected) for one in _slices(tmp_path))
    for folder in ("images", "masks") if kind == "both" else (kind,):
        lose(tmp_path / f"a/{folder}/3.png")
    reason = reason_of(tmp_path)
    assert reason.startswith("3.png: link, or a pointer, to a file that is not there.")
    (tmp_path / "b").symlink_to("/nowhere")
    assert [one.name for one in _slices(tmp_path)] == ["p001", "p002"]


def _slices(source: Path) -> list[Examined | Rejected]:
    from shoulderseg.datasets.converters.slices import slice_cases

    return list(survey(slice_cases(source, STACK), LABELS))


@_LOSE
@pytest.mark.parametrize("name", ["mri.nii.gz", "segmentations/scapula_left.nii.gz"])
def test_files_of_totalsegmentator(tmp_path: Path, lose: Callable[[Path], None], name: str) -> None:
    """A mask that is missing means that the image does not show the bone."""
    masks = tmp_path / "s0001/segmentations"
    masks.mkdir(parents=True)
    axes = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    grid = Volume(np.ones((9, 20, 20), np.uint8), (3.0, 1.0, 1.0), (0.0, 0.0, 0.0), axes)
    write_image(tmp_path / "s0001/mri.nii.gz", grid)
    write_label_map(masks / "humerus_left.nii.gz", grid.array, grid)
    lose(tmp_path / "s0001" / name)
    found = survey(totalseg_cases(tmp_path, MRI, ShoulderChoice()), {"humerus": 1})
    one = next(iter(found))
    assert isinstance(one, Rejected)
    assert one.fault
    told = f"{Path(name).name}: link, or a pointer, to a file that is not there."
    assert one.reason.startswith(told)


@_LOSE
def test_a_pair(pairs: Path, lose: Callable[[Path], None]) -> None:
    """Where neither file of a pair was fetched, nothing else says that it is missing."""
    folders = pairs / "images", pairs / "labels"
    for file in (folders[0] / "p2_a_0000.nii.gz", folders[1] / "p2_a.nii.gz"):
        lose(file)
    (bad,) = [one for one in survey_pairs(*folders, SPEC, VALUES) if isinstance(one, Rejected)]
    assert (bad.name, bad.fault) == ("p2_a", True)
    for told in ("image p2_a_0000.nii.gz: link, or", "label map p2_a.nii.gz: link, or"):
        assert told in bad.reason
    found = survey_pairs(*folders, SPEC, VALUES, exclude=["p2_a"])
    assert not any(isinstance(one, Rejected) for one in found)
