"""Without networks: what is written of a label map, and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    import numpy.typing as npt

VALUES = {"humerus": HUMERUS, "glenoid": GLENOID}


def write(
    plan: OutputPlan, case: Case, label_map: npt.NDArray[np.uint8] | None = None
) -> dict[str, Any]:
    plan.start()
    written = lopsided_labels() if label_map is None else label_map
    return write_outputs(plan, case, written, oblique_image(), VALUES)


def test_formats_are_parsed_in_order_and_once() -> None:
    words = ["stl, .NRRD", "dicom-seg", "stl"]
    assert parse_formats(words) == (Format.stl, Format.nrrd, Format.dicom)
    assert parse_formats([]) == ()
    with pytest.raises(ValueError, match=r"--format obj: no such format; choose from nii\.gz"):
        parse_formats(["stl,obj"])


@pytest.mark.parametrize("form", ["nii.gz", "nrrd", "mha"])
def test_bones_are_where_they_were_in_each_volume_format(tmp_path: Path, form: str) -> None:
    record = write(OutputPlan(tmp_path / "out", parse_formats([form])), Case("a"))
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
    record = write(plan, Case("x.1", sources))
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
    assert write(plan, Case("plain"))["outputs"] == ["plain.nii.gz"]
    assert write(plan, Case("dicom", sources))["outputs"] == ["dicom.nii.gz", "dicom.seg.dcm"]
    assert pydicom.dcmread(plan.out / "dicom.seg.dcm").Modality == "SEG"


def test_an_empty_bone_has_no_surface_not_even_an_old_one(tmp_path: Path) -> None:
    plan = OutputPlan(tmp_path / "out", (Format.stl,))
    write(plan, Case("a"))
    label_map = lopsided_labels()
    label_map[label_map == GLENOID] = 0
    record = write(plan, Case("a"), label_map)
    assert record["outputs"] == ["a_humerus.stl"]
    assert record["surfaces"]["glenoid"] == {"empty": True}
    assert [path.name for path in plan.out.iterdir()] == ["a_humerus.stl"]
    nothing = write(plan, Case("b"), np.zeros_like(label_map))
    assert (nothing["output"], nothing["outputs"]) == (None, [])


def test_a_seg_without_dicom_is_refused(tmp_path: Path) -> None:
    plan = OutputPlan(tmp_path / "out", (Format.dicom,))
    with pytest.raises(ValueError, match="needs DICOM input"):
        write(plan, Case("a"))
    assert not list(plan.out.iterdir())


@pytest.mark.parametrize("kind", ["plain", "dicom"])
def test_what_else_was_asked_for_is_written_all_the_same(tmp_path: Path, kind: str) -> None:
    case = Case("a", damaged(tmp_path) if kind == "dicom" else ())
    record = write(OutputPlan(tmp_path / "out", (Format.nifti, Format.dicom)), case)
    assert record["outputs"] == ["a.nii.gz"]
    reason = "FrameOfReferenceUID is missing" if kind == "dicom" else "needs DICOM input"
    assert reason in record["not_written"]["dicom-seg"]
    assert record["error"] == f"a: no dicom-seg: {record['not_written']['dicom-seg']}"


def damaged(tmp_path: Path) -> list[Path]:
    """A series whose files name no frame of reference."""
    sources = write_sources(tmp_path / "series", oblique_image())
    for path in sources:
        dataset = pydicom.dcmread(path)
        del dataset.FrameOfReferenceUID
        dataset.save_as(path)
    return sources


def test_a_seg_that_nobody_asked_for_does_not_fail_the_case(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = write(OutputPlan(tmp_path / "out"), Case("a", damaged(tmp_path)))
    assert record["outputs"] == ["a.nii.gz"]
    assert "FrameOfReferenceUID is missing" in record["not_written"]["dicom-seg"]
    assert "no DICOM SEG" in caplog.text


def full(*_: object) -> None:
    msg = "the disk is full"
    raise OSError(msg)


def too_large(*_: object) -> None:
    raise MemoryError


BUILD = "shoulderseg.datasets.surfaces.build_surface"
SURFACE = "shoulderseg.datasets.surface_files.write_surface"


def test_a_failed_case_leaves_no_part_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = OutputPlan(tmp_path / "out", (Format.dicom,))
    with pytest.raises(ValueError, match="FrameOfReferenceUID is missing"):
        write(plan, Case("a", damaged(tmp_path)))
    monkeypatch.setattr(SURFACE, full)
    with pytest.raises(OSError, match="disk is full"):
        write(OutputPlan(plan.out, (Format.stl,)), Case("a"))
    assert not list(plan.out.iterdir())


@pytest.mark.parametrize(
    ("broken", "fail", "reason"),
    [(BUILD, too_large, "MemoryError"), (SURFACE, full, "the disk is full")],
)
def test_what_is_whole_is_kept_where_a_surface_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, fail: object, reason: str
) -> None:
    plan = OutputPlan(tmp_path / "out", (Format.nifti, Format.stl, Format.ply))
    write(plan, Case("a"))
    monkeypatch.setattr(broken, fail)
    record = write(plan, Case("a"))
    # Surfaces of the earlier run would pass for those of this label map.
    assert [path.name for path in plan.out.iterdir()] == record["outputs"] == ["a.nii.gz"]
    assert set(record["not_written"]) == {"stl", "ply"}
    assert record["not_written"]["stl"].startswith("humerus: " + reason)
    assert "glenoid: " + reason in record["not_written"]["stl"]
    assert record["error"].startswith("a: no stl: humerus: " + reason)
    assert "surfaces" not in record


def test_a_label_map_that_cannot_be_written_spoils_no_other_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = OutputPlan(tmp_path / "out")
    sources = write_sources(tmp_path / "series", oblique_image())
    monkeypatch.setattr("shoulderseg.datasets.writer.write_label_map", full)
    record = write(plan, Case("a", sources))
    assert record["outputs"] == ["a.seg.dcm"]
    # It was not asked for by name, but it is what a run is for.
    assert record["error"] == "a: no nii.gz: the disk is full"


def test_old_files_do_not_pass_for_those_of_this_run(tmp_path: Path) -> None:
    case = Case("a", write_sources(tmp_path / "series", oblique_image()))
    out = tmp_path / "out"
    write(OutputPlan(out, (Format.nifti, Format.dicom, Format.stl)), case)
    write(OutputPlan(out, (Format.mha,)), Case("a.seg"))
    (out / "a_notes.txt").touch()
    record = write(OutputPlan(out), Case("a", damaged(tmp_path / "later")))
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
        write(plan, Case(name))
    assert plan.left_over(Case("a"), set()) == ["a.seg.nrrd", "a_glenoid.stl", "a_humerus.stl"]
    assert plan.left_over(Case("a"), {"a.seg.nrrd"}) == ["a_glenoid.stl", "a_humerus.stl"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("sub-07", "sub-07/anat/sub-07_desc-shoulder_dseg"),
        ("sub-07_T2w", "sub-07/anat/sub-07_desc-shoulderT2w_dseg"),
        ("sub-07_desc-prep_T2w", "sub-07/anat/sub-07_desc-shoulderprepT2w_dseg"),
        ("sub-07_res-2_den-3_PDw", "sub-07/anat/sub-07_res-2_desc-shoulderPDw_dseg"),
        (
            "sub-07_ses-b_acq-cor_T2w",
            "sub-07/ses-b/anat/sub-07_ses-b_acq-cor_desc-shoulderT2w_dseg",
        ),
        ("case_7-A.x", "sub-case7Ax/anat/sub-case7Ax_desc-shoulder_dseg"),
    ],
)
def test_bids_names_come_from_file_names(tmp_path: Path, name: str, stem: str) -> None:
    assert OutputPlan(tmp_path, bids=True).stem(Case(name)) == stem


@pytest.mark.parametrize(
    "name",
    [
        "knee sub-07x, left",
        "ses-1_sub-01",
        "sub-01_PDw (1)",
        "sub-01_acq-a_acq-b_T2w",
        "sub-01_acq-a_ses-1",
        "sub-0-1_T2w",
    ],
)
def test_a_name_that_only_looks_like_bids_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"is no BIDS name, expected one such as sub-01_ses-2"):
        OutputPlan(tmp_path, bids=True).stem(Case(name))


def test_a_name_without_letters_is_no_subject(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no letter or digit"):
        OutputPlan(tmp_path, bids=True).stem(Case("__.-"))


def test_a_bids_derivative_has_its_side_files(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "series", oblique_image())
    plan = OutputPlan(tmp_path / "out", bids=True)
    record = write(plan, Case("sub-07_T2w", sources))
    folder = plan.out / "sub-07" / "anat"
    assert record["outputs"] == ["sub-07/anat/sub-07_desc-shoulderT2w_dseg.nii.gz"]
    assert (plan.out / record["output"]).is_file()
    rows = (folder / "sub-07_desc-shoulderT2w_dseg.tsv").read_text().splitlines()
    assert rows == ["index\tname\tcolor", "1\thumerus\t#e6550d", "2\tglenoid\t#3182bd"]
    description = json.loads((plan.out / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "shoulderseg"
    assert "BIDSVersion" in description
    written = b"".join(path.read_bytes() for path in plan.out.rglob("*") if path.is_file())
    assert b"PHANTOM-0003" not in written
    write(plan, Case("sub-08", sources))


def sidecar(plan: OutputPlan, case: Case) -> dict[str, Any]:
    path = plan.out / write(plan, case)["output"]
    text = path.with_name(path.name.replace(".nii.gz", ".json")).read_text()
    said: dict[str, Any] = json.loads(text)
    return said


def test_a_bids_label_map_has_the_metadata_that_the_standard_asks_for(tmp_path: Path) -> None:
    plan = OutputPlan(tmp_path / "out", bids=True, source=tmp_path / "my in", model="c0ffee")
    said = sidecar(plan, Case("sub-07_T2w", file="sub-07_T2w.nii.gz"))
    assert said.pop("Description")
    assert said == {
        "SpatialReference": "orig",
        "Manual": False,
        "Sources": ["bids:input1:sub-07_T2w.nii.gz"],
        "ModelSHA256": "c0ffee",
    }
    named = sidecar(plan, Case("sub-07_space-x_res-2_T2w", file="a b.nii.gz"))
    # Another space than the image's own is told by the image.
    assert named["SpatialReference"] == "bids:input1:a%20b.nii.gz"
    assert named["Resolution"] == "That of the image: 3.3 x 0.5 x 0.7 mm (slices first)"
    # A second input folder takes no link away.
    other = OutputPlan(plan.out, bids=True, source=tmp_path / "other")
    assert sidecar(other, Case("sub-08", file="x.mha"))["Sources"] == ["bids:input2:x.mha"]
    plan.start()
    description = json.loads((plan.out / "dataset_description.json").read_text())
    assert description["DatasetLinks"] == {"input1": "../my%20in", "input2": "../other"}
    assert "Sources" not in sidecar(other, Case("sub-09"))
    nowhere = OutputPlan(tmp_path / "alone", bids=True)
    assert "Sources" not in sidecar(nowhere, Case("sub-07", file="sub-07.nii.gz"))
    description = json.loads((nowhere.out / "dataset_description.json").read_text())
    assert {"Name", "BIDSVersion", "DatasetType", "GeneratedBy"} == set(description)


def test_side_files_that_cannot_be_written_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shoulderseg.workflows.outputs.case_files.write_sidecar", full)
    record = write(OutputPlan(tmp_path / "out", bids=True), Case("sub-07"))
    assert record["outputs"] == ["sub-07/anat/sub-07_desc-shoulder_dseg.nii.gz"]
    assert record["error"] == "sub-07: no json: the disk is full"


def test_the_dataset_of_another_program_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "dataset_description.json").write_text('{"Name": "raw data"}')
    with pytest.raises(ValueError, match="another BIDS dataset"):
        OutputPlan(tmp_path, bids=True).start()
    assert "raw data" in (tmp_path / "dataset_description.json").read_text()
