"""A study as a person gets it from an archive, and what `predict` makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK

from tests.datasets.dicom.writing import COLUMN_MM, ROW_MM, STEP_MM, series, voxels, write

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def write_tree(root: Path) -> None:
    """Writes a series, a scout, a report, a broken file and a volume beside them."""
    write(root / "1" / "good", series(Laterality="L"))
    write(root / "1" / "scout", series(seed=1, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    gap = series(seed=2)
    del gap[3]
    write(root / "2", gap)
    write(root / "3", series(seed=3, Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2")[:1])
    (root / "3" / "half.dcm").write_bytes(bytes(128) + b"DICM" + b"\x02\x00\x00\x00")
    (root / "readme.txt").write_text("from the archive")
    image = SimpleITK.GetImageFromArray(voxels().astype(np.float32))
    image.SetSpacing((COLUMN_MM, ROW_MM, STEP_MM))
    SimpleITK.WriteImage(image, str(root / "volume_0000.nii.gz"))


def predicted(run: Run, source: Path, out: Path, bundle: Path) -> tuple[Any, dict[str, Any]]:
    """What `predict` ends with, and its report."""
    outcome = run("predict", source, out, "--model", bundle, "--device", "cpu")
    return outcome, json.loads((out / "shoulderseg_report.json").read_text())
