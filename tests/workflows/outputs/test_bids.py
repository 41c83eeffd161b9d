"""Names, side files and metadata of a BIDS derivative."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoulderseg.workflows.outputs.plan import Case, OutputPlan
from tests.datasets.oblique_case import oblique_image, write_sources
from tests.workflows.outputs.written_case import write_case


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
    record = write_case(plan, Case("sub-07_T2w", sources))
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
    write_case(plan, Case("sub-08", sources))


def sidecar(plan: OutputPlan, case: Case) -> dict[str, Any]:
    path = plan.out / write_case(plan, case)["output"]
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


def test_the_dataset_of_another_program_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "dataset_description.json").write_text('{"Name": "raw data"}')
    with pytest.raises(ValueError, match="another BIDS dataset"):
        OutputPlan(tmp_path, bids=True).start()
    assert "raw data" in (tmp_path / "dataset_description.json").read_text()


def test_what_somebody_added_to_a_dataset_stays(tmp_path: Path) -> None:
    plan = OutputPlan(tmp_path / "out", bids=True, source=tmp_path / "in")
    plan.start()
    path, ignored = plan.out / "dataset_description.json", plan.out / ".bidsignore"
    description = json.loads(path.read_text(encoding="utf-8"))
    description |= {"Name": "Schultern in Köln", "Authors": ["A. B."]}
    description["GeneratedBy"][0]["Version"] = "0.0.1"
    description["GeneratedBy"].append({"Name": "fmriprep"})
    path.write_text(json.dumps(description), encoding="utf-8")
    ignored.write_bytes(b"notes.txt\r\n*.stl\r\nours/")

    other = OutputPlan(plan.out, bids=True, source=tmp_path / "other")
    other.start()

    now = json.loads(path.read_text(encoding="utf-8"))
    assert (now["Name"], now["Authors"]) == ("Schultern in Köln", ["A. B."])
    assert [one["Name"] for one in now["GeneratedBy"]] == ["shoulderseg", "fmriprep"]
    assert now["GeneratedBy"][0]["Version"] != "0.0.1"
    assert list(now["DatasetLinks"].values()) == ["../in", "../other"]
    lines = ignored.read_text(encoding="utf-8").splitlines()
    assert lines[:3] == ["notes.txt", "*.stl", "ours/"]
    assert "report/" in lines
    assert len(set(lines)) == len(lines)
    # A run that adds nothing writes nothing.
    before = path.read_bytes(), ignored.read_bytes()
    stamps = path.stat().st_mtime_ns, ignored.stat().st_mtime_ns
    other.start()
    assert (path.read_bytes(), ignored.read_bytes()) == before
    assert (path.stat().st_mtime_ns, ignored.stat().st_mtime_ns) == stamps


@pytest.mark.parametrize("content", [b'["shoulderseg"]', b'{"GeneratedBy": "shoulderseg"', b"\xff"])
def test_a_description_that_is_none_is_not_written_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "dataset_description.json"
    path.write_bytes(content + b' "shoulderseg"' * (content == b"\xff"))
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"dataset_description\.json .* to have it written anew"):
        OutputPlan(tmp_path, bids=True).start()
    assert path.read_bytes() == before
