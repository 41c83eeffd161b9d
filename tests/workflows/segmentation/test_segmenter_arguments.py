"""What a program may hand over to a `Segmenter`, and what it is told about the rest."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK

from shoulderseg import Segmenter

AFFINE = np.diag([2.0, 2.0, 4.0, 1.0])


@pytest.fixture(scope="module")
def segmenter(untrained: Path) -> Segmenter:
    return Segmenter(untrained, device="cpu", mirroring=False)


@pytest.fixture(scope="module")
def array() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).random((2, 24, 40), np.float32)


@pytest.mark.parametrize("name", ["", ".", "..", "../evil", "a/b", "/abs", "a\\b", "a\0b", None, 3])
def test_a_name_that_would_leave_the_folder_is_refused(
    segmenter: Segmenter, array: np.ndarray[Any, Any], name: str
) -> None:
    with pytest.raises(ValueError, match="expected a file name without folders"):
        segmenter((array, AFFINE), name=name)


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({"voters": "All"}, "voters is 'All', expected one of 'unets', 'all'"),
        ({"vote": "most"}, "vote is 'most', expected one of 'majority', 'mean', 'staple'"),
        ({"mirroring": "no"}, "mirroring is 'no'"),
        ({"refine": "auto"}, "refine is 'auto'"),
        ({"as_stored": 1}, "as_stored is 1"),
        ({"folds": "01"}, "folds is '01', expected several"),
    ],
)
def test_choices_are_checked_before_anything_is_loaded(
    tmp_path: Path, choices: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        Segmenter(tmp_path / "no bundle", **choices)


def test_folds_may_be_numbers(untrained: Path) -> None:
    assert Segmenter(untrained, device="cpu", folds=[0]).settings.folds == ["0"]


def test_a_copy_finds_a_bundle_of_a_relative_folder(
    untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(untrained.parent)
    packed = pickle.dumps(Segmenter(untrained.name, device="cpu"))
    monkeypatch.chdir(tmp_path)
    assert pickle.loads(packed).bundle.digest == Segmenter(untrained, device="cpu").bundle.digest


def test_images_in_memory_are_checked_as_files_are(segmenter: Segmenter) -> None:
    tiny = np.random.default_rng(0).random((3, 8, 8))
    with pytest.raises(ValueError, match="expected at least 16 in two directions"):
        segmenter((tiny, AFFINE))


@pytest.mark.parametrize("kind", ["pair", "SimpleITK", "nibabel", "array"])
def test_many_of_a_single_image_is_refused(
    segmenter: Segmenter, array: np.ndarray[Any, Any], kind: str
) -> None:
    image: Any = {
        "pair": (array, AFFINE),
        "SimpleITK": SimpleITK.GetImageFromArray(array),
        "nibabel": nibabel.Nifti1Image(array.T, AFFINE),
        "array": array,
    }[kind]
    with pytest.raises(TypeError, match="of one image, give a list"):
        segmenter.many(image)


def test_many_of_nothing_says_so(segmenter: Segmenter, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        segmenter.many(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="the path is empty"):
        segmenter.many("")
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(ValueError, match=r"no images found .* left out: 1 other file"):
        next(segmenter.many(tmp_path))
    assert list(segmenter.many([])) == []


def test_paths_keep_their_names_and_a_second_equal_one_is_an_error(
    segmenter: Segmenter, array: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        nibabel.save(nibabel.Nifti1Image(array.T, AFFINE), tmp_path / folder / "scan.nii.gz")
    (tmp_path / "broken.nii.gz").write_bytes(b"no image")
    paths = [tmp_path / name for name in ("a/scan.nii.gz", "broken.nii.gz", "b/scan.nii.gz")]
    first, broken, second = segmenter.many(paths)
    assert (first.name, first.error) == ("scan", "")
    assert broken.name == "broken"
    assert "broken.nii.gz" in broken.error
    assert second.error == "another image is also called scan; rename one"


def test_a_result_is_short_to_print_and_takes_one_format(
    segmenter: Segmenter, array: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    result = segmenter((array, AFFINE), name="visit 2")
    assert len(repr(result)) < 500
    assert [path.name for path in result.save(tmp_path, "nrrd")] == ["visit 2.nrrd"]
    with pytest.raises(ValueError, match="no such format: jpeg"):
        result.save(tmp_path, ["jpeg"])
    with pytest.raises(ValueError, match="expected names such as"):
        result.save(tmp_path, [3])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("affine", "told"),
    [
        (np.eye(3), r"shape \(3, 3\), expected \(4, 4\)"),
        (np.diag([1, 1, np.nan, 1]), "expected finite numbers"),
        (np.diag([1, 1, 1, 2]), "last row of 0, 0, 0, 1"),
        ("foo", "expected 4 x 4 numbers"),
    ],
)
def test_what_is_wrong_with_an_affine_is_said(
    segmenter: Segmenter, array: np.ndarray[Any, Any], affine: object, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        segmenter((array, affine))
