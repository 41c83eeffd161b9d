"""What somebody changed among the results is not written over."""

from __future__ import annotations

from pathlib import Path

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
    # Neither is the one that is kept, nor where another image or other options make it anew.
    second = correct(out / "b.nii.gz", 2)
    write_image(images / "b.nii.gz", 9)
    go(segmenter, images, out, preview=True, overwrite=True)
    assert (out / "b.nii.gz.changed").read_bytes() == first
    assert (out / "b.nii.gz.changed2").read_bytes() == second
    assert sorted(path.name for path in out.glob("*.changed*")) == [
        "b.nii.gz.changed",
        "b.nii.gz.changed2",
    ]


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
