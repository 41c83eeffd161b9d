from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.converters.convert import Order, convert_cases, foresee_problems, survey
from shoulderseg.datasets.converters.source import (
    Labelled,
    NothingToTakeError,
    Rejected,
    SourceCase,
    source_name,
)
from shoulderseg.datasets.converters.target import ConversionError
from shoulderseg.datasets.nnunet_raw import DatasetSpec
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.volume import Volume, same_grid

if TYPE_CHECKING:
    from collections.abc import Callable

_SPEC = DatasetSpec(7, "Shoulder")
_NAMES = [f"{patient}_{side}" for patient in ("s1", "s2", "s3") for side in ("left", "right")]


class Source:
    """Six cases of three patients; remembers which were loaded."""

    def __init__(self, folder: Path, oblique: Volume) -> None:
        self.folder, self.oblique = folder, oblique
        self.loaded: list[str] = []
        self.faults: dict[str, BaseException] = {}
        self.undrawn: dict[str, list[int]] = {}
        folder.mkdir()
        for name in _NAMES:
            (folder / name).write_text(name)

    def cases(self) -> list[SourceCase]:
        return [
            SourceCase(name, name[:2], f"{name} here", (self.folder / name,), self._loader(name))
            for name in _NAMES
        ]

    def image(self, name: str) -> Volume:
        return replace(self.oblique, array=self.oblique.array + _NAMES.index(name))

    def _loader(self, name: str) -> Callable[[], Labelled]:
        def load() -> Labelled:
            self.loaded.append(name)
            if name in self.faults:
                raise self.faults[name]
            labels = np.zeros(self.oblique.array.shape, np.uint8)
            labels[1, 2:4, 3 : 4 + _NAMES.index(name)] = 1
            labels[3, 5, 1:3] = 2
            labels[np.isin(labels, self.undrawn.get(name, []))] = 0
            return Labelled(self.image(name), labels)

        return load


@pytest.fixture
def source(tmp_path: Path, oblique: Volume) -> Source:
    return Source(tmp_path / "source", oblique)


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Order(tmp_path / "out", _SPEC, {"depth": 3}, folds=2, test_cases=1)


def test_dataset_is_complete_and_patients_stay_together(source: Source, order: Order) -> None:
    report = convert_cases(source.cases(), order)
    tests = {case[:2] for case in report.test_cases}
    assert len(report.test_cases) == 2
    assert len(tests) == 1
    assert not tests & {case[:2] for case in report.training_cases}
    splits = json.loads((report.folder / "splits_final.json").read_text())
    for split in splits:
        assert len({case[:2] for case in split["val"]}) == 1
        assert len(split["val"]) == 2
    for part, cases in (("Tr", report.training_cases), ("Ts", report.test_cases)):
        images = sorted(path.name for path in (report.folder / f"images{part}").iterdir())
        assert images == [f"{case}_0000.nii.gz" for case in cases]
        labels = sorted(path.name for path in (report.folder / f"labels{part}").iterdir())
        assert labels == [f"{case}.nii.gz" for case in cases]
        for case in cases:
            image = read_image(report.folder / f"images{part}/{case}_0000.nii.gz")
            assert same_grid(image, source.oblique)
            np.testing.assert_array_equal(image.array, source.image(case).array)
            written = read_label_map(report.folder / f"labels{part}/{case}.nii.gz").array
            assert np.count_nonzero(written == 1) == 2 * (_NAMES.index(case) + 1)
    assert json.loads((report.folder / "dataset.json").read_text())["numTraining"] == 4
    with (report.folder / "conversion.csv").open() as stream:
        assert list(csv.reader(stream)) == [
            ["case", "source"],
            *([name, f"{name} here"] for name in _NAMES),
        ]
    assert [entry.name for entry in order.out.iterdir()] == ["Dataset007_Shoulder"]


def _stop(source: Source, order: Order, at: str) -> list[str]:
    source.faults[at] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        convert_cases(source.cases(), order)
    assert not (order.out / "Dataset007_Shoulder").exists()
    source.faults.clear()
    loaded, source.loaded = source.loaded, []
    return loaded


