"""Without networks: what is written of a label map, and where."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
import trimesh

from shoulderseg.workflows.outputs.formats import Format, parse_formats
from shoulderseg.workflows.outputs.plan import Case, OutputPlan
from shoulderseg.workflows.outputs.write import write_outputs
from tests.datasets.oblique_case import (
    GLENOID,
    HUMERUS,
    centroid_mm,
    lopsided_labels,
    oblique_image,
    write_sources,
)
from tests.workflows.outputs.written_case import VALUES, damaged_sources, write_case


def test_formats_are_parsed_in_order_and_once() -> None:
    words = ["stl, .NRRD", "dicom-seg", "stl"]
    assert parse_formats(words) == (Format.stl, Format.nrrd, Format.dicom)
    assert parse_formats([]) == ()
    with pytest.raises(ValueError, match=r"no such format: obj; choose from nii\.gz"):
        parse_formats(["stl,obj"])


@pytest.mark.parametrize("form", ["nii.gz", "nrrd", "mha"])
def test_bones_are_where_they_were_in_each_volume_format(tmp_path: Path, form: str) -> None:
    record = write_case(OutputPlan(tmp_path / "out", parse_formats([form])), Case("a"))
    assert record["outputs"] == [f"a.{form}"]
    path = tmp_path / "out" / f"a.{form}"
    for value in (HUMERUS, GLENOID):
        if form == "nii.gz":
            read = nibabel.nifti1.load(path)
            middle = np.argwhere(np.asarray(read.dataobj) == value).mean(axis=0)
            # NIfTI's world is RAS.
            place_mm = (read.affine @ [*middle, 1])[:3] * [-1, -1, 1]
        else:
            image = SimpleITK.ReadImage(str(path))
            middle = np.argwhere(SimpleITK.GetArrayFromImage(image) == value).mean(axis=0)
            place_mm = image.TransformContinuousIndexToPhysicalPoint(middle[::-1].tolist())
        expected_mm = centroid_mm(lopsided_labels() == value, oblique_image())
        np.testing.assert_allclose(place_mm, expected_mm, atol=0.01)


def test_all_formats_at_once_and_the_report_lists_them(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "series", oblique_image())
    plan = OutputPlan(tmp_path / "out", parse_formats([",".join(Format)]))
    record = write_case(plan, Case("x.1", sources))
    assert record["output"] == "x.1.nii.gz"
    assert record["outputs"] == [
        "x.1.nii.gz",
        "x.1.nrrd",
        "x.1.mha",
        "x.1.seg.nrrd",
        "x.1.seg.dcm",
        "x.1_humerus.stl",
        "x.1_glenoid.stl",
        "x.1_humerus.ply",
        "x.1_glenoid.ply",
    ]
    assert sorted(path.name for path in plan.out.iterdir()) == sorted(record["outputs"])
    assert "x.1.seg.dcm" in record["patient_data"]
    assert "patient" in record["patient_data"]
    humerus = record["surfaces"]["humerus"]
    assert humerus["watertight"] is True
    assert humerus["volume_ml"] == pytest.approx(humerus["mask_volume_ml"], rel=0.02)
    assert 0 < humerus["deviation_mean_mm"] < humerus["deviation_max_mm"] < 3
    mesh = trimesh.load_mesh(plan.out / "x.1_glenoid.ply")
    expected_mm = centroid_mm(lopsided_labels() == GLENOID, oblique_image())
    np.testing.assert_allclose(mesh.center_mass, expected_mm, atol=0.25)


def test_the_default_depends_on_the_input(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "series", oblique_image())
    plan = OutputPlan(tmp_path / "out")
    assert write_case(plan, Case("plain"))["outputs"] == ["plain.nii.gz"]
    assert write_case(plan, Case("dicom", sources))["outputs"] == ["dicom.nii.gz", "dicom.seg.dcm"]
    assert pydicom.dcmread(plan.out / "dicom.seg.dcm").Modality == "SEG"


def test_an_empty_bone_has_no_surface_not_even_an_old_one(tmp_path: Path) -> None:
    plan = OutputPlan(tmp_path / "out", (Format.stl,))
    write_case(plan, Case("a"))
    label_map = lopsided_labels()
    label_map[label_map == GLENOID] = 0
    record = write_case(plan, Case("a"), label_map)
    assert record["outputs"] == ["a_humerus.stl"]
    assert record["surfaces"]["glenoid"] == {"empty": True}
    assert [path.name for path in plan.out.iterdir()] == ["a_humerus.stl"]
    nothing = write_case(plan, Case("b"), np.zeros_like(label_map))
    assert (nothing["output"], nothing["outputs"]) == (None, [])


def test_old_files_do_not_pass_for_those_of_this_run(tmp_path: Path) -> None:
    case = Case("a", write_sources(tmp_path / "series", oblique_image()))
    out = tmp_path / "out"
    write_case(OutputPlan(out, (Format.nifti, Format.dicom, Format.stl)), case)
    write_case(OutputPlan(out, (Format.mha,)), Case("a.seg"))
    (out / "a_notes.txt").touch()
    record = write_case(OutputPlan(out), Case("a", damaged_sources(tmp_path / "later")))
    assert record["outputs"] == ["a.nii.gz"]
    assert "dicom-seg" in record["not_written"]
    # A DICOM SEG that disagrees with the label map could go to an archive.
    assert not (out / "a.seg.dcm").exists()
    assert record["of_an_earlier_run"] == ["a_glenoid.stl", "a_humerus.stl"]
    again = write_outputs(
        OutputPlan(out),
        Case("a"),
        lopsided_labels(),
        oblique_image(),
        VALUES,
        ["a_glenoid.stl", "a_humerus.stl"],
    )
    assert "of_an_earlier_run" not in again
    assert {path.name for path in out.iterdir()} == {
        "a.nii.gz",
        "a.seg.mha",
        "a_glenoid.stl",
        "a_humerus.stl",
        "a_notes.txt",
    }


def test_a_file_belongs_to_the_first_case_that_wants_it(tmp_path: Path) -> None:
    plan = OutputPlan(tmp_path, (Format.nrrd, Format.slicer))
    owners = plan.owners([Case("x"), Case("x.seg"), Case("y")], list(VALUES))
    assert owners == {"x.nrrd": "x", "x.seg.nrrd": "x", "y.nrrd": "y", "y.seg.nrrd": "y"}


def test_files_of_an_earlier_run_are_found_in_every_format(tmp_path: Path) -> None:
    plan = OutputPlan(tmp_path / "out", (Format.slicer, Format.stl))
    for name in ("a", "a_b", "a.1"):
        write_case(plan, Case(name))
    assert plan.left_over(Case("a"), set()) == ["a.seg.nrrd", "a_glenoid.stl", "a_humerus.stl"]
    assert plan.left_over(Case("a"), {"a.seg.nrrd"}) == ["a_glenoid.stl", "a_humerus.stl"]
