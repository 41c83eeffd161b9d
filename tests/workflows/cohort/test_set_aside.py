"""What somebody changed among the results is not written over."""

from __future__ import annotations

from pathlib import Path

import pytest
import SimpleITK

from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.cohort.runs import go, masks, write_image


def correct(mask: Path, label: int) -> bytes:
    """Saves a mask in place, as a viewer does."""
    SimpleITK.WriteImage(SimpleITK.ReadImage(str(mask)) * 0 + label, str(mask))
    return mask.read_bytes()


def test_a_corrected_mask_is_kept_beside_the_new_one(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    before = masks(out)
    first = correct(out / "b.nii.gz", 1)
    go(segmenter, images, out)
    assert masks(out) == before
    assert (out / "b.nii.gz.changed").read_bytes() == first
    second = correct(out / "b.nii.gz", 2)
    go(segmenter, images, out)
    assert (out / "b.nii.gz.changed").read_bytes() == first
    assert (out / "b.nii.gz.changed2").read_bytes() == second
    # Who asks for another result gets it.
    correct(out / "b.nii.gz", 1)
    go(segmenter, images, out, preview=True, overwrite=True)
    assert len(list(out.glob("*.changed*"))) == 2


def test_where_nothing_new_comes_it_stays(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    mine = correct(out / "b.nii.gz", 1)
    go(segmenter, images, out, stop_before="b")
    assert (out / "b.nii.gz").read_bytes() == mine
    assert not list(out.glob("*.changed*"))


@pytest.mark.parametrize("bids", [False, True])
def test_what_a_run_itself_wrote_is_no_change(
    segmenter: Segmenter, tmp_path: Path, *, bids: bool
) -> None:
    """Of an examination, of which a series fails again and again; and in a BIDS dataset."""
    images, out = tmp_path / "scans", tmp_path / "out"
    folder = images / "sub-1" / "anat" if bids else images
    folder.mkdir(parents=True)
    files = [folder / f"sub-1_{kind}.nii.gz" for kind in ("T1w", "T2w")]
    for number, file in enumerate(files):
        write_image(file, number)
    go(segmenter, images, out, examination="on", bids=bids)
    whole = files[0].read_bytes()
    for content in (b"damaged", whole, b"damaged", whole):
        files[0].write_bytes(content)
        go(segmenter, images, out, examination="on", bids=bids)
    assert not list(out.rglob("*.changed*"))
    [mask] = [path for path in out.rglob("sub-1_*T2w*.nii.gz") if "derivatives" not in path.parts]
    mine = correct(mask, 2)
    for _ in range(3):
        told = go(segmenter, images, out, examination="on", bids=bids)
    [kept] = out.rglob("*.changed*")
    assert kept.read_bytes() == mine
    # It is none of the case's own files.
    kept.unlink()
    told = go(segmenter, images, out, examination="on", bids=bids)
    assert len(told.kept) == 2


def test_what_is_kept_as_it_is_stays_as_it_is(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    go(segmenter, images, out, preview=True, overwrite=True)
    (out / "a.nii.gz").write_bytes(b"")
    (out / "b.nii.gz").unlink()
    (out / "c.nii.gz").unlink()
    (out / "c.nii.gz").symlink_to(out / "a.nii.gz")
    go(segmenter, images, out, preview=True)
    assert len(masks(out)) == 3
    assert not list(out.rglob("*.changed*"))