def test_interrupted_conversion_goes_on(source: Source, order: Order) -> None:
    _stop(source, order, "s2_right")
    report = convert_cases(source.cases(), order)
    assert source.loaded == ["s2_right", "s3_left", "s3_right"]
    assert len(report.training_cases) + len(report.test_cases) == 6
    assert [entry.name for entry in order.out.iterdir()] == ["Dataset007_Shoulder"]


def test_conversion_interrupted_at_its_very_end_goes_on(
    source: Source, order: Order, monkeypatch: pytest.MonkeyPatch
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
    assert files == [f"{name}.nii.gz" for name in sorted(_NAMES)]
    assert len(list((report.folder / "labelsTs").iterdir())) == 2


def test_changed_files_settings_and_lost_results_are_made_again(
    source: Source, order: Order
) -> None:
    _stop(source, order, "s2_right")
    (source.folder / "s1_left").write_text("another text")
    next(order.out.glob(".*/dataset/labelsTr/s1_right*")).unlink()
    redone = _stop(source, order, "s3_left")
    assert redone == ["s1_left", "s1_right", "s2_right", "s3_left"]
    assert _stop(source, order, "s3_right") == ["s3_left", "s3_right"]
    convert_cases(source.cases(), replace(order, settings={"depth": 4}))
    assert source.loaded == _NAMES


def test_results_that_are_cut_off_or_changed_are_made_again(source: Source, order: Order) -> None:
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
    for name in _NAMES:
        image = read_image(report.folder / f"imagesTr/{name}_0000.nii.gz")
        np.testing.assert_array_equal(image.array, source.image(name).array)
        labels = read_label_map(report.folder / f"labelsTr/{name}.nii.gz").array
        assert np.count_nonzero(labels == 1) == 2 * (_NAMES.index(name) + 1)


def test_faulty_cases_are_rejected_and_the_others_go_on(source: Source, order: Order) -> None:
    source.faults = {
        "s1_left": ValueError("IM1.png: damaged."),
        "s2_left": NothingToTakeError("no shoulder."),
        "s2_right": OSError(5, "Input/output error", "/home/secret/name"),
    }
    told: list[str] = []
    order = replace(order, test_cases=(), on_case=lambda outcome: told.append(outcome.name))
    report = convert_cases(source.cases(), order)
    assert told == _NAMES
    assert report.training_cases == ("s1_right", "s3_left", "s3_right")
    assert [(entry.name, entry.fault) for entry in report.rejected] == [
        ("s1_left", True),
        ("s2_left", False),
        ("s2_right", True),
    ]
    assert "secret" not in str(report.rejected)


def test_what_shows_nothing_is_not_read_again_but_faults_are(source: Source, order: Order) -> None:
    source.faults = {"s1_left": ValueError("bad."), "s1_right": NothingToTakeError("empty.")}
    with pytest.raises(ConversionError, match="Finished cases are kept"):
        convert_cases(source.cases(), replace(order, folds=5))
    source.loaded.clear()
    report = convert_cases(source.cases(), replace(order, test_cases=0))
    assert source.loaded == ["s1_left"]
    assert [entry.reason for entry in report.rejected] == ["bad.", "empty."]


def test_cases_without_a_structure_are_rejected_unless_allowed(
    source: Source, order: Order
) -> None:
    """The annotation is unfinished, or the bone lies outside: only the user knows."""
    source.undrawn = {"s1_left": [1, 2], "s2_left": [2]}
    order = replace(order, test_cases=(), folds=9)
    with pytest.raises(ConversionError, match="for 9 folds"):
        convert_cases(source.cases(), replace(order, allow_missing=True))
    surveyed = list(survey(source.cases(), _SPEC.labels, allow_missing=True))
    assert [entry.name for entry in surveyed if isinstance(entry, Rejected)] == ["s1_left"]
    # What was written while it was allowed is not taken now.
    source.loaded.clear()
    report = convert_cases(source.cases(), replace(order, folds=2))
    assert source.loaded == []
    empty, partly = report.rejected
    assert (empty.name, empty.fault) == ("s1_left", False)
    assert "no voxel of it is labelled (humerus, glenoid)" in empty.reason
    assert (partly.name, partly.fault) == ("s2_left", True)
    assert "no voxel of it is glenoid. Draw what is missing" in partly.reason
    assert "--allow-missing" in partly.reason
    assert not list(report.folder.rglob("s2_left*"))
    again = replace(order, folds=2, allow_missing=True, overwrite=True)
    report = convert_cases(source.cases(), again)
    assert "s2_left" in report.training_cases
    assert [entry.name for entry in report.rejected] == ["s1_left"]


def test_cases_without_a_structure_are_not_written(source: Source, order: Order) -> None:
    source.undrawn = {"s2_left": [2]}
    report = convert_cases(source.cases(), replace(order, test_cases=()))
    assert [entry.name for entry in report.rejected] == ["s2_left"]
    surveyed = list(survey(source.cases(), _SPEC.labels))
    assert [entry for entry in surveyed if isinstance(entry, Rejected)] == list(report.rejected)


def test_the_same_image_twice(source: Source, order: Order) -> None:
    cases = source.cases()
    cases[3] = replace(cases[3], load=cases[2].load)
    report = convert_cases(cases, replace(order, test_cases=()))
    (twin,) = report.rejected
    assert twin.reason == "its image has the same voxels as that of s2_left. Remove one."
    assert "s2_right" not in report.training_cases
    assert not list(report.folder.rglob("s2_right*"))


def test_label_map_of_another_shape(source: Source, order: Order) -> None:
    cases = source.cases()
    wrong = Labelled(source.oblique, np.zeros((5, 11, 7), np.uint8))
    cases[0] = replace(cases[0], load=lambda: wrong)
    (rejected,) = convert_cases(cases, replace(order, test_cases=())).rejected
    assert "shape (5, 11, 7) and its image (5, 7, 11)" in rejected.reason


def test_nothing_can_be_taken(source: Source, order: Order) -> None:
    source.faults = dict.fromkeys(_NAMES, ValueError("bad."))
    with pytest.raises(ConversionError, match=r"no case can be taken\.\n- s1_left: bad"):
        convert_cases(source.cases(), order)
    assert not (order.out / "Dataset007_Shoulder").exists()


def test_existing_dataset_is_replaced_only_on_request(source: Source, order: Order) -> None:
    folder = convert_cases(source.cases(), order).folder
    before = (folder / "conversion.csv").read_bytes()
    with pytest.raises(ConversionError, match="not empty"):
        convert_cases(source.cases()[:4], order)
    assert (folder / "conversion.csv").read_bytes() == before
    report = convert_cases(source.cases()[:4], replace(order, overwrite=True, test_cases=()))
    assert len(report.training_cases) == 4
    assert not list(folder.rglob("s3*"))


def _kill_while_replacing(
    source: Source, order: Order, patch: pytest.MonkeyPatch, after: int
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
    source: Source, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _kill_while_replacing(source, order, monkeypatch, after=1)
    folder = order.out / "Dataset007_Shoulder"
    assert not folder.exists()
    with pytest.raises(ConversionError, match=r"\.replaced: it is not empty"):
        convert_cases(source.cases(), order)
    # Another option makes the cases again, and this time none can be taken.
    source.faults = dict.fromkeys(_NAMES, ValueError("bad."))
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
    source: Source, order: Order, monkeypatch: pytest.MonkeyPatch
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


def test_survey_writes_nothing(source: Source, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    source.faults = {"s1_left": ValueError("bad.")}
    bad = Rejected("x", "y", "from the start.")
    outcomes = list(survey([bad, *source.cases()], _SPEC.labels))
    assert [outcome.name for outcome in outcomes] == ["x", *_NAMES]
    assert sum(isinstance(outcome, Rejected) for outcome in outcomes) == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_source_names(tmp_path: Path) -> None:
    path = tmp_path / "Meier Anna" / "scan"
    assert source_name(path, tmp_path, keep=True) == "Meier Anna/scan"
    hidden = source_name(path, tmp_path, keep=False)
    # sha256 of the path's text, which does not depend on where the folder lies.
    assert hidden == source_name(tmp_path / "b" / "Meier Anna" / "scan", tmp_path / "b", keep=False)
    assert hidden.startswith("sha256:")
    assert len(hidden) == 7 + 16
