"""Other people's images in BIDS datasets, where subjects have numbers and names lose signs."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.cohort.runs import go, masks, write_image


def bids_subject(folder: Path, contrasts: tuple[str, ...], seed: int) -> Path:
    place = folder / "sub-01" / "anat"
    place.mkdir(parents=True)
    (folder / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.8.0"}')
    for number, contrast in enumerate(contrasts):
        write_image(place / f"sub-01_{contrast}.nii.gz", seed + number)
    return folder


def test_the_same_subject_number_of_another_dataset_is_another_person(
    segmenter: Segmenter, tmp_path: Path
) -> None:
    one = bids_subject(tmp_path / "one", ("T1w", "T2w"), 1)
    other = bids_subject(tmp_path / "other", ("PDw", "FLAIR"), 70)
    out = tmp_path / "out"
    go(segmenter, one, out, examination="on")
    before = masks(out)

    with pytest.raises(ValueError, match="of another folder or name"):
        go(segmenter, other, out, examination="on")

    assert masks(out) == before


def test_series_that_left_an_examination_are_still_known(
    segmenter: Segmenter, tmp_path: Path
) -> None:
    subject = bids_subject(tmp_path / "one", ("T1w", "T2w"), 1)
    stranger = bids_subject(tmp_path / "stranger", ("T1w", "T2w"), 90)
    out, place = tmp_path / "out", subject / "sub-01" / "anat"
    go(segmenter, subject, out, examination="on")
    # The same person's other series, of the same names' examination.
    for number, contrast in enumerate(("T1w", "T2w")):
        (place / f"sub-01_{contrast}.nii.gz").rename(tmp_path / f"sub-01_{contrast}.nii.gz")
        write_image(place / f"sub-01_PD{number}w.nii.gz", 50 + number)
    go(segmenter, subject, out, examination="on")

    with pytest.raises(ValueError, match="sub-01_T1w and 2 more"):
        go(segmenter, stranger, out, examination="on")

    # What somebody corrected in them is set aside when they come back.
    corrected = (out / "sub-01_T2w.nii.gz").read_bytes()
    (out / "sub-01_T1w.nii.gz").write_bytes(corrected)
    for contrast in ("T1w", "T2w"):
        (tmp_path / f"sub-01_{contrast}.nii.gz").rename(place / f"sub-01_{contrast}.nii.gz")
    go(segmenter, subject, out, examination="on")
    assert (out / "sub-01_T1w.nii.gz.changed").read_bytes() == corrected


def test_names_that_bids_takes_for_one_are_not_replaced(
    segmenter: Segmenter, tmp_path: Path
) -> None:
    for folder, name in (("one", "p1_2"), ("other", "p12")):
        (tmp_path / folder).mkdir()
        write_image(tmp_path / folder / f"{name}.nii.gz", len(name))
    out = tmp_path / "out"
    go(segmenter, tmp_path / "one", out, bids=True)

    with pytest.raises(ValueError, match="p1_2 that were made of other images"):
        go(segmenter, tmp_path / "other", out, bids=True)

    assert go(segmenter, tmp_path / "other", out, bids=True, overwrite=True).begun == ["p12"]
