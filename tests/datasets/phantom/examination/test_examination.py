"""Examinations of a phantom: same person, known motion, same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from scipy.ndimage import map_coordinates

from shoulderseg.datasets.phantom.examination.series import draw_series
from shoulderseg.datasets.phantom.examination.write import ExaminationSet, write_examinations
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.rigid import about, fit_rigid
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.volume import Volume, index_affine

OPTIONS = PhantomOptions(shape=(7, 40, 44), health="healthy", side="right")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("examined")
    [folder] = write_examinations(out, ExaminationSet(OPTIONS, 1, 4, "dicom"))
    return folder


def record(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    content = json.loads((folder / "examination.json").read_text(encoding="utf-8"))
    return {
        name: {bone: np.array(matrix) for bone, matrix in series["motions"].items()}
        for name, series in content["series"].items()
    }


def places(volume: Volume, value: int) -> np.ndarray:
    """Middles of a label's voxels in LPS mm."""
    affine = index_affine(volume)
    found: np.ndarray = np.argwhere(volume.array == value) @ affine[:3, :3].T + affine[:3, 3]
    return found


def share_inside(bones: Volume, points: np.ndarray, value: int) -> float:
    affine = index_affine(bones)
    index = (points - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
    inside = map_coordinates((bones.array == value).astype(float), index.T, order=1)
    return float(np.mean(inside > 0.5))


def test_four_series_in_three_planes(folder: Path) -> None:
    assert len(record(folder)) == 4
    assert {name.split("-")[0] for name in record(folder)} == {"axial", "coronal", "sagittal"}
    first, *others = record(folder).values()
    for matrix in first.values():
        np.testing.assert_allclose(matrix, np.eye(4), atol=1e-5)
    for motions in others:
        assert not np.allclose(motions["humerus"], motions["glenoid"], atol=1e-3)


@pytest.mark.parametrize(("bone", "value"), [("humerus", 1), ("glenoid", 2)])
def test_motion_takes_the_fine_bone_to_where_each_series_has_it(
    folder: Path, bone: str, value: int
) -> None:
    bones = read_label_map(folder / "bones.nii.gz")
    for name, motions in record(folder).items():
        labelled = places(read_label_map(folder / "labels" / f"{name}.nii.gz"), value)
        back = np.linalg.inv(motions[bone])
        moved = labelled @ back[:3, :3].T + back[:3, 3]

        assert len(labelled) > 20
        assert share_inside(bones, moved, value) > 0.9
        # A wrong motion would be noticed.
        assert share_inside(bones, moved + np.array([6.0, 6.0, 6.0]), value) < 0.85


def test_motions_are_small_and_rigid(folder: Path) -> None:
    content = json.loads((folder / "examination.json").read_text(encoding="utf-8"))
    joint = np.array(content["measurements"]["landmarks_lps_mm"]["glenoid_middle"])
    for motions in record(folder).values():
        body = motions["glenoid"]
        np.testing.assert_allclose(body[:3, :3] @ body[:3, :3].T, np.eye(3), atol=1e-9)
        assert np.linalg.norm(body[:3, :3] @ joint + body[:3, 3] - joint) < 5.5


def test_series_are_one_examination_of_dicom(folder: Path) -> None:
    headers = [pydicom.dcmread(next(path.glob("*.dcm"))) for path in (folder / "images").iterdir()]

    assert len({header.StudyInstanceUID for header in headers}) == 1
    assert len({header.FrameOfReferenceUID for header in headers}) == 1
    assert len({header.SeriesInstanceUID for header in headers}) == 4
    assert sorted(header.SeriesNumber for header in headers) == [1, 2, 3, 4]
    assert len({header.MagneticFieldStrength for header in headers}) == 1


def test_a_second_run_makes_nothing_anew(folder: Path) -> None:
    told: list[float | None] = []
    write_examinations(
        folder.parent,
        ExaminationSet(OPTIONS, 1, 4, "dicom"),
        on_case=lambda _, seconds: told.append(seconds),
    )

    assert told == [None]
    with pytest.raises(ValueError, match="holds something else"):
        write_examinations(folder.parent, ExaminationSet(OPTIONS, 1, 5, "dicom"))


@pytest.mark.parametrize("wrong", [{"plane": "axial"}, {"sequence": "pd-fs"}, {"raised": True}])
def test_what_an_examination_has_of_its_own_cannot_be_asked_for(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="its own planes and sequences"):
        write_examinations(tmp_path, ExaminationSet(PhantomOptions(**wrong)))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_weak_magnet_takes_stir_for_fat_saturation() -> None:
    for seed in range(20):
        sequences = [one.sequence for one in draw_series(0.3, np.random.default_rng(seed))]
        assert "pd-fs" not in sequences
        assert sequences[2] == "stir"


def test_rigid_motions() -> None:
    rng = np.random.default_rng(1)
    centre = np.array([3.0, -8.0, 40.0])
    motion = about(centre, np.array([0.0, 0.0, 90.0]), np.array([1.0, 2.0, 3.0]))
    points = rng.normal(size=(30, 3)) * 20

    np.testing.assert_allclose(motion.apply(centre), [4, -6, 43], atol=1e-12)
    np.testing.assert_allclose(motion.apply(centre + np.array([1, 0, 0])), [4, -5, 43], atol=1e-12)
    np.testing.assert_allclose(motion.inverse().apply(motion.apply(points)), points, atol=1e-12)
    found = fit_rigid(points, motion.apply(points))
    np.testing.assert_allclose(found.matrix(), motion.matrix(), atol=1e-9)
