"""Who the patients of a calibration are, before any image is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.datasets.case_patients import write_patients
from shoulderseg.workflows.calibration.order import CalibrationOrder, check_order, negatives_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five images of a converted dataset, of which two shoulders are a patient's."""
    cases = ["p1_left", "p1_right", "p2_left", "p2_right", "p3_left"]
    for case in cases:
        for part, name in (("imagesTr", f"{case}_0000.nii.gz"), ("labelsTr", f"{case}.nii.gz")):
            (tmp_path / "data" / part).mkdir(parents=True, exist_ok=True)
            (tmp_path / "data" / part / name).write_bytes(b"")
    return tmp_path / "data"


def order(folder: Path, pattern: str | None = None) -> CalibrationOrder:
    return CalibrationOrder(folder / "imagesTr", folder / "labelsTr", patient_pattern=pattern)


def test_too_few_images_of_other_patients_are_told(folder: Path) -> None:
    check_order(order(folder))
    check_order(order(folder, r"(p\d)_"))
    write_patients(folder, {case: case[:2] for case in names(folder)} | {"p2_left": "p1"})
    with pytest.raises(ValueError, match="found 5 images with label maps, 3 of them of one"):
        check_order(order(folder))
    # A pattern goes before the file.
    check_order(order(folder, "(.+)"))
    with pytest.raises(ValueError, match=r"p3_left: patient pattern .* finds no patient"):
        check_order(order(folder, r"(p[12])_"))


def test_patients_lie_beside_a_linked_folder_or_where_it_leads(folder: Path) -> None:
    linked = folder.parent / "linked"
    linked.mkdir()
    for part in ("imagesTr", "labelsTr"):
        (linked / part).symlink_to(folder / part)
    check_order(order(linked))
    write_patients(folder, dict.fromkeys(names(folder), "p1"))
    with pytest.raises(ValueError, match="5 of them of one patient"):
        check_order(order(linked))
    write_patients(linked, {case: case[:2] for case in names(folder)})
    check_order(order(linked))


def names(folder: Path) -> list[str]:
    return [path.name.removesuffix(".nii.gz") for path in (folder / "labelsTr").iterdir()]


def test_segmentations_of_3d_slicer_are_no_images_of_anything_else(tmp_path: Path) -> None:
    for name in ("knee.nrrd", "knee.seg.nrrd"):
        (tmp_path / name).write_bytes(b"")
    assert negatives_of(tmp_path) == [tmp_path / "knee.nrrd"]
