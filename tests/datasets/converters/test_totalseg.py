from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoulderseg.datasets.converters.convert import survey
from shoulderseg.datasets.converters.examined import Examined
from shoulderseg.datasets.converters.joint import places_mm
from shoulderseg.datasets.converters.source import Labelled, Rejected, SourceCase
from shoulderseg.datasets.converters.totalseg import ShoulderChoice, totalseg_cases
from shoulderseg.datasets.converters.totalseg_releases import CT, MRI, totalseg_spec
from shoulderseg.datasets.writer import write_image
from tests.datasets.converters.bodies import HEAD_MM, Body, write_subject

_LABELS = {"background": 0, "humerus": 1, "glenoid": 2}


def _survey(source: Path, choice: ShoulderChoice | None = None) -> list[Examined | Rejected]:
    return list(survey(totalseg_cases(source, MRI, choice or ShoulderChoice()), _LABELS))


def _loaded(source: Path, choice: ShoulderChoice, side: str) -> Labelled:
    for case in totalseg_cases(source, MRI, choice):
        if case.name.endswith(side):
            assert isinstance(case, SourceCase)
            return case.load()
    raise AssertionError


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_shoulder_becomes_a_small_case_in_its_place(
    tmp_path: Path, bodies: dict[str, Body], side: str
) -> None:
    body = bodies[side]
    write_subject(tmp_path / "s0007", body, side)
    image, label_map = _loaded(tmp_path, ShoulderChoice(margin_mm=10), side)
    assert image.array.size < body.image.array.size / 3
    # Every voxel has the value and the bone that the whole scan has at its place.
    spots = places_mm(np.ones(image.array.shape, bool), image)
    axes = np.reshape(body.image.direction, (3, 3))
    index = (spots - body.image.origin_mm) @ axes / body.image.spacing_mm[::-1]
    assert np.abs(index - np.rint(index)).max() < 1e-3
    x, y, z = np.rint(index).astype(int).T
    np.testing.assert_array_equal(body.image.array[z, y, x], image.array.ravel())
    np.testing.assert_array_equal(body.humerus[z, y, x], label_map.ravel() == 1)
    assert body.scapula[z, y, x][label_map.ravel() == 2].all()


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("depth_mm", [30.0, 18.0])
def test_glenoid_is_the_joint_end_of_the_scapula_as_deep_as_asked(
    tmp_path: Path, bodies: dict[str, Body], side: str, depth_mm: float
) -> None:
    body = bodies[side]
    write_subject(tmp_path / "s0007", body, side)
    image, label_map = _loaded(tmp_path, ShoulderChoice(glenoid_mm=depth_mm), side)
    away = places_mm(label_map == 2, image) - body.centre_mm
    medial = np.array([-1.0 if side == "left" else 1.0, 1.0, 0.0]) / np.sqrt(2)
    along = away @ medial
    # The surface is 26 mm from the centre in the middle and nearer at the cup's rim.
    assert along.max() == pytest.approx(HEAD_MM + 4 + depth_mm, abs=3.5)
    assert np.linalg.norm(away, axis=1).min() < HEAD_MM + 6
    # The neck has a radius of 15 mm; nothing of the acromion is left.
    across = np.linalg.norm(away - along[:, None] * medial, axis=1)
    assert across.max() <= 15.01
    taken = np.count_nonzero(label_map == 2) * np.prod(image.spacing_mm)
    assert taken == pytest.approx(np.pi * 15**2 * (depth_mm + 2), rel=0.15)


