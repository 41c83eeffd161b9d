"""Slices whose stored values are not what was drawn, or say so themselves."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from shoulderseg.datasets.converters.slice_file import read_mask, read_slice
from shoulderseg.datasets.errors import UnreadableVolumeError
from tests.datasets.converters.png_bytes import png_bytes
from tests.datasets.converters.slice_folders import refusal

_GREY = np.random.default_rng(3).integers(0, 4096, (21, 34)).astype(np.uint16)


@pytest.mark.parametrize("compression", ["jpeg", "jpeg2000", "webp", "jpegxl"])
def test_a_mask_packed_with_loss_is_refused(tmp_path: Path, compression: str) -> None:
    mask = (_GREY % 3).astype(np.uint8)
    if compression == "webp":
        mask = np.stack([mask] * 3, axis=-1)
    tifffile.imwrite(tmp_path / "a.tif", mask, compression=compression)
    assert read_slice(tmp_path / "a.tif")[0].shape == _GREY.shape
    with pytest.raises(UnreadableVolumeError, match="changes values at edges"):
        read_mask(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("kind", "offset"), [("u4", 2**31), ("i4", -(2**30)), ("u8", 2**40), ("f8", 1e12)]
)
def test_a_small_contrast_on_a_large_number_is_refused(
    tmp_path: Path, kind: str, offset: float
) -> None:
    drawn = _GREY.astype(kind) + np.array(offset).astype(kind)
    tifffile.imwrite(tmp_path / "a.tif", drawn)
    assert "differ too little for 32-bit numbers" in refusal(tmp_path / "a.tif")
    assert np.array_equal(read_mask(_saved(tmp_path / "m.tif", _GREY.astype(kind)))[0], _GREY)
    np.testing.assert_array_equal(read_slice(tmp_path / "m.tif")[0], _GREY)


def _saved(path: Path, array: np.ndarray[Any, Any], **options: Any) -> Path:  # noqa: ANN401
    tifffile.imwrite(path, array, **options)
    return path


def test_values_too_large_for_32_bits(tmp_path: Path) -> None:
    drawn = _GREY.astype(np.float64)
    drawn[3, 4] = 1e300
    assert "go up to 1e+300" in refusal(_saved(tmp_path / "a.tif", drawn))


def test_opacity_is_not_turned_round_with_the_grey_values(tmp_path: Path) -> None:
    full, clear = np.full_like(_GREY, 65535), np.zeros_like(_GREY)
    options = {"photometric": "miniswhite", "extrasamples": ["unassalpha"]}
    opaque = _saved(tmp_path / "a.tif", np.stack([_GREY, full], axis=-1), **options)
    np.testing.assert_array_equal(read_slice(opaque)[0], 65535 - _GREY.astype(np.int32))
    hidden = _saved(tmp_path / "b.tif", np.stack([_GREY, clear], axis=-1), **options)
    assert "transparent" in refusal(hidden)


def test_pictures_inside_a_page_and_thumbnails_alone(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(_GREY[::2, ::2], subifds=1)
        file.write(_GREY)
    assert "SubIFDs" in refusal(tmp_path / "a.tif")
    assert "thumbnail" in refusal(_saved(tmp_path / "b.tif", _GREY, subfiletype=1))


def test_values_that_the_file_declares_to_be_nothing(tmp_path: Path) -> None:
    tags = [(42113, "s", 0, "-9999", True)]
    drawn = _GREY.astype(np.int16)
    np.testing.assert_array_equal(
        read_slice(_saved(tmp_path / "a.tif", drawn, extratags=tags))[0], drawn
    )
    drawn[2:4, 5] = -9999
    assert "2 pixels hold it" in refusal(_saved(tmp_path / "b.tif", drawn, extratags=tags))


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_png_of_few_bits_with_a_transparent_value(tmp_path: Path, depth: int) -> None:
    drawn = np.zeros((5, 8), np.uint8)
    drawn[2:] = 1
    path = tmp_path / "a.png"
    for unused in (3, 2) if depth > 1 else ():
        path.write_bytes(png_bytes(drawn, depth, 0, ((b"tRNS", struct.pack(">H", unused)),)))
        np.testing.assert_array_equal(read_mask(path)[0], drawn)
    path.write_bytes(png_bytes(drawn, depth, 0, ((b"tRNS", struct.pack(">H", 1)),)))
    assert "transparent" in refusal(path)
