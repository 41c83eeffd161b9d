"""A preview shows the result beside it, and no earlier one."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.cohort.runs import NAMES, go


def pictures(out: Path) -> list[str]:
    return sorted(path.stem for path in (out / "previews").iterdir())


def test_a_result_without_a_preview_has_none_of_an_earlier_one(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out, preview=True)
    assert pictures(out) == list(NAMES)
    # Of a case that fails, mask and preview of the earlier run stay together.
    (images / "c.nii.gz").write_bytes(b"")

    go(segmenter, images, out, overwrite=True)

    assert pictures(out) == ["c"]
    assert (out / "c.nii.gz").is_file()


def test_a_preview_that_cannot_be_drawn_leaves_no_earlier_one(
    segmenter: Segmenter, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError

    out = tmp_path / "out"
    go(segmenter, images, out, preview=True)
    (out / "b.nii.gz").unlink()
    monkeypatch.setattr("shoulderseg.workflows.outputs.preview.write_preview", full)

    assert go(segmenter, images, out, preview=True).begun == ["b"]

    assert pictures(out) == ["a", "c"]


def test_through_a_link_no_preview_is_removed(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (elsewhere / "a.png").write_bytes(b"mine")
    (out / "previews").symlink_to(elsewhere)

    go(segmenter, images, out)

    assert (elsewhere / "a.png").read_bytes() == b"mine"