def test_what_overhangs_the_joint_is_left_out(tmp_path: Path, bodies: dict[str, Body]) -> None:
    body = bodies["left"]
    away = places_mm(np.ones_like(body.humerus), body.image) - body.centre_mm
    medial = np.array([-1.0, 1.0, 0.0]) / np.sqrt(2)
    along = away @ medial
    across = np.linalg.norm(away - along[:, None] * medial, axis=1)
    disc = ((along >= 36) & (along <= 44) & (across <= 35)).reshape(body.scapula.shape)
    write_subject(tmp_path / "s0001", body._replace(scapula=body.scapula | disc), "left")
    image, label_map = _loaded(tmp_path, ShoulderChoice(), "left")
    taken = places_mm(label_map == 2, image) - body.centre_mm
    beside = np.linalg.norm(taken - (taken @ medial)[:, None] * medial, axis=1)
    # 15 mm of the joint surface and 2 mm beyond, give or take a voxel.
    assert beside.max() == pytest.approx(17, abs=1.5)


def test_margin_is_kept_around_the_bones(tmp_path: Path, bodies: dict[str, Body]) -> None:
    body = bodies["left"]
    write_subject(tmp_path / "s0001", body, "left")
    image, label_map = _loaded(tmp_path, ShoulderChoice(margin_mm=9), "left")
    away = places_mm(np.ones(image.array.shape, bool), image) - body.centre_mm
    head = (np.linalg.norm(away, axis=1) <= HEAD_MM).reshape(image.array.shape)
    kept = head | (label_map == 2)
    for axis, step in enumerate(image.spacing_mm):
        inside = np.flatnonzero(kept.any(axis=tuple({0, 1, 2} - {axis})))
        sides = (inside[0], image.array.shape[axis] - 1 - inside[-1])
        # The fitted sphere may be off by a voxel.
        assert all(9 - step <= count * step <= 9 + 2.5 * step for count in sides)


def test_sides_share_the_patient_and_those_without_a_joint_are_skipped(
    tmp_path: Path, bodies: dict[str, Body]
) -> None:
    write_subject(tmp_path / "s0001", bodies["left"], "left")
    write_subject(tmp_path / "s0002", bodies["right"], "right")
    (tmp_path / "s0002/segmentations/scapula_right.nii.gz").unlink()
    (tmp_path / "meta.csv").touch()
    cases = list(totalseg_cases(tmp_path, MRI, ShoulderChoice()))
    assert [case.name for case in cases] == [
        "s0001_left",
        "s0001_right",
        "s0002_left",
        "s0002_right",
    ]
    assert [case.patient for case in cases if isinstance(case, SourceCase)] == [
        "s0001",
        "s0001",
        "s0002",
        "s0002",
    ]
    left, *others = _survey(tmp_path)
    assert isinstance(left, Examined)
    assert min(left.voxels.values()) > 500
    reasons = [other.reason for other in others if isinstance(other, Rejected)]
    assert "humerus_right.nii.gz has 0 voxels, expected 500 or more" in reasons[0]
    assert "humerus_left.nii.gz has 0 voxels" in reasons[1]
    assert "scapula_right.nii.gz is missing" in reasons[2]
    assert not any(other.fault for other in others if isinstance(other, Rejected))


def test_masks_of_the_wrong_side_or_far_apart_are_skipped(
    tmp_path: Path, bodies: dict[str, Body]
) -> None:
    body = bodies["left"]
    write_subject(tmp_path / "s0001", body, "right")
    far = np.zeros_like(body.scapula)
    far[:6, :40, :30] = True
    write_subject(tmp_path / "s0002", body._replace(scapula=far), "left")
    outcomes = {outcome.name: outcome for outcome in _survey(tmp_path)}
    for name in ("s0001_right", "s0002_left"):
        outcome = outcomes[name]
        assert isinstance(outcome, Rejected)
        assert not outcome.fault
        assert "does not face the humerus" in outcome.reason


def test_a_shaft_alone_is_no_head(tmp_path: Path, bodies: dict[str, Body]) -> None:
    body = bodies["left"]
    away = places_mm(np.ones_like(body.humerus), body.image) - body.centre_mm
    # A flat plate beside the scapula fits no sphere of a head.
    medial = np.array([-1.0, 1.0, 0.0]) / np.sqrt(2)
    plate = (np.abs(away @ medial - 18) <= 4).reshape(body.humerus.shape)
    write_subject(tmp_path / "s0001", body._replace(humerus=plate & ~body.scapula), "left")
    outcome = _survey(tmp_path)[0]
    assert isinstance(outcome, Rejected)
    assert not outcome.fault
    assert "no humeral head" in outcome.reason


