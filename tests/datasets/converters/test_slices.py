"""Folders of slices as images, one folder a patient."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from shoulderseg.datasets.converters.convert import survey
from shoulderseg.datasets.converters.examined import Examined
from shoulderseg.datasets.converters.slices import slice_cases
from shoulderseg.datasets.converters.source import Rejected, SourceCase
from tests.datasets.converters.slice_folders import LABELS, STACK, load_stack, reason_of, save_slice

if TYPE_CHECKING:
    import numpy.typing as npt

_SHAPE = (11, 9, 13)


def _patient(folder: Path, suffix: str = "png", kind: type = np.uint16) -> npt.NDArray[Any]:
    """Eleven slices whose names do not sort as text, with a label in two of them."""
    top = np.iinfo(kind).max if np.issubdtype(kind, np.integer) else 30000
    drawn = np.random.default_rng(len(folder.name)).integers(0, top, _SHAPE)
    image: npt.NDArray[Any] = drawn.astype(kind)
    mask = np.zeros(_SHAPE, np.uint8)
    mask[1, 2:4, 5:9], mask[9, 7, 1:3] = 200, 90
    for number, (grey, values) in enumerate(zip(image, mask, strict=True), start=1):
        save_slice(folder / "images" / f"IM{number}.{suffix}", grey)
        save_slice(folder / "masks" / f"IM{number}.png", values)
    return image


@pytest.mark.parametrize(
    ("suffix", "kind"), [("png", np.uint16), ("tif", np.uint16), ("TIFF", np.float32)]
)
def test_slices_are_stacked_by_number_with_all_their_bits(
    tmp_path: Path, suffix: str, kind: type
) -> None:
    expected = _patient(tmp_path / "a", suffix, kind)
    image, label_map = load_stack(tmp_path)
    np.testing.assert_array_equal(image.array, expected.astype(np.float32))
    assert image.array.max() > 255
    assert image.spacing_mm == (3.5, 0.5, 0.7)
    assert sorted(np.unique(label_map)) == [0, 1, 2]
    assert (label_map[1, 2:4, 5:9] == 1).all()
    assert (label_map[9, 7, 1:3] == 2).all()
    assert np.count_nonzero(label_map) == 10


def test_masks_beside_their_images(tmp_path: Path) -> None:
    expected = _patient(tmp_path / "a")
    for file in list((tmp_path / "a").rglob("*.png")):
        ending = "_mask" if file.parent.name == "masks" else ""
        file.rename(tmp_path / "a" / f"{file.stem}{ending}.png")
    (tmp_path / "a/images").rmdir()
    image, label_map = load_stack(tmp_path)
    np.testing.assert_array_equal(image.array, expected.astype(np.float32))
    assert np.count_nonzero(label_map == 2) == 2


def test_patients_are_numbered_and_not_named(tmp_path: Path) -> None:
    for name in ("Meier 10", "Meier 9"):
        _patient(tmp_path / name)
    found = list(survey(slice_cases(tmp_path, STACK), LABELS))
    assert [entry.name for entry in found] == ["p001", "p002"]
    assert all(isinstance(entry, Examined) and entry.patient == entry.name for entry in found)
    assert "Meier" not in str(found)
    assert len({entry.source for entry in found}) == 2
    kept = replace(STACK, keep_source_names=True)
    named = [entry.source for entry in slice_cases(tmp_path, kept)]
    assert named == ["Meier 9", "Meier 10"]


def test_grey_in_three_or_four_channels(tmp_path: Path) -> None:
    _patient(tmp_path / "a")
    grey = np.random.default_rng(0).integers(0, 255, _SHAPE[1:]).astype(np.uint8)
    save_slice(tmp_path / "a/images/IM2.png", np.stack([grey] * 3, axis=-1), colour=True)
    opaque = np.full_like(grey, 255)
    save_slice(tmp_path / "a/images/IM3.png", np.stack([grey] * 3 + [opaque], axis=-1), colour=True)
    image, _ = load_stack(tmp_path)
    np.testing.assert_array_equal(image.array[1:3], np.stack([grey, grey]))


def test_real_colour(tmp_path: Path) -> None:
    _patient(tmp_path / "a")
    grey = np.full(_SHAPE[1:], 7, np.uint8)
    save_slice(tmp_path / "a/masks/IM2.png", np.stack([grey, grey, grey + 1], axis=-1), colour=True)
    assert "IM2.png: it is in colour" in reason_of(tmp_path)


def test_unknown_mask_values(tmp_path: Path) -> None:
    _patient(tmp_path / "a")
    save_slice(tmp_path / "a/masks/IM4.png", np.full(_SHAPE[1:], 91, np.uint8))
    assert "IM4.png: unknown label values [91], expected [0, 90, 200]" in reason_of(tmp_path)


def test_slices_of_other_sizes(tmp_path: Path) -> None:
    _patient(tmp_path / "a")
    save_slice(tmp_path / "a/masks/IM4.png", np.zeros((13, 9), np.uint8))
    expected = "IM4.png: it has 13 x 9 pixels (rows x columns), expected 9 x 13 as in IM1.png"
    assert expected in reason_of(tmp_path)


def test_a_missing_slice_a_missing_mask_and_no_images(tmp_path: Path) -> None:
    _patient(tmp_path / "a")
    (tmp_path / "a/masks/IM6.png").unlink()
    assert "image im6 has no mask" in reason_of(tmp_path).lower()
    (tmp_path / "a/images/IM6.png").unlink()
    assert "between IM5 and IM7 a slice is missing" in reason_of(tmp_path)
    for file in (tmp_path / "a").rglob("*.png"):
        file.unlink()
    assert "no image is in it" in reason_of(tmp_path)


def test_damaged_files_and_flat_images(tmp_path: Path) -> None:
    _patient(tmp_path / "a")
    file = tmp_path / "a/images/IM2.png"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert "IM2.png: it is damaged" in reason_of(tmp_path)
    for path in (tmp_path / "a/images").iterdir():
        save_slice(path, np.full(_SHAPE[1:], 3, np.uint8))
    assert "no contrast" in reason_of(tmp_path)


def test_several_pages_in_a_file(tmp_path: Path) -> None:
    _patient(tmp_path / "a", "tif")
    save_slice(tmp_path / "a/images/IM2.tif", np.zeros((3, *_SHAPE[1:]), np.uint8))
    assert "IM2.tif: it has 3 pages" in reason_of(tmp_path)


def test_files_beside_the_folders_of_patients_are_told_of(tmp_path: Path) -> None:
    _patient(tmp_path / "a")
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden.png").touch()
    assert [type(entry) for entry in slice_cases(tmp_path, STACK)] == [SourceCase]
    for name in ("Doe 1.png", "Doe 2.DCM"):
        (tmp_path / name).touch()
    loose, case = slice_cases(tmp_path, STACK)
    assert isinstance(loose, Rejected)
    assert loose.fault
    assert "2 files lie beside the folders of the patients" in loose.reason
    assert "Doe" not in str(loose)
    assert case.name == "p001"


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _patient(tmp_path / "Doe 1")
    _patient(tmp_path / "Doe 2")
    real = Path.iterdir

    def locked(path: Path) -> Any:  # noqa: ANN401
        if path.name == "images" and path.parent.name == "Doe 1":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", locked)
    closed, taken = survey(slice_cases(tmp_path, STACK), LABELS)
    assert isinstance(closed, Rejected)
    assert (closed.name, closed.fault) == ("p001", True)
    assert closed.reason == "it cannot be read (Permission denied)."
    assert (type(taken), taken.name) == (Examined, "p002")


def test_a_source_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path: Path) -> Any:  # noqa: ANN401
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", locked)
    with pytest.raises(OSError, match="it cannot be read") as caught:
        slice_cases(tmp_path / "..", STACK)
    assert str(tmp_path.parent) not in str(caught.value)


def test_spacing_out_of_range_and_no_folders(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected 0\.01 to 100 mm"):
        replace(STACK, spacing_mm=(0.0, 1.0, 1.0))
    for source in (tmp_path, tmp_path / "none"):
        with pytest.raises(FileNotFoundError, match="one folder a patient"):
            slice_cases(source, STACK)


@pytest.mark.parametrize("other", ["__MACOSX", "@eaDir", "$Recycle.Bin", "lost+found"])
def test_folders_of_systems_are_no_patients(tmp_path: Path, other: str) -> None:
    _patient(tmp_path / "a")
    (tmp_path / other).mkdir()
    assert [type(entry) for entry in slice_cases(tmp_path, STACK)] == [SourceCase]
