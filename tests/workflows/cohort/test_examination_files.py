"""What a run leaves of an earlier examination, whose series it makes anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.cohort.runs import NAMES, go, write_image


@pytest.mark.parametrize("changed", [False, True])
def test_files_of_an_examination_go_with_it(
    segmenter: Segmenter, images: Path, tmp_path: Path, *, changed: bool
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out, examination="on")
    [record] = json.loads((out / REPORT_FILE).read_text())["examinations"]
    [written] = [out / file for file in record["outputs"]]
    if changed:
        # Somebody has made it his own: that is not ours to remove.
        written.write_text("notes", encoding="utf-8")

    go(segmenter, images, out, examination="off", overwrite=True)

    assert [path.name for path in out.glob("examination*")] == [written.name] * changed
    assert "examinations" not in json.loads((out / REPORT_FILE).read_text())


@pytest.mark.parametrize("mode", ["on", "off"])
def test_files_of_an_examination_stay_until_there_are_others(
    segmenter: Segmenter, images: Path, tmp_path: Path, mode: str
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out, examination="on")
    [written] = out.glob("examination*")
    write_image(images / "a.nii.gz", 7)
    go(segmenter, images, out, examination=mode, overwrite=True, stop_before="a")
    assert written.is_file()
    content = {path: path.read_bytes() for path in images.iterdir()}
    for path in content:
        path.write_bytes(b"")
    go(segmenter, images, out, examination=mode, overwrite=True)
    assert written.is_file()
    for path, image in content.items():
        path.write_bytes(image)
    go(segmenter, images, out, examination=mode, overwrite=True)
    assert written.is_file() == (mode == "on")


@pytest.mark.parametrize("preview", [False, True])
def test_files_of_an_examination_in_which_a_series_failed_go_too(
    segmenter: Segmenter, images: Path, tmp_path: Path, *, preview: bool
) -> None:
    out = tmp_path / "out"
    (images / "d.nii.gz").write_bytes(b"")
    go(segmenter, images, out, examination="on", preview=preview)
    [first] = out.glob("examination*")
    again = go(segmenter, images, out, examination="on", preview=preview)
    assert again.begun == ["a", "b", "c", "d"]
    (images / "d.nii.gz").unlink()
    go(segmenter, images, out, examination="on", preview=preview)
    [second] = out.glob("examination*")
    assert first != second
    assert go(segmenter, images, out, examination="on", preview=preview).kept == list(NAMES)


def test_an_examination_of_fewer_series_leaves_no_files_of_the_former_one(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out, examination="on")
    [first] = json.loads((out / REPORT_FILE).read_text())["examinations"]
    (images / "b.nii.gz").unlink()

    go(segmenter, images, out, examination="on")

    [second] = json.loads((out / REPORT_FILE).read_text())["examinations"]
    assert first["examination"] != second["examination"]
    assert all((out / file).is_file() for file in second["outputs"])
    assert not any((out / file).exists() for file in first["outputs"])
    assert go(segmenter, images, out, examination="on").kept == ["a", "c"]
