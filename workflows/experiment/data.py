"""The experiment's own copy of the data: test patients lie where no training looks."""

from __future__ import annotations

import glob
import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.workflows.bundles.manifest import sha256_of
from shoulderseg.workflows.experiment.case_checks import check_cases
from shoulderseg.workflows.experiment.protocol import Assignment, Protocol, assign_patients
from shoulderseg.workflows.experiment.start import checked_start
from shoulderseg.workflows.experiment.twins import check_twins

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL_FILE = "protocol.json"


@dataclass(frozen=True)
class ExperimentData:
    """Where an experiment has its data.

    Attributes:
        out: folder of the experiment.
        name: full name of the dataset.
        raw: its folder with the training cases.
        test_images: images of the test cases, with nnU-Net's channel numbers.
        test_labels: their label maps.
        ending: of all files.
        labels: name and value of both bones.
        assignment: who is where.
        start: fingerprint of the bundle that the U-Nets begin with; None for random weights.
        begun_with: version of each library when the experiment began; empty where not noted.
    """

    out: Path
    name: str
    raw: Path
    test_images: Path
    test_labels: Path
    ending: str
    labels: Mapping[str, int]
    assignment: Assignment
    start: Mapping[str, str] | None = None
    begun_with: Mapping[str, str] = field(default_factory=dict)

    def image(self, case: str) -> Path:
        """The first channel of a test image."""
        return self.test_images / f"{case}_0000{self.ending}"

    def test_files(self) -> list[Path]:
        """All images and label maps of the test cases."""
        cases = sorted(self.assignment.test)
        return [path for case in cases for path in (self.image(case), self.label_map(case))]

    def label_map(self, case: str) -> Path:
        """The reference of a test image."""
        return self.test_labels / f"{case}{self.ending}"


def library_versions() -> dict[str, str]:
    """Version of this package and of what its figures depend on."""
    return {name: version(name) for name in ("shoulderseg", "nnunetv2", "torch", "numpy")}


def lay_out(source: Path, out: Path, protocol: Protocol) -> ExperimentData:
    """Draws patients and copies their cases, or goes on with what an earlier call has drawn.

    Args:
        source: the raw nnU-Net dataset.
        out: folder of the experiment, apart from the dataset's.
        protocol: of the experiment.

    Raises:
        ValueError: if the folder holds another experiment or the dataset itself, the U-Nets cannot
            learn from the dataset, a case cannot be read, an image is both trained on and tested,
            or patients, files or the bundle to start from are missing or have changed.
        FileNotFoundError: if there is no such dataset or bundle.
        OSError: if a file cannot be copied.
    """
    from shoulderseg.datasets.case_patients import write_patients
    from shoulderseg.datasets.nnunet_raw import write_json
    from shoulderseg.nnunet_ext.folders import SPLITS_FILE
    from shoulderseg.nnunet_ext.regions import foreground_labels

    _check_apart(source, out)
    kept = _kept(out, source.name, protocol) or _draw(source, protocol)
    described, patients = kept["described"], kept["patients"]
    assignment = Assignment(patients["train"], patients["test"], patients["folds"])
    trainings, folds = out / "nnUNet_results" / source.name, len(assignment.folds)
    kept["start"] = checked_start(trainings, protocol, folds, kept.get("start"))
    # Before the first copy: what was drawn once is never drawn otherwise.
    kept["protocol"] = protocol.as_record() | {"dataset": source.name}
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / PROTOCOL_FILE, kept)
    raw = out / "nnUNet_raw" / source.name
    data = ExperimentData(
        out,
        source.name,
        raw,
        out / "test" / "images",
        out / "test" / "labels",
        str(described.get("file_ending", ".nii.gz")),
        foreground_labels(described),
        assignment,
        kept["start"],
        kept.get("begun_with", {}),
    )
    for name, digest in kept["files"].items():
        _copy(source, name, digest, data)
    write_json(raw / "dataset.json", described | {"numTraining": len(assignment.train)})
    write_json(raw / SPLITS_FILE, [dict(fold) for fold in assignment.folds])
    write_patients(raw, assignment.train)
    write_patients(data.test_images.parent, assignment.test)
    return data


def _check_apart(source: Path, out: Path) -> None:
    """Sees that nothing of the user's is written over."""
    raw, own = (out / "nnUNet_raw" / source.name).resolve(), source.resolve()
    if raw == own or out.resolve().is_relative_to(own):
        msg = f"{out} holds the dataset, or lies in it; choose another folder for the experiment"
        raise ValueError(msg)
    there = [path.name for path in sorted(out.glob("nnUNet_*"))]
    if there and not (out / PROTOCOL_FILE).is_file():
        msg = f"{out} holds {', '.join(there)} and no experiment; choose another folder"
        raise ValueError(msg)


