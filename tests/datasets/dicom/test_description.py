from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shoulderseg.datasets.dicom.description import contrast_of, plane_of
from shoulderseg.datasets.dicom.header import SliceHeader


@pytest.mark.parametrize(
    ("off_deg", "named"),
    [
        (0, "coronal"),
        (9, "coronal"),
        (20, "oblique coronal"),
        (34, "oblique coronal"),
        (44, "oblique (44° from coronal towards sagittal)"),
        (46, "oblique (44° from sagittal towards coronal)"),
        (56, "oblique sagittal"),
        (85, "sagittal"),
    ],
)
def test_planes_between_two_have_both_names(off_deg: float, named: str) -> None:
    angle = np.radians(off_deg)
    assert plane_of((np.sin(angle), np.cos(angle), 0)) == named
    assert plane_of((np.sin(angle), -np.cos(angle), 0)) == named


def _contrast(**texts: str) -> str:
    timing = {"EchoTime": "30", "RepetitionTime": "3000", "ScanningSequence": "SE"}
    header = SliceHeader(Path("x"), timing | texts, (4, 4), (1.0, 1.0), np.zeros(3), np.eye(3)[:2])
    return contrast_of(header)


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        ({}, "PD"),
        ({"EchoTime": "80"}, "T2"),
        ({"RepetitionTime": "600"}, "T1"),
        ({"ScanOptions": "FS"}, "PD fat-saturated"),
        ({"SeriesDescription": "pd_spair cor"}, "PD fat-saturated"),
        ({"SeriesDescription": "t2_tirm_cor"}, "STIR"),
        ({"SeriesDescription": "GE STIR COR1", "ScanningSequence": "GR"}, "STIR"),
        ({"ProtocolName": "STIR sag", "ScanOptions": "FS"}, "STIR"),
        ({"ScanningSequence": "SE\\IR", "InversionTime": "160"}, "STIR"),
        ({"ScanningSequence": "SE\\IR", "InversionTime": "2300"}, "PD"),
        ({"ScanningSequence": "GR\\IR", "InversionTime": "160"}, "gradient echo"),
        ({"SeriesDescription": "stirling"}, "PD"),
        ({"EchoTime": ""}, "not stated"),
    ],
    ids=str,
)
def test_kinds_of_contrast(texts: dict[str, str], named: str) -> None:
    assert _contrast(**texts) == named
