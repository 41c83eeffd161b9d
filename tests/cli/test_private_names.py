"""Archives name DICOM files after patients: whatever goes wrong, `predict` tells no such name."""

from __future__ import annotations

import json
import logging
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydicom
import pytest

from tests.cli.study_faults import FAULTS, cut_off, path_of
from tests.datasets.oblique_case import oblique_image, write_sources

if TYPE_CHECKING:
    from tests.cli.conftest import Run

PRIVATE = ("mueller", "joerg", "4711998")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A series whose files tell name and number, as its headers do."""
    folder = tmp_path / "in" / "MUELLER_JOERG"
    for number, path in enumerate(write_sources(folder, oblique_image()), start=1):
        dataset = pydicom.dcmread(path)
        dataset.PatientName, dataset.PatientID = "MUELLER^JOERG", "4711998"
        dataset.save_as(path_of(folder, number))
        path.unlink()
    return folder


def told(outcome: Any, out: Path, caplog: pytest.LogCaptureFixture) -> str:  # noqa: ANN401
    """All that a run says anywhere, but the DICOM SEG, which is the patient's."""
    files = [path for path in out.rglob("*") if path.is_file()]
    texts = [path.read_text() for path in files if path.suffix == ".json"]
    names = [path.relative_to(out).as_posix() for path in files]
    return "\n".join([outcome.stdout, outcome.stderr, caplog.text, *texts, *names])


def assert_private(said: str) -> None:
    assert [word for word in PRIVATE if word in said.lower()] == []


@pytest.mark.parametrize("layout", [[], ["--bids", "--format", "nii.gz"]])
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_of_a_file_tells_its_name(
    run: Run,
    untrained: Path,
    study: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    fault: str,
    layout: list[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    spoil, reason, code = FAULTS[fault]
    spoil(study)
    out = tmp_path / "out"
    words = ["predict", study.parent, out, "--model", untrained, "--device", "cpu", *layout]
    outcome = run(*words)
    assert outcome.exit_code == code, outcome.output
    said = told(outcome, out, caplog)
    # Without a DICOM SEG nobody misses what only it needs.
    assert (reason in said) is not (fault == "frame" and bool(layout))
    assert_private(said)


def test_inspect_alone_names_the_file(run: Run, study: Path) -> None:
    cut_off(study)
    assert f"({path_of(study, 3).name}): image number 3: file ends early" in (
        run("inspect", study).output
    )
    path_of(study, 3).rename(study / "broken.dcm")
    (study / "broken.dcm").write_bytes(b"x" * 300)
    entry = json.loads(run("inspect", study, "--json").stdout)[-1]
    assert (entry["name"], entry["files"]) == ("dicom_file_1", ["broken.dcm"])


@pytest.mark.parametrize(
    "error", [ValueError("too few slices"), RuntimeError("too few slices"), MemoryError()]
)
def test_no_fault_of_the_program_tells_a_files_name(
    run: Run,
    untrained: Path,
    study: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def fail(*_: object) -> None:
        raise error

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("shoulderseg.workflows.segmentation.segment.prepare", lambda *_: fail)
    out = tmp_path / "out"
    outcome = run("predict", study, out, "--model", untrained, "--device", "cpu")
    assert outcome.exit_code == 1
    said = told(outcome, out, caplog)
    assert re.search(r"failed: series_\d+_[0-9a-f]{8}: (RuntimeError: too|too|MemoryError)", said)
    assert_private(said)


@pytest.mark.parametrize("late", [False, True])
def test_a_file_that_is_gone_again_is_not_named(
    run: Run,
    untrained: Path,
    study: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    late: bool,
) -> None:
    from shoulderseg.workflows.segmentation import segment as pipeline

    prepare = pipeline.prepare

    def prepared(*words: Any) -> Callable[..., pipeline.Segmentation]:  # noqa: ANN401
        segment = prepare(*words)
        if not late:
            path_of(study, 3).unlink()

        def segmented(volume: Any, *_: object) -> pipeline.Segmentation:  # noqa: ANN401
            result = segment(volume)
            path_of(study, 3).unlink()
            return result

        return segmented

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(pipeline, "prepare", prepared)
    out = tmp_path / "out"
    outcome = run("predict", study, out, "--model", untrained, "--device", "cpu")
    said = told(outcome, out, caplog)
    reason = "file cannot be opened" if late else "there is no such file any more"
    assert f"slice 3 of 6: {reason}" in said
    assert_private(said)


@pytest.mark.parametrize("damage", ["crc", "twice", "encrypted"])
def test_a_zip_that_cannot_be_unpacked_tells_no_entrys_name(
    run: Run,
    untrained: Path,
    study: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    archive = tmp_path / "in.zip"
    entry = zipfile.ZipInfo(path_of(study, 1).name)
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr(entry, b"0123456789")
        if damage == "twice":
            with pytest.warns(UserWarning, match="Duplicate name"):
                content.writestr(entry, b"0123456789")
        # Written at the end, into the table of contents.
        entry.flag_bits |= 1 if damage == "encrypted" else 0
    if damage == "crc":
        archive.write_bytes(archive.read_bytes().replace(b"0123456789", b"0123456780"))
    outcome = run("predict", archive, tmp_path / "out", "--model", untrained)
    assert outcome.exit_code == 2
    said = " ".join(outcome.output.split())
    assert "in.zip" in said
    assert_private(said + caplog.text)


@pytest.mark.parametrize("packed", [False, True])
def test_a_single_image_below_is_not_called_as_its_file(
    run: Run, untrained: Path, study: Path, tmp_path: Path, packed: bool
) -> None:
    """Its header was made anonymous, its name was not."""
    dataset = pydicom.dcmread(path_of(study, 3))
    dataset.PatientName, dataset.PatientID = "ANON^0001", "17"
    images = tmp_path / "images"
    (images / "study").mkdir(parents=True)
    (images / "other").mkdir()
    dataset.save_as(path_of(images / "study", 1))
    given = images
    if packed:
        given = tmp_path / "images.zip"
        with zipfile.ZipFile(given, "w") as archive:
            archive.write(path_of(images / "study", 1), "study/MUELLER_JOERG_4711998_1.dcm")
            archive.writestr("other/readme.txt", "nothing")
    out = tmp_path / "out"
    outcome = run("predict", given, out, "--model", untrained, "--device", "cpu")
    assert outcome.exit_code == 0, outcome.output
    (case,) = json.loads((out / "shoulderseg_report.json").read_text())["cases"]
    assert case["case"].startswith("series_")
    names = " ".join(path.name for path in out.rglob("*"))
    assert_private(outcome.output + names + (out / "shoulderseg_report.json").read_text())


def test_a_single_image_that_is_given_keeps_its_name(
    run: Run, untrained: Path, study: Path, tmp_path: Path
) -> None:
    image = tmp_path / "knee.dcm"
    image.write_bytes(path_of(study, 3).read_bytes())
    out = tmp_path / "out"
    assert run("predict", image, out, "--model", untrained, "--device", "cpu").exit_code == 0
    assert (out / "knee.nii.gz").is_file()
