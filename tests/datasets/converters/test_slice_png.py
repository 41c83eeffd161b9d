"""PNG slices keep all their bits."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.converters.slice_file import read_mask, read_slice
from tests.datasets.converters.png_bytes import png_bytes
from tests.datasets.converters.slice_folders import refusal

_GREY = np.random.default_rng(3).integers(0, 4096, (21, 34)).astype(np.uint16)


@given(st.sampled_from([1, 2, 4, 8, 16]), st.data())
def test_png_keeps_the_numbers_of_every_depth(
    tmp_path_factory: pytest.TempPathFactory, depth: int, data: st.DataObject
) -> None:
    values = st.integers(0, (1 << depth) - 1)
    rows = data.draw(st.lists(st.lists(values, min_size=5, max_size=5), min_size=1, max_size=4))
    significant = bytes([data.draw(st.integers(1, depth))])
    file = tmp_path_factory.mktemp("png") / "a.png"
    file.write_bytes(png_bytes(np.array(rows), depth, 0, ((b"sBIT", significant),)))
    assert read_slice(file)[0].tolist() == rows
    assert read_mask(file)[0].tolist() == rows


def test_png_of_16_bits_beside_opacity(tmp_path: Path) -> None:
    file, full = tmp_path / "a.png", np.full_like(_GREY, 65535)
    file.write_bytes(png_bytes(np.stack([_GREY, full], axis=-1), 16, 4))
    np.testing.assert_array_equal(read_slice(file)[0], _GREY)
    file.write_bytes(png_bytes(np.stack([_GREY] * 3 + [full], axis=-1), 16, 6))
    np.testing.assert_array_equal(read_slice(file)[0], _GREY)
    file.write_bytes(png_bytes(np.stack([_GREY, full - 1], axis=-1), 16, 4))
    assert "transparent" in refusal(file)
    # One grey value is declared transparent; it matters only where a pixel has it.
    file.write_bytes(png_bytes(_GREY, 16, 0, ((b"tRNS", struct.pack(">H", 5000)),)))
    np.testing.assert_array_equal(read_slice(file)[0], _GREY)
    file.write_bytes(png_bytes(_GREY, 16, 0, ((b"tRNS", struct.pack(">H", int(_GREY[3, 4]))),)))
    assert "transparent" in refusal(file)


def test_png_that_is_animated_or_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(png_bytes(_GREY, 16, 0, ((b"acTL", struct.pack(">II", 2, 0)),)))
    assert "animated" in refusal(file)
    whole = png_bytes(_GREY, 16, 0)
    for length in range(0, len(whole) - 30, 61):
        file.write_bytes(whole[:length])
        assert "damaged" in refusal(file), length