def _draw(source: Path, protocol: Protocol) -> dict[str, Any]:
    """What makes a new experiment: who is where, the dataset's description, each file's hash."""
    from shoulderseg.datasets.case_patients import read_patients
    from shoulderseg.nnunet_ext.regions import foreground_labels

    described = _described(source)
    ending = str(described.get("file_ending", ".nii.gz"))
    cases = sorted(
        path.name.removesuffix(ending)
        for path in (source / "labelsTr").iterdir()
        if path.name.endswith(ending) and not path.name.startswith(".")
    )
    known = read_patients(source, cases) if protocol.patient_pattern is None else None
    assignment = assign_patients(cases, protocol, np.random.default_rng(protocol.seed), known)
    names = [
        name
        for case in (*assignment.train, *assignment.test)
        for name in _file_names(source, case, ending)
    ]
    files = {name: sha256_of(source / name) for name in names}
    images = {
        case: files[f"imagesTr/{case}_0000{ending}"]
        for case in (*assignment.train, *assignment.test)
    }
    check_twins(images, assignment)
    # Now, as nothing is noted yet: a file that is mended later would not be copied again.
    check_cases(source, images, ending, foreground_labels(described))
    return {
        "patients": assignment.as_record(),
        "described": described,
        "files": files,
        "begun_with": library_versions(),
    }


def _described(source: Path) -> dict[str, Any]:
    from shoulderseg.nnunet_ext.dataset_checks import NEEDED, check_consecutive, check_description

    path = source / "dataset.json"
    if not path.is_file() or not (source / "labelsTr").is_dir():
        msg = f"{source} is no raw nnU-Net dataset: expected dataset.json, imagesTr and labelsTr"
        raise FileNotFoundError(msg)
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        msg = f"{path} is no JSON: {error}"
        raise ValueError(msg) from error
    if not isinstance(described, dict) or any(key not in described for key in NEEDED):
        msg = f"{path} does not describe a dataset; expected {', '.join(NEEDED)}"
        raise ValueError(msg)
    # What `plan` would refuse, after it was noted for good.
    check_description(source.name, described)
    check_consecutive(source.name, described)
    # A list of its files would lead nnU-Net to the test patients.
    described.pop("dataset", None)
    return described


def _kept(out: Path, name: str, protocol: Protocol) -> dict[str, Any] | None:
    """What an earlier call has drawn; refuses to mix two experiments.

    What is scored, and beside what, may change.
    """
    path = out / PROTOCOL_FILE
    if not path.is_file():
        return None
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    asked = protocol.as_record() | {"dataset": name}
    before = kept.get("protocol", {})
    changed = [
        f"{key} {before.get(key)!r}, now {asked[key]!r}"
        for key in asked
        if key not in ("tolerance_mm", "stock") and before.get(key) != asked[key]
    ]
    if changed or "files" not in kept:
        msg = (
            f"{out} holds an experiment with {'; '.join(changed) or 'an older format'}; go on with "
            "the same options, or give another folder"
        )
        raise ValueError(msg)
    return kept


def _file_names(source: Path, case: str, ending: str) -> list[str]:
    """Names of a case's channels and of its label map, below the dataset's folder."""
    pattern = f"{glob.escape(case)}_[0-9][0-9][0-9][0-9]{glob.escape(ending)}"
    channels = sorted(path.name for path in (source / "imagesTr").glob(pattern))
    if f"{case}_0000{ending}" not in channels:
        msg = f"{source / 'imagesTr'} has no image of case {case}, expected {case}_0000{ending}"
        raise ValueError(msg)
    return [*(f"imagesTr/{name}" for name in channels), f"labelsTr/{case}{ending}"]


def _copy(source: Path, name: str, digest: str, data: ExperimentData) -> None:
    """Copies a file to where its case belongs, unless it is there already."""
    from shoulderseg.datasets.output_file import copy_file

    kind, file = name.split("/", 1)
    case = file.removesuffix(data.ending)
    case = case[:-5] if kind == "imagesTr" else case
    tested = {"imagesTr": data.test_images, "labelsTr": data.test_labels}
    target = (tested[kind] if case in data.assignment.test else data.raw / kind) / file
    # A copy comes under its name only when it is whole.
    if target.is_file():
        return
    if sha256_of(source / name) != digest:
        msg = f"{source / name} has changed since the experiment began; give another folder"
        raise ValueError(msg)
    target.parent.mkdir(parents=True, exist_ok=True)
    copy_file(source / name, target)
