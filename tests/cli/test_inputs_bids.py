"""BIDS datasets as input, and which folder a case came from."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK

from shoulderseg.workflows.inputs.collect import collect_inputs
from shoulderseg.workflows.inputs.discover import find_inputs
from shoulderseg.workflows.inputs.sources_file import NOTICE
from tests.datasets.dicom.writing import series, write

if TYPE_CHECKING:
    from tests.cli.conftest import Run

_T1, _T2 = "sub-01/ses-a/anat/sub-01_ses-a_T1w", "sub-01/ses-b/anat/sub-01_ses-b_acq-cor_T2w"
_PD = "sub-02/anat/sub-02_PDw"


def _image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(path.name))
    image = SimpleITK.GetImageFromArray(rng.normal(100, 20, (3, 32, 36)).astype(np.float32))
    SimpleITK.WriteImage(image, str(path))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    root = tmp_path / "bids"
    for stem in (_T1, _T2, _PD):
        _image(root / f"{stem}.nii.gz")
    for name in (
        "sub-02/anat/sub-02_desc-bone_mask",
        "sub-02/anat/sub-02_T1map",
        "sub-02/func/sub-02_task-rest_bold",
        "sub-03/dwi/sub-03_dwi",
        "derivatives/other/sub-02/anat/sub-02_T2w",
        "sourcedata/sub-02/anat/sub-02_T2w",
    ):
        _image(root / f"{name}.nii.gz")
    (root / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    return root


def _names(path: Path, *participants: str) -> list[str]:
    return [case.name for case in find_inputs(path, participants).cases]


def test_what_lies_in_anat_is_taken_and_nothing_else(dataset: Path) -> None:
    assert sorted(_names(dataset)) == sorted(Path(stem).name for stem in (_T1, _T2, _PD))
    skipped = {item.name: item.refused for item in find_inputs(dataset).skipped}
    assert skipped == {
        "sub-02/anat/sub-02_desc-bone_mask.nii.gz": False,
        "sub-02/anat/sub-02_T1map.nii.gz": False,
        "sub-03": False,
    }


def test_nothing_is_left_out_without_a_word(dataset: Path) -> None:
    """What DataLad did not fetch, what lies in the wrong place, and what is no weighted image."""
    _image(dataset / "extra.nii.gz")
    _image(dataset / "SUB-05/ANAT/SUB-05_T2w.nii.gz")
    (dataset / "sub-06").symlink_to("/nowhere")
    (dataset / "sub-07").mkdir()
    (dataset / "sub-07/anat").symlink_to("/nowhere")
    anat = dataset / "sub-02/anat"
    for name in ("part-phase_T2w", "phase1", "T2w_seg"):
        _image(anat / f"sub-02_{name}.nii.gz")
    (anat / "old").mkdir()
    (anat / "a.hdr").write_bytes(b"x")
    (anat / "a.img").write_bytes(b"x")
    write(anat, series())
    (anat / "sub-02_FLAIR.nii.gz").symlink_to("/nowhere")
    inputs = find_inputs(dataset)
    assert len(inputs.cases) == 3
    refused = {item.name for item in inputs.skipped if item.refused}
    assert refused == {
        "sub-06",
        "sub-07/anat",
        "sub-02/anat/a.hdr",
        "sub-02/anat/sub-02_FLAIR.nii.gz",
    }
    reasons = {item.name: item.reason for item in inputs.skipped if not item.refused}
    assert "beside the subjects" in reasons["extra.nii.gz"]
    assert "no folder called anat" in reasons["SUB-05"]
    assert "7 DICOM files" in reasons["sub-02/anat"]
    assert "sub-02/anat/old" in reasons
    assert {f"sub-02/anat/sub-02_{name}.nii.gz" for name in ("phase1", "T2w_seg")} <= set(reasons)


def test_dicom_in_a_tree_like_that_of_bids_is_read_as_dicom(tmp_path: Path) -> None:
    write(tmp_path / "sub-01" / "anat", series())
    assert len(find_inputs(tmp_path).cases) == 1


def test_a_dataset_in_a_folder_called_like_a_subject(dataset: Path, tmp_path: Path) -> None:
    dataset.rename(tmp_path / "sub-study")
    assert len(_names(tmp_path / "sub-study")) == 3


def test_a_subject_a_session_and_a_single_subject(dataset: Path, tmp_path: Path) -> None:
    both = sorted(Path(stem).name for stem in (_T1, _T2))
    assert _names(dataset / "sub-01") == both
    assert _names(dataset / "sub-01/ses-a") == [Path(_T1).name]
    _image(tmp_path / "one" / f"{_PD}.nii.gz")
    assert _names(tmp_path / "one") == [Path(_PD).name]
    (tmp_path / "one" / "README").write_text("x")
    assert _names(tmp_path / "one") == [Path(_PD).name]


def test_a_zip_of_a_dataset(run: Run, dataset: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for stem in (_T1, _PD):
            archive.write(dataset / f"{stem}.nii.gz", f"data/{stem}.nii.gz")
    entries = json.loads(run("inspect", tmp_path / "b.zip", "--json").stdout)
    assert [entry["name"] for entry in entries] == [Path(_T1).name, Path(_PD).name]


@pytest.mark.parametrize("labels", [("01",), ("sub-01",), ("01", "sub-01")])
def test_participants(dataset: Path, labels: tuple[str, ...]) -> None:
    assert len(_names(dataset, *labels)) == 2


def test_participants_who_are_not_there(run: Run, dataset: Path, tmp_path: Path) -> None:
    outcome = run("inspect", dataset, "--participant-label", "01,7")
    assert outcome.exit_code == 2
    assert "no participant 7 with an anat folder; there are: 01, 02" in outcome.output
    outcome = run("inspect", tmp_path / "bids/sub-02/anat", "--participant-label", "02")
    assert "is no BIDS dataset" in outcome.output


def test_inspect_tells_the_folder(run: Run, dataset: Path) -> None:
    outcome = run("inspect", dataset, "--participant-label", "01")
    assert outcome.exit_code == 0, outcome.output
    assert "in sub-01/ses-a/anat" in outcome.output
    entries = json.loads(run("inspect", dataset, "--json").stdout)
    folders = {entry["name"]: entry["folder"] for entry in entries if entry["verdict"] == "use"}
    assert folders[Path(_PD).name] == "sub-02/anat"


def test_the_output_follows_the_input(
    run: Run, dataset: Path, tmp_path: Path, untrained: Path
) -> None:
    out = tmp_path / "derivatives"
    words = ("--model", untrained, "--device", "cpu", "--no-mirroring", "--bids")
    outcome = run("predict", dataset, out, *words, "--participant-label", "sub-01,02")
    assert outcome.exit_code == 0, outcome.output
    expected = {
        "sub-01/ses-a/anat/sub-01_ses-a_desc-shoulderT1w_dseg.nii.gz",
        "sub-01/ses-b/anat/sub-01_ses-b_acq-cor_desc-shoulderT2w_dseg.nii.gz",
        "sub-02/anat/sub-02_desc-shoulderPDw_dseg.nii.gz",
    }
    found = {path.relative_to(out).as_posix() for path in out.rglob("*_dseg.nii.gz")}
    assert found == expected
    sidecar = out / "sub-01/ses-a/anat/sub-01_ses-a_desc-shoulderT1w_dseg.json"
    assert json.loads(sidecar.read_text())["Sources"] == [f"bids:input1:{_T1}.nii.gz"]
    links = json.loads((out / "dataset_description.json").read_text())["DatasetLinks"]
    assert links == {"input1": "../bids"}


def test_where_series_came_from_is_told_in_a_private_file_alone(
    run: Run, tmp_path: Path, untrained: Path
) -> None:
    for number, name in enumerate(("Doe Jane", "Roe Ann")):
        write(tmp_path / "in" / name, series(seed=number))
    told = json.loads(run("inspect", tmp_path / "in", "--json").stdout)
    folders: dict[Any, Any] = {entry["name"]: entry["folder"] for entry in told}
    assert sorted(folders.values()) == ["Doe Jane", "Roe Ann"]
    words = ("predict", tmp_path / "in", tmp_path / "out", "--model", untrained, "--device", "cpu")
    outcome = run(*words, "--no-mirroring", "--sources", tmp_path / "where.csv")
    assert outcome.exit_code == 0, outcome.output
    notice, *rows = (tmp_path / "where.csv").read_text(encoding="utf-8").splitlines()
    assert notice == NOTICE
    assert {row["case"]: row["folder"] for row in csv.DictReader(rows)} == folders
    assert "Doe" not in outcome.output
    shared = b"".join(
        p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file() and p.suffix != ".dcm"
    )
    assert b"Doe" not in shared
    outcome = run(*words, "--sources", tmp_path / "out" / "where.csv")
    assert outcome.exit_code == 2
    assert "lies among the results" in outcome.output


def test_results_may_go_to_the_derivatives_and_nowhere_else_in_a_dataset(dataset: Path) -> None:
    collect_inputs(dataset, dataset, dataset / "derivatives" / "shoulderseg")
    for out in (dataset / "derivatives", dataset / "sub-02" / "derivatives" / "x", dataset / "out"):
        with pytest.raises(ValueError, match="lies in the folder of the input"):
            collect_inputs(dataset, dataset, out)
