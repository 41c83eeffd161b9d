"""Small inputs for the command lines of the documentation, cut from phantoms.

`make docs-run` calls it before the commands: `python -m tests.documented_inputs FOLDER`. FOLDER
holds the phantoms that `documented_commands.toml` makes first.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from PIL import Image

BONES = ("humerus", "scapula")


def images_and_labels(root: Path) -> None:
    """`scans/` and `images/` with `labels/`, in which 3 is humerus and 5 is glenoid."""
    source = root / "made" / "Dataset900_Phantom"
    for folder in ("scans", "images", "labels", "references"):
        (root / folder).mkdir()
    for label in sorted((source / "labelsTr").iterdir()):
        image = source / "imagesTr" / label.name.replace(".nii.gz", "_0000.nii.gz")
        for folder in ("scans", "images"):
            shutil.copy(image, root / folder / label.name)
        shutil.copy(image, root / "scan.nii.gz")
        shutil.copy(label, root / "references")
        read = SimpleITK.ReadImage(str(label))
        other = np.array([0, 3, 5], np.uint8)[SimpleITK.GetArrayFromImage(read)]
        drawn = SimpleITK.GetImageFromArray(other)
        drawn.CopyInformation(read)
        SimpleITK.WriteImage(drawn, str(root / "labels" / label.name))


def slices(root: Path) -> None:
    """PNG slices with masks of 0 and 255, a folder a patient."""
    for label in sorted((root / "references").iterdir()):
        patient = root / "slices" / label.name.removesuffix(".nii.gz")
        (patient / "images").mkdir(parents=True)
        (patient / "masks").mkdir()
        image, mask = (
            SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(root / folder / label.name)))
            for folder in ("scans", "references")
        )
        grey = (image * (255 / max(image.max(), 1))).astype(np.uint8)
        for number in range(len(grey)):
            name = f"IM{number + 1}.png"
            Image.fromarray(grey[number]).save(patient / "images" / name)
            Image.fromarray(np.uint8(mask[number] == 1) * np.uint8(255)).save(
                patient / "masks" / name
            )


def body_scans(root: Path) -> None:
    """The layout of TotalSegmentator, of phantoms with the whole scapula labelled."""
    source = root / "scapulae" / "Dataset900_Phantom"
    for number, label in enumerate(sorted((source / "labelsTr").iterdir()), start=1):
        image = source / "imagesTr" / label.name.replace(".nii.gz", "_0000.nii.gz")
        read = SimpleITK.ReadImage(str(label))
        for kind, file in (("totalseg-mri", "mri.nii.gz"), ("totalseg-ct", "ct.nii.gz")):
            folder = root / kind / f"s{number:04d}"
            (folder / "segmentations").mkdir(parents=True)
            shutil.copy(image, folder / file)
            for value, bone in enumerate(BONES, start=1):
                for side in ("left", "right"):
                    # The phantoms are right shoulders, so the left ones are empty.
                    mask = SimpleITK.Cast(read == value, SimpleITK.sitkUInt8)
                    mask = mask if side == "right" else mask * 0
                    path = folder / "segmentations" / f"{bone}_{side}.nii.gz"
                    SimpleITK.WriteImage(mask, str(path))


def studies(root: Path) -> None:
    """DICOM series, each with the DICOM SEG of `predict` as somebody has corrected it."""
    series = {path.name: path for path in (root / "series" / "dicom").iterdir()}
    for segmentation in sorted((root / "segmented").glob("*/*.seg.dcm")):
        case = segmentation.parent.name
        shutil.copytree(series[case], root / "patients" / case / "series")
        corrected = pydicom.dcmread(segmentation)
        for segment in corrected.SegmentSequence:
            segment.SegmentAlgorithmType = "SEMIAUTOMATIC"
        corrected.save_as(root / "patients" / case / segmentation.name)


if __name__ == "__main__":
    for make in (images_and_labels, slices, body_scans, studies):
        make(Path(sys.argv[1]))