def test_faulty_folders_are_rejected(tmp_path: Path, bodies: dict[str, Body]) -> None:
    body = bodies["left"]
    for name in ("s0001", "s0002", "s0003"):
        write_subject(tmp_path / name, body, "left")
    (tmp_path / "s0001/mri.nii.gz").unlink()
    cut = tmp_path / "s0002/mri.nii.gz"
    cut.write_bytes(cut.read_bytes()[:-20])
    write_image(tmp_path / "s0003/mri.nii.gz", replace(body.image, origin_mm=(0.0, 0.0, 0.0)))
    faults = [entry for entry in _survey(tmp_path) if isinstance(entry, Rejected) and entry.fault]
    assert [entry.name for entry in faults] == ["s0001", "s0002_left", "s0003_left"]
    assert "mri.nii.gz is missing" in faults[0].reason
    assert "mri.nii.gz: file ends early" in faults[1].reason
    assert "humerus_left.nii.gz: grid differs from its image. voxels lie up to" in faults[2].reason


def test_a_folder_that_cannot_be_read(
    tmp_path: Path, bodies: dict[str, Body], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("s0001", "s0002"):
        write_subject(tmp_path / name, bodies["left"], "left")
    real = Path.is_file, Path.is_dir

    def locked(path: Path, kind: int) -> bool:
        if path.parent.name == "s0001":
            raise PermissionError(13, "Permission denied", str(path))
        return real[kind](path)

    monkeypatch.setattr(Path, "is_file", lambda path: locked(path, 0))
    monkeypatch.setattr(Path, "is_dir", lambda path: locked(path, 1))
    closed, *others = totalseg_cases(tmp_path, MRI, ShoulderChoice())
    assert isinstance(closed, Rejected)
    assert (closed.name, closed.fault) == ("s0001", True)
    assert closed.reason == "it cannot be read (Permission denied)."
    assert [other.name for other in others] == ["s0002_left", "s0002_right"]


def test_folders_without_masks_are_told_of(tmp_path: Path, bodies: dict[str, Body]) -> None:
    write_subject(tmp_path / "s0001", bodies["left"], "left")
    (tmp_path / "s0002").mkdir()
    shutil.copy(tmp_path / "s0001/mri.nii.gz", tmp_path / "s0002/mri.nii.gz")
    (tmp_path / "s0003").mkdir()
    found = list(totalseg_cases(tmp_path, MRI, ShoulderChoice()))
    told = {entry.name: entry for entry in found if isinstance(entry, Rejected)}
    assert told.keys() == {"s0002", "s0003"}
    assert all(entry.fault for entry in told.values())
    assert "segmentations is missing" in told["s0002"].reason
    assert "mri.nii.gz and segmentations are missing" in told["s0003"].reason


def test_folder_of_another_layout(tmp_path: Path) -> None:
    (tmp_path / "Images").mkdir()
    with pytest.raises(FileNotFoundError, match="give the folder that holds s0001"):
        totalseg_cases(tmp_path, MRI, ShoulderChoice())


def test_spec_tells_licence_and_channel() -> None:
    assert totalseg_spec(MRI, 5, None).licence == "CC BY-NC-SA 2.0"
    ct = totalseg_spec(CT, 6, "Prior")
    assert (ct.name, ct.channel_name, ct.licence) == ("Prior", "CT", "CC BY 4.0")
    assert "supraspinous fossa" in CT.notice


@pytest.mark.parametrize(
    "numbers", [{"glenoid_mm": 0}, {"margin_mm": -1}, {"glenoid_mm": np.nan}, {"least_voxels": 0}]
)
def test_numbers_out_of_range(numbers: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        ShoulderChoice(**numbers)  # type: ignore[arg-type]
