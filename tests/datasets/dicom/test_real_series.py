"""Real series, where the folder of shared data lies beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.datasets.dicom.description import contrast_of
from tests.datasets.dicom.findings import only, used

_DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.parametrize(
    ("folder", "slices", "contrast"),
    [
        ("shoulder_mr_exam_two_series/sagittal_t1", 14, "T1"),
        ("shoulder_mr_exam_two_series/coronal_stir", 12, "STIR"),
        ("shoulder_mr_pdfs_4slices/dicom", 4, "PD"),
        ("shoulder_mr_t1_slice", 1, "T1"),
    ],
)
def test_real_series_are_used(folder: str, slices: int, contrast: str) -> None:
    if not (_DATA / folder).is_dir():
        pytest.skip("the shared data is not here")
    one = only(_DATA / folder)
    assert len(used(one)) == slices
    assert contrast_of(one.slices[0]) == contrast
