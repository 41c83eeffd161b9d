"""The experiment's own copy of the data: test patients lie where no training looks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.workflows.experiment.protocol import Assignment, Protocol, assign_patients

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
    """

    out: Path
    name: str
    raw: Path
    test_images: Path
    test_labels: Path
    ending: str
    labels: Mapping[str, int]
    assignment: Assignment

    def image(self, case: str) -> Path:
        """The first channel of a test image."""
        return self.test_images / f"{case}_0000{self.ending}"

    def label_map(self, case: str) -> Path:
        """The reference of a test image."""
        return self.test_labels / f"{case}{self.ending}"


def lay_out(source: Path, out: Path, protocol: Protocol) -> ExperimentData:
    """Draws patients and copies their cases, or finds what an earlier call has copied.

    Args:
        source: the raw nnU-Net dataset.
        out: folder of the experiment.
        protocol: of the experiment.

    Raises:
        ValueError: if the folder holds another experiment, or patients or files are missing.
        FileNotFoundError: if there is no such dataset.
        OSError: if a file cannot be copied.
    """
    from shoulderseg.datasets.nnunet_raw import write_json
    from shoulderseg.nnunet_ext.folders import SPLITS_FILE
    from shoulderseg.nnunet_ext.regions import foreground_labels

    described = _described(source)
    ending = str(described.get("file_ending", ".nii.gz"))
    labels = foreground_labels(described)
    cases = sorted(
        path.name.removesuffix(ending)
        for path in (source / "labelsTr").iterdir()
        if path.name.endswith(ending) and not path.name.startswith(".")
    )
    assignment = assign_patients(cases, protocol, np.random.default_rng(protocol.seed))
    _check_same(out, protocol, assignment)
    raw = out / "nnUNet_raw" / source.name
    data = ExperimentData(
        out,
        source.name,
        raw,
        out / "test" / "images",
        out / "test" / "labels",
        ending,
        labels,
        assignment,
    )
    places = [(case, raw / "imagesTr", raw / "labelsTr") for case in assignment.train]
    places += [(case, data.test_images, data.test_labels) for case in assignment.test]
    for case, images, label_maps in places:
        _copy_case(source, case, ending, images, label_maps)
    write_json(raw / "dataset.json", described | {"numTraining": len(assignment.train)})
    write_json(raw / SPLITS_FILE, [dict(fold) for fold in assignment.folds])
    kept = {"protocol": protocol.as_record(), "patients": assignment.as_record()}
    write_json(out / PROTOCOL_FILE, kept)
    return data


def _described(source: Path) -> dict[str, Any]:
    path = source / "dataset.json"
    if not path.is_file() or not (source / "labelsTr").is_dir():
        msg = f"{source} is no raw nnU-Net dataset: expected dataset.json, imagesTr and labelsTr"
        raise FileNotFoundError(msg)
    described: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return described


def _check_same(out: Path, protocol: Protocol, assignment: Assignment) -> None:
    """Refuses to mix two experiments."""
    path = out / PROTOCOL_FILE
    if not path.is_file():
        return
    kept = json.loads(path.read_text(encoding="utf-8"))
    asked = protocol.as_record()
    before = kept.get("protocol", {})
    changed = [
        f"{key} {before.get(key)!r}, now {asked[key]!r}"
        for key in asked
        if before.get(key) != asked[key]
    ]
    if not changed and kept.get("patients") != assignment.as_record():
        changed = ["other cases"]
    if changed:
        msg = (
            f"{out} holds an experiment with {'; '.join(changed)}; go on with the same options, "
            "or give another folder"
        )
        raise ValueError(msg)


def _copy_case(source: Path, case: str, ending: str, images: Path, label_maps: Path) -> None:
    """Copies a case's channels and its label map, but for what is there already."""
    from shoulderseg.datasets.output_file import copy_file

    channels = sorted((source / "imagesTr").glob(f"{_escaped(case)}_[0-9][0-9][0-9][0-9]{ending}"))
    if not channels:
        msg = f"{source / 'imagesTr'} has no image of case {case}, expected {case}_0000{ending}"
        raise ValueError(msg)
    pairs = [(path, images / path.name) for path in channels]
    pairs.append((source / "labelsTr" / f"{case}{ending}", label_maps / f"{case}{ending}"))
    for path, target in pairs:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A copy comes under its name only when it is whole.
        if not target.is_file():
            copy_file(path, target)


def _escaped(case: str) -> str:
    import glob

    return glob.escape(case)
