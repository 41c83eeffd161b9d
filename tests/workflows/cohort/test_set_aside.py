"""What somebody changed among the results is not written over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import SimpleITK

from shoulderseg.workflows.outputs.formats import Format
from shoulderseg.workflows.segmentation import batches
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


@pytest.mark.parametrize("mended", [False, True])
@pytest.mark.parametrize("bids", [False, True])
def test_a_corrected_mask_is_kept_where_another_series_failed(
    segmenter: Segmenter, images: Path, tmp_path: Path, *, bids: bool, mended: bool
) -> None:
    out, whole = tmp_path / "out", (images / "c.nii.gz").read_bytes()
    (images / "c.nii.gz").write_bytes(b"damaged")
    go(segmenter, images, out, examination="on", bids=bids)
    [mask] = [path for path in out.rglob("*.nii.gz") if path.name.startswith(("b.", "sub-b_"))]
    mine = correct(mask, 2)
    if mended:
        (images / "c.nii.gz").write_bytes(whole)
    for _ in range(2):
        go(segmenter, images, out, examination="on", bids=bids)
    [kept] = out.rglob("*.changed*")
    assert kept.read_bytes() == mine
    assert kept.name == f"{mask.name}.changed"


def test_a_corrected_mask_outlives_runs_that_are_stopped_or_fail(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out, image = tmp_path / "out", images / "b.nii.gz"
    go(segmenter, images, out)
    mine, whole = correct(out / "b.nii.gz", 1), image.read_bytes()
    go(segmenter, images, out, stop_before="b")
    image.write_bytes(whole[:100])
    go(segmenter, images, out)
    assert (out / "b.nii.gz").read_bytes() == mine
    # Also of another image, for which it was not drawn.
    write_image(image, 9)
    go(segmenter, images, out)
    assert (out / "b.nii.gz.changed").read_bytes() == mine
    assert len(list(out.glob("*.changed*"))) == 1
    assert go(segmenter, images, out).kept == ["a", "b", "c"]


def test_a_corrected_mask_is_kept_where_a_format_cannot_be_had(
    segmenter: Segmenter, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def full(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("shoulderseg.datasets.surface_files.write_surface", full)
    monkeypatch.setattr("shoulderseg.workflows.outputs.preview.write_preview", full)
    options: dict[str, Any] = {"formats": (Format.nifti, Format.stl), "preview": True}
    go(segmenter, images, out, **options)
    mine = correct(out / "b.nii.gz", 1)
    for _ in range(2):
        assert go(segmenter, images, out, **options).begun == ["a", "b", "c"]
    [kept] = out.glob("*.changed*")
    assert kept.read_bytes() == mine


def test_series_that_were_noted_alone_are_kept_where_they_vote_together(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    away = [images / f"{name}.nii.gz" for name in "ac"]
    for path in away:
        path.rename(tmp_path / path.name)
    go(segmenter, images, out, examination="on")
    mine = correct(out / "b.nii.gz", 1)
    for path in away:
        (tmp_path / path.name).rename(path)
    whole = (images / "b.nii.gz").read_bytes()
    (images / "b.nii.gz").write_bytes(b"damaged")
    go(segmenter, images, out, examination="on")
    assert (out / "b.nii.gz").read_bytes() == mine
    (images / "b.nii.gz").write_bytes(whole)
    for _ in range(2):
        told = go(segmenter, images, out, examination="on")
    assert len(told.kept) == 3
    [kept] = out.glob("*.changed*")
    assert kept.read_bytes() == mine
    assert len(list((out / ".shoulderseg" / "cases").iterdir())) == 1


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


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("options", [{}, {"bids": True}, {"examination": "on"}])
def test_what_a_run_wrote_before_it_was_stopped_is_no_change(
    segmenter: Segmenter,
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    options: dict[str, Any],
    killed: bool,
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    go(segmenter, images, out, measure=True, **options)
    before = {path: path.read_bytes() for path in out.rglob("*.nii.gz")}
    for name in "abc":
        write_image(images / f"{name}.nii.gz", 9)
    with monkeypatch.context() as patched:
        patched.setattr(batches, "measure_result", stop)
        if killed:
            patched.setattr(batches, "note_done", lambda *_: None)
        go(segmenter, images, out, "any", measure=True, **options)
    assert before != {path: path.read_bytes() for path in before}
    go(segmenter, images, out, measure=True, **options)
    assert not list(out.rglob("*.changed*"))


def test_a_mask_that_is_set_aside_is_told_of_before_the_case_is_made_anew(
    segmenter: Segmenter, images: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    correct(out / "b.nii.gz", 1)
    with caplog.at_level("WARNING"):
        go(segmenter, images, out, stop_before="b")
    told = [record.getMessage() for record in caplog.records]
    assert [line.partition(" ")[0] for line in told] == ["b.nii.gz", "b.nii.gz.changed"]
    assert "is called b.nii.gz again" in told[1]


def test_bones_of_a_vote_that_could_not_take_place_again_go_with_the_next(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out, examination="on")
    [old] = out.glob("examination_*.json")
    for name in "bc":
        (images / f"{name}.nii.gz").write_bytes(b"damaged")
    go(segmenter, images, out, examination="on")
    for name in "bc":
        (images / f"{name}.nii.gz").unlink()
    write_image(images / "d.nii.gz", 4)
    write_image(images / "e.nii.gz", 5)
    go(segmenter, images, out, examination="on")
    [new] = out.glob("examination_*.json")
    assert new.name != old.name
