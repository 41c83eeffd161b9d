"""Conversions that are interrupted, or killed while they replace a dataset, go on."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoulderseg.datasets.converters.convert import Order, convert_cases, foresee_problems
from shoulderseg.datasets.converters.target import ConversionError
from shoulderseg.datasets.converters.work_folder import finish, open_work
from shoulderseg.datasets.nnunet_raw import write_case
from shoulderseg.datasets.reader import read_image, read_label_map
from tests.datasets.converters.six_cases import NAMES, SixCases


def _stop(source: SixCases, order: Order, at: str) -> list[str]:
    source.faults[at] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        convert_cases(source.cases(), order)
    assert not (order.out / "Dataset007_Shoulder").exists()
    source.faults.clear()
    loaded, source.loaded = source.loaded, []
    return loaded


def test_interrupted_conversion_goes_on(source: SixCases, order: Order) -> None:
    _stop(source, order, "s2_right")
    report = convert_cases(source.cases(), order)
    assert source.loaded == ["s2_right", "s3_left", "s3_right"]
    assert len(report.training_cases) + len(report.test_cases) == 6
    assert [entry.name for entry in order.out.iterdir()] == ["Dataset007_Shoulder"]


def test_conversion_interrupted_at_its_very_end_goes_on(
    source: SixCases, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # By now the test cases are apart from the others.
        patch.setattr("shoulderseg.datasets.converters.work_folder.finish", stop)
        with pytest.raises(KeyboardInterrupt):
            convert_cases(source.cases(), order)
    source.loaded.clear()
    report = convert_cases(source.cases(), replace(order, test_cases=["s3_left", "s3_right"]))
    assert source.loaded == []
    files = sorted(path.name for path in report.folder.glob("labels*/*"))
    assert files == [f"{name}.nii.gz" for name in sorted(NAMES)]
    assert len(list((report.folder / "labelsTs").iterdir())) == 2


def test_changed_files_settings_and_lost_results_are_made_again(
    source: SixCases, order: Order
) -> None:
    _stop(source, order, "s2_right")
    (source.folder / "s1_left").write_text("another text")
    next(order.out.glob(".*/dataset/labelsTr/s1_right*")).unlink()
    redone = _stop(source, order, "s3_left")
    assert redone == ["s1_left", "s1_right", "s2_right", "s3_left"]
    assert _stop(source, order, "s3_right") == ["s3_left", "s3_right"]
    convert_cases(source.cases(), replace(order, settings={"depth": 4}))
    assert source.loaded == NAMES


def test_a_file_saved_while_its_case_is_made_makes_it_again(
    source: SixCases, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_and_save(folder: Path, name: str, *arrays: Any) -> None:  # noqa: ANN401
        write_case(folder, name, *arrays)
        if name == "s1_right":
            (source.folder / name).write_text("saved meanwhile")

    with monkeypatch.context() as patch:
        patch.setattr("shoulderseg.datasets.converters.case_notes.write_case", write_and_save)
        _stop(source, order, "s2_right")
    convert_cases(source.cases(), order)
    assert source.loaded == ["s1_right", "s2_right", "s3_left", "s3_right"]


def test_results_that_are_cut_off_or_changed_are_made_again(source: SixCases, order: Order) -> None:
    _stop(source, order, "s3_left")
    made = next(order.out.glob(".*/dataset"))
    cut, emptied, changed = (
        made / "imagesTr/s1_left_0000.nii.gz",
        made / "labelsTr/s1_right.nii.gz",
        made / "labelsTr/s2_left.nii.gz",
    )
    cut.write_bytes(cut.read_bytes()[:-40])
    emptied.write_bytes(b"")
    other = bytearray(changed.read_bytes())
    other[-1] ^= 1
    changed.write_bytes(bytes(other))
    report = convert_cases(source.cases(), replace(order, test_cases=()))
    assert source.loaded == ["s1_left", "s1_right", "s2_left", "s3_left", "s3_right"]
    for name in NAMES:
        image = read_image(report.folder / f"imagesTr/{name}_0000.nii.gz")
        np.testing.assert_array_equal(image.array, source.image(name).array)
        labels = read_label_map(report.folder / f"labelsTr/{name}.nii.gz").array
        assert np.count_nonzero(labels == 1) == 2 * (NAMES.index(name) + 1)


def _kill_while_replacing(
    source: SixCases, order: Order, patch: pytest.MonkeyPatch, after: int
) -> dict[str, bytes]:
    """Makes a dataset, and is killed in the next run after some of the moves of whole datasets."""
    folder = convert_cases(source.cases(), order).folder
    before = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    moves: list[Path] = []
    real = Path.replace

    def move(path: Path, to: Path) -> Path:
        if path.is_dir():
            if len(moves) == after:
                raise KeyboardInterrupt
            moves.append(path)
        return real(path, to)

    with patch.context() as broken:
        broken.setattr(Path, "replace", move)
        with pytest.raises(KeyboardInterrupt):
            convert_cases(source.cases()[:4], replace(order, overwrite=True, test_cases=()))
    return before


def test_killed_while_the_old_dataset_is_away(
    source: SixCases, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _kill_while_replacing(source, order, monkeypatch, after=1)
    folder = order.out / "Dataset007_Shoulder"
    assert not folder.exists()
    with pytest.raises(ConversionError, match=r"\.replaced: it is not empty"):
        convert_cases(source.cases(), order)
    # Another option makes the cases again, and this time none can be taken.
    source.faults = dict.fromkeys(NAMES, ValueError("bad."))
    other = replace(order, overwrite=True, settings={"depth": 4})
    with pytest.raises(ConversionError, match="no case can be taken"):
        convert_cases(source.cases(), other)
    for name, content in before.items():
        assert (folder / name).read_bytes() == content
    source.faults.clear()
    report = convert_cases(source.cases()[:4], replace(other, test_cases=()))
    assert len(report.training_cases) == 4
    assert [entry.name for entry in order.out.iterdir()] == ["Dataset007_Shoulder"]


def test_killed_before_the_old_dataset_is_deleted(
    source: SixCases, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of the two is wanted nobody can tell by then."""
    before = _kill_while_replacing(source, order, monkeypatch, after=2)
    again = replace(order, overwrite=True, test_cases=())
    with pytest.raises(ConversionError, match="left an older dataset here") as caught:
        convert_cases(source.cases(), again)
    assert foresee_problems(again, [])[0] == caught.value.problems[0]
    older = order.out / ".Dataset007_Shoulder.replaced"
    assert (older / "conversion.csv").read_bytes() == before["conversion.csv"]
    shutil.rmtree(older)
    assert len(convert_cases(source.cases(), again).training_cases) == 6


def test_a_working_folder_that_is_a_link_is_refused(
    source: SixCases, order: Order, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    order.out.mkdir()
    (order.out / ".Dataset007_Shoulder.converting").symlink_to(other)
    with pytest.raises(ValueError, match=r"converting in the folder of the output is a link"):
        convert_cases(source.cases(), order)
    assert list(other.iterdir()) == []


def test_a_source_that_begins_a_formula_is_no_formula_in_the_table(
    source: SixCases, order: Order
) -> None:
    work = open_work(order.out, order.spec, {})
    finish(work, {"s8": "@cmd", "=s9": "plain"})
    table = order.out / "Dataset007_Shoulder" / "conversion.csv"
    assert table.read_text() == "case,source\n'=s9,plain\ns8,'@cmd\n"
