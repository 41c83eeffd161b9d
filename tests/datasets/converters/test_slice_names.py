"""What the numbers in the names of slices tell of their order."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from shoulderseg.datasets.converters.slice_names import pair_slices


def _touch(folder: Path, stems: list[str], suffix: str = "png") -> Path:
    for kind in ("images", "masks"):
        (folder / kind).mkdir(exist_ok=True)
        for stem in stems:
            (folder / kind / f"{stem}.{suffix}").touch()
    return folder


def _order(folder: Path) -> list[str]:
    return [pair.image.stem for pair in pair_slices(folder)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([f"IM-0001-{number:04d}" for number in range(1, 5)], ["IM-0002-0001", "IM-0002-0002"]),
        ([f"a{number}" for number in range(1, 21)], [f"b{number}" for number in range(1, 21)]),
        (["a1", "a2", "a3"], ["scan_1_1", "scan_2_1"]),
        (["b1", "b2"], ["1", "2", "3"]),
    ],
)
def test_two_series_in_one_folder(tmp_path: Path, first: list[str], second: list[str]) -> None:
    begins = f"two runs of numbers .* begin again between {first[-1]} and {second[0]}"
    with pytest.raises(ValueError, match=begins):
        pair_slices(_touch(tmp_path, first + second))


@pytest.mark.parametrize(
    "stems",
    [
        [f"{number}" for number in range(9, 12)],
        [f"IM-0001-{number:04d}" for number in range(1, 4)],
        # A number and a time, in either order.
        [f"IM{number}_{120000 + 7 * number**2}" for number in range(1, 5)],
        [f"{120000 + 7 * number**2}_IM{number}" for number in range(1, 5)],
        # A number and a place in mm, rounded or not.
        ["s1_z10", "s2_z13", "s3_z17", "s4_z20"],
        ["s1_z10.5", "s2_z11.0", "s3_z11.5", "s4_z12.0"],
        ["z10", "z10.5", "z11", "z11.5"],
        ["z10.0", "z10.5", "z11.0", "z11.5"],
        ["z0.0", "z3.3", "z6.6", "z9.9", "z13.2"],
        ["z0.0", "z1.3", "z2.7", "z4.0"],
        # A clock's time.
        ["10_30_58", "10_30_59", "10_31_00"],
        ["1.2.840.9", "1.2.840.10", "1.2.840.11"],
        [f"1.{number}" for number in range(1, 12)],
        ["feet", "head"],
        ["IM1", "IM2", "IM3_again", "IM4"],
    ],
)
def test_one_series(tmp_path: Path, stems: list[str]) -> None:
    assert sorted(_order(_touch(tmp_path, stems))) == sorted(stems)


@pytest.mark.parametrize(
    "stems",
    [
        [f"IM{number:02X}" for number in range(20)],
        [f"IM_{number:x}" for number in range(1, 20)],
        [f"{number:04X}_mr" for number in range(0x9D, 0xB3, 3)],
        ["z9.75", "z10", "z10.25", "z10.5", "z11"],
    ],
)
def test_numbers_that_are_not_whole_or_not_decimal(tmp_path: Path, stems: list[str]) -> None:
    assert _order(_touch(tmp_path, stems)) == stems


@pytest.mark.parametrize(
    ("stems", "expected"),
    [
        (["z-7", "z-4", "z-1", "z2", "z5"], "z-1 has a minus .* and z2 has none"),
        (["-1", "0", "1"], "-1 has a minus"),
        # A slice of hexadecimal numbers is missing.
        ([f"IM{number:02X}" for number in range(20) if number != 8], "named in different ways"),
        (["scout", "s1", "s2"], "s2 and scout are named in different ways"),
        (["IM1", "IM2", "IM2b", "IM3"], "IM2 and IM2b are named in different ways"),
    ],
)
def test_names_that_tell_no_order(tmp_path: Path, stems: list[str], expected: str) -> None:
    with pytest.raises(ValueError, match=f"{expected}(.|\n)*Rename the files 001, 002"):
        pair_slices(_touch(tmp_path, stems))


def test_a_gap_in_names_of_several_numbers(tmp_path: Path) -> None:
    stems = [f"{120000 + 7 * number**2}_IM{number}" for number in (1, 2, 4)]
    with pytest.raises(ValueError, match="between 120028_IM2 and 120112_IM4 a slice is missing"):
        pair_slices(_touch(tmp_path, stems))


def test_names_of_dicom_need_no_order_of_their_own(tmp_path: Path) -> None:
    """Archives call files by UIDs; where they lie is checked when they are read."""
    stems = ["1.2.10.7", "1.2.11.3", "1.2.15.9"]
    assert _order(_touch(tmp_path, stems, "dcm")) == stems


def test_names_meet_whatever_the_capitals_and_the_form_of_accents(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "ü") for form in ("NFC", "NFD"))
    _touch(tmp_path, [])
    for number in (1, 2):
        (tmp_path / f"images/{composed}{number}.png").touch()
        (tmp_path / f"masks/{apart.upper()}{number}.png").touch()
    assert _order(tmp_path) == [f"{composed}1", f"{composed}2"]
    (tmp_path / f"images/{apart}2.tif").touch()
    with pytest.raises(ValueError, match="have the same name"):
        pair_slices(tmp_path)
