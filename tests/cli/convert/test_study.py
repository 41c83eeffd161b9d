"""Examinations with masks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK

from tests.datasets.dicom.writing import (
    ACROSS,
    ALONG_ROW,
    COLUMN_MM,
    COLUMNS,
    COUNT,
    DOWN,
    ORIGIN_MM,
    ROW_MM,
    ROWS,
    STEP_MM,
    series,
)
from tests.datasets.dicom.writing import write as write_slices

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_examinations_with_masks(run: Run, tmp_path: Path) -> None:
    for seed, patient in enumerate(("Anna M", "Bert N", "Carl O")):
        write_slices(tmp_path / "in" / patient, series(seed))
        mask = SimpleITK.GetImageFromArray(np.full((COUNT, ROWS, COLUMNS), 3, np.uint8))
        mask.SetOrigin(ORIGIN_MM.tolist())
        mask.SetSpacing((COLUMN_MM, ROW_MM, STEP_MM if patient != "Bert N" else 2.0))
        mask.SetDirection(np.stack([ALONG_ROW, DOWN, ACROSS], axis=1).ravel().tolist())
        SimpleITK.WriteImage(mask, str(tmp_path / "in" / patient / f"{patient}.nii.gz"))
    words = ["convert", "dicom-study", tmp_path / "in", tmp_path / "raw", "--folds", "2"]
    words += ["--map", "3=glenoid", "--map", "4=humerus", "--allow-missing"]
    strict = run(*words[:-1])
    assert strict.exit_code == 2
    assert "no voxel of it is humerus" in strict.output
    shutil.rmtree(tmp_path / "raw")
    dry = run(*words, "--dry-run")
    assert dry.exit_code == 1, dry.output
    assert not (tmp_path / "raw").exists()
    outcome = run(*words)
    assert outcome.exit_code == 1, outcome.output
    for told in (dry.output, outcome.output):
        assert "rejected p002_mask1" in told
        assert "skipped p002_series_6_" in told
        assert "spacing in mm (Z, Y, X): found (2, 0.6, 0.5), expected (3.3, 0.6, 0.5)" in told
    dataset = tmp_path / "raw/Dataset001_Shoulder"
    written = sorted(path.name[:14] for path in (dataset / "labelsTr").iterdir())
    assert written == ["p001_series_5_", "p003_series_7_"]
    assert json.loads((dataset / "dataset.json").read_text())["labels"]["glenoid"] == 2
    everything = dry.output + outcome.output + (dataset / "conversion.csv").read_text()
    assert not any(name in everything for name in ("Anna", "Bert", "Carl", "Doe", "MRN"))
