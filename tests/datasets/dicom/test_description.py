from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shoulderseg.datasets.dicom.description import contrast_of, find_side, plane_of
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


def _header(**texts: str) -> SliceHeader:
    return SliceHeader(Path("x"), texts, (4, 4), (1.0, 1.0), np.zeros(3), np.eye(3)[:2])


def _contrast(**texts: str) -> str:
    timing = {"EchoTime": "30", "RepetitionTime": "3000", "ScanningSequence": "SE"}
    return contrast_of(_header(**timing | texts))


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


@pytest.mark.parametrize(
    "words",
    [
        "SHOULDER L/R",
        "Shoulder R/L",
        "Schulter li/re",
        "SHOULDER LT/RT",
        "SHOULDER L-R PHASE",
        "SHOULDER_L_R",
        "SHOULDER R>L",
        "Schulter re + li",
        "Schulter re und li",
        "left and right shoulder",
        "SHOULDER LEFT, RIGHT",
        "epaule gauche ou droite",
        "SHOULDER L\\R",
        "R SHOULDER / L SHOULDER",
        "SHOULDER L:R",
        "SHOULDER LEFT / RT",
        "SHOULDER L/R RT PD",
        "left shoulder, right shoulder, R-L",
    ],
)
@pytest.mark.parametrize("tag", ["ProtocolName", "SeriesDescription"])
def test_a_protocol_for_either_shoulder_names_no_side(tag: str, words: str) -> None:
    assert find_side(_header(**{tag: words})) == ("unknown", f"{tag} names both")
    # What is stated elsewhere stands.
    assert find_side(_header(**{tag: words, "Laterality": "L"})) == ("left", "Laterality")
    assert find_side(_header(**{tag: words, "ImageLaterality": "R"})).side == "right"
    assert find_side(_header(**{tag: words, "BodyPartExamined": "RT SHOULDER"})).side == "right"


@pytest.mark.parametrize(
    ("words", "side"),
    [
        ("SHOULDER L", "left"),
        ("SHOULDER RT PD", "right"),
        ("SHOULDER R. PD", "right"),
        ("SHOULDER (R)", "right"),
        ("Schulter re, lateral", "right"),
        ("Schulter re T2", "right"),
        ("re Schulter", "right"),
        ("RE. SHOULDER", "right"),
        ("SHOULDER RT-ARTHROGRAM", "right"),
        ("SHOULDER LT-W/O CONTRAST", "left"),
        ("SHOULDER R-PD FS", "right"),
        ("SHOULDER L-T2", "left"),
        ("Schulter li-nativ", "left"),
        ("SHOULDER RE T1", "right"),
        ("SHOULDER RE", "right"),
        ("SHOULDER RE cor T1", "right"),
        ("Schulter re-cor", "right"),
        ("Schulter re o. KM", "right"),
        ("Schulter re Rekonstruktion", "right"),
        ("SHOULDER RT/COR", "right"),
        ("SHOULDER RT REPEAT", "right"),
        ("SHOULDER RT+C", "right"),
        ("SHOULDER R-COR", "right"),
        ("SHOULDER L-COR", "left"),
        ("Schulter li.cor PD FS", "left"),
        ("SHOULDER LT*", "left"),
        ("left shoulder, rotated", "left"),
        ("SHOULDER L RT", "left"),
        ("right shoulder reformat / liver", "right"),
        ("LEFT - re-scan shoulder", "left"),
        ("SHOULDER, LEFT, RT", "left"),
        ("Schulter li - re-scan", "left"),
        # The direction of phase encoding.
        ("SHOULDER RIGHT AX PD L-R", "right"),
        ("RIGHT SHOULDER PE R>L", "right"),
        ("LINKS SCHULTER T2 TRA R-L", "left"),
        ("LEFT SHOULDER PHASE RIGHT-LEFT", "left"),
    ],
)
def test_one_side_is_read_whatever_else_is_said(words: str, side: str) -> None:
    assert find_side(_header(SeriesDescription=words)).side == side


@pytest.mark.parametrize(
    "words",
    [
        *("SHOULDER R/O TEAR", "SHOULDER R O TEAR", "SHOULDER RE-SCAN", "shoulder re-do"),
        *("SHOULDER RE EVAL", "SHOULDER RE SCAN", "SHOULDER R2", "shoulder l1", "SHOULDER R.O."),
        *("SHOULDER RE-OP", "SHOULDER RE: PAIN", "SHOULDER RE INJURY", "SHOULDER RE-IMAGING"),
        *("SHOULDER R-O TEAR", "SHOULDER R\\O TEAR", "SHOULDER L-SPINE", "RE SHOULDER PAIN"),
    ],
)
def test_letters_of_other_words_are_no_side(words: str) -> None:
    assert find_side(_header(SeriesDescription=words)) == ("unknown", "no tag says it")
