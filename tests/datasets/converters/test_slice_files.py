"""What 2D image files store is what comes out, or the file is refused by name."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile

from shoulderseg.datasets.converters.slice_file import read_mask, read_slice
from shoulderseg.datasets.errors import UnreadableVolumeError
from tests.datasets.converters.png_bytes import png_bytes
from tests.datasets.converters.slice_folders import refusal

_GREY = np.random.default_rng(3).integers(0, 4096, (21, 34)).astype(np.uint16)


@pytest.mark.parametrize(
    "options",
    [
        {"tile": (16, 16)},
        {"tile": (16, 16), "compression": "zlib", "predictor": True},
        {"rowsperstrip": 4, "compression": "lzw"},
        {"bigtiff": True},
        {"byteorder": ">", "rowsperstrip": 5},
        {"bigtiff": True, "tile": (32, 16), "byteorder": ">", "compression": "zstd"},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.uint32, np.float32, np.float64])
def test_tiff_of_every_layout(tmp_path: Path, options: dict[str, Any], kind: type) -> None:
    drawn: npt.NDArray[Any] = (_GREY % 251 if kind == np.uint8 else _GREY).astype(kind)
    if np.issubdtype(kind, np.signedinteger):
        drawn -= 2000
    tifffile.imwrite(tmp_path / "a.tif", drawn, photometric="minisblack", **options)
    array, place = read_slice(tmp_path / "a.tif")
    np.testing.assert_array_equal(array, drawn.astype(np.float32))
    assert array.dtype == np.float32
    assert place is None


@pytest.mark.parametrize("bits", [1, 2, 4, 12])
def test_tiff_of_odd_bits(tmp_path: Path, bits: int) -> None:
    drawn = _GREY % (1 << bits)
    packed = [
        np.packbits((row[:, None] >> np.arange(bits)[::-1] & 1).astype(np.uint8)) for row in drawn
    ]
    _write_tiff(tmp_path / "a.tif", b"".join(row.tobytes() for row in packed), bits)
    np.testing.assert_array_equal(read_slice(tmp_path / "a.tif")[0], drawn)


def _write_tiff(path: Path, pixels: bytes, bits: int, photometric: int = 1) -> None:
    """A little-endian TIFF of one strip, entry by entry."""
    entries = [
        (256, 3, _GREY.shape[1]),
        (257, 3, _GREY.shape[0]),
        (258, 3, bits),
        (259, 3, 1),
        (262, 3, photometric),
        (273, 4, 8),
        (277, 3, 1),
        (278, 3, _GREY.shape[0]),
        (279, 4, len(pixels)),
    ]
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    start = 8 + len(pixels) + len(pixels) % 2
    head = struct.pack("<2sHI", b"II", 42, start)
    tail = struct.pack("<H", len(entries)) + table + struct.pack("<I", 0)
    path.write_bytes(head + pixels + b"\0" * (len(pixels) % 2) + tail)


@pytest.mark.parametrize(("kind", "top"), [(np.uint8, 255), (np.uint16, 65535), (np.int16, -1)])
def test_small_values_that_are_bright_are_turned_round(
    tmp_path: Path, kind: type, top: int
) -> None:
    drawn: npt.NDArray[Any] = (_GREY % 200).astype(kind)
    tifffile.imwrite(tmp_path / "a.tif", drawn, photometric="miniswhite")
    np.testing.assert_array_equal(read_slice(tmp_path / "a.tif")[0], top - drawn.astype(np.int32))
    with pytest.raises(UnreadableVolumeError, match="stored or the displayed values"):
        read_mask(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", drawn.astype(np.float32), photometric="miniswhite")
    assert "no largest value" in refusal(tmp_path / "b.tif")


@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (1, [[1, 2, 3], [4, 5, 6]]),
        (2, [[3, 2, 1], [6, 5, 4]]),
        (3, [[6, 5, 4], [3, 2, 1]]),
        (4, [[4, 5, 6], [1, 2, 3]]),
        (5, [[1, 4], [2, 5], [3, 6]]),
        (6, [[3, 6], [2, 5], [1, 4]]),
        (7, [[6, 3], [5, 2], [4, 1]]),
        (8, [[4, 1], [5, 2], [6, 3]]),
    ],
)
def test_the_eight_orientations(tmp_path: Path, orientation: int, stored: list[list[int]]) -> None:
    """Where the first stored row and column lie, on paper after TIFF 6.0: 6 is right and top."""
    upright = [[1, 2, 3], [4, 5, 6]]
    file = tmp_path / "a.tif"
    tifffile.imwrite(
        file, np.array(stored, np.uint16), extratags=[(274, "H", 1, orientation, True)]
    )
    assert read_slice(file)[0].tolist() == upright
    assert read_mask(file)[0].tolist() == upright
    exif = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHHI", 274, 3, 1, orientation, 0, 0)
    file = tmp_path / "a.png"
    file.write_bytes(png_bytes(np.array(stored), 8, 0, ((b"eXIf", exif),)))
    assert read_slice(file)[0].tolist() == upright
    assert read_mask(file)[0].tolist() == upright


def test_an_orientation_that_is_none(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", _GREY, extratags=[(274, "H", 1, 9, True)])
    assert "orientation is 9" in refusal(tmp_path / "a.tif")


def test_pages_stacks_and_thumbnails(tmp_path: Path) -> None:
    many = np.stack([_GREY] * 3)
    tifffile.imwrite(tmp_path / "a.tif", many, photometric="minisblack")
    assert "it has 3 pages" in refusal(tmp_path / "a.tif")
    # ImageJ writes one directory for a large stack; the count stands in the description.
    told = "ImageJ=1.54f\nimages=3\nslices=3\n"
    tifffile.imwrite(tmp_path / "b.tif", _GREY, description=told, metadata=None)
    assert "it has 3 pages" in refusal(tmp_path / "b.tif")
    with tifffile.TiffWriter(tmp_path / "c.tif") as file:
        file.write(many, volumetric=True, tile=(16, 32, 48), photometric="minisblack")
    assert "it has 3 slices" in refusal(tmp_path / "c.tif")
    with tifffile.TiffWriter(tmp_path / "d.tif") as file:
        file.write(_GREY)
        file.write(_GREY[::2, ::2], subfiletype=1)
    np.testing.assert_array_equal(read_slice(tmp_path / "d.tif")[0], _GREY)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_channels_of_tiff(tmp_path: Path, planar: str) -> None:
    def write(*channels: npt.NDArray[np.uint16], **options: Any) -> Path:  # noqa: ANN401
        axis = 0 if planar == "separate" else -1
        pixels = np.stack(channels, axis=axis)
        tifffile.imwrite(tmp_path / "a.tif", pixels, planarconfig=planar, **options)
        return tmp_path / "a.tif"

    full, half = np.full_like(_GREY, 65535), np.full_like(_GREY, 65534)
    alike = write(_GREY, _GREY, _GREY, photometric="rgb")
    np.testing.assert_array_equal(read_slice(alike)[0], _GREY)
    opaque = write(_GREY, _GREY, _GREY, full, photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(read_slice(opaque)[0], _GREY)
    grey = write(_GREY, full, photometric="minisblack", extrasamples=["assocalpha"])
    np.testing.assert_array_equal(read_slice(grey)[0], _GREY)
    clear = write(_GREY, half, photometric="minisblack", extrasamples=["unassalpha"])
    assert "transparent" in refusal(clear)
    assert "in colour" in refusal(write(_GREY, _GREY, _GREY + 1, photometric="rgb"))
    spare = write(_GREY, full, photometric="minisblack", extrasamples=["unspecified"])
    assert "2 channels" in refusal(spare)


def test_a_palette_of_greys_is_grey_and_no_mask(tmp_path: Path) -> None:
    numbers = (_GREY % 7).astype(np.uint8)
    greys = np.stack([np.arange(256, dtype=np.uint16)[::-1] * 257] * 3)
    tifffile.imwrite(tmp_path / "a.tif", numbers, photometric="palette", colormap=greys)
    np.testing.assert_array_equal(read_slice(tmp_path / "a.tif")[0], greys[0][numbers])
    palette = np.repeat(np.arange(7, dtype=np.uint8)[::-1] * 30, 3).tobytes()
    (tmp_path / "a.png").write_bytes(png_bytes(numbers, 8, 3, ((b"PLTE", palette),)))
    np.testing.assert_array_equal(read_slice(tmp_path / "a.png")[0], (6 - numbers) * 30)
    for name in ("a.tif", "a.png"):
        with pytest.raises(UnreadableVolumeError, match="palette"):
            read_mask(tmp_path / name)
    colours = bytes(range(21))
    (tmp_path / "b.png").write_bytes(png_bytes(numbers, 8, 3, ((b"PLTE", colours),)))
    assert "in colour (a palette of colours" in refusal(tmp_path / "b.png")


@pytest.mark.parametrize("photometric", [4, 5, 8, 32803, 51177])
def test_tiff_that_means_something_else(tmp_path: Path, photometric: int) -> None:
    _write_tiff(tmp_path / "a.tif", _GREY.tobytes(), 16, photometric)
    assert "photometric interpretation" in refusal(tmp_path / "a.tif")


def test_complex_numbers(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", _GREY.astype(np.complex64))
    assert "no real numbers" in refusal(tmp_path / "a.tif")


@pytest.mark.parametrize("options", [{}, {"tile": (16, 16)}, {"compression": "zlib"}], ids=str)
def test_a_tiff_cut_off_anywhere_is_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, _GREY, **options)
    whole = file.read_bytes()
    for length in range(4, len(whole) - 1, 97):
        file.write_bytes(whole[:length])
        assert "damaged" in refusal(file), length


def test_tiles_that_are_not_there(tmp_path: Path) -> None:
    """A sparse file: the decoder would put zeros in their place."""
    tiles = iter([b"x" * 512] * 9)
    tifffile.imwrite(tmp_path / "a.tif", tiles, shape=(40, 40), dtype=np.uint16, tile=(16, 16))
    whole = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        tag = file.pages.first.tags["TileByteCounts"]
    struct.pack_into("<H" if tag.dtype == 3 else "<I", whole, tag.valueoffset, 0)
    (tmp_path / "b.tif").write_bytes(whole)
    assert "parts of its pixels are not in the file" in refusal(tmp_path / "b.tif")


def test_a_directory_that_leads_back_to_itself(tmp_path: Path) -> None:
    _write_tiff(tmp_path / "a.tif", _GREY.tobytes(), 16)
    content = (tmp_path / "a.tif").read_bytes()
    start = content[4:8]
    (tmp_path / "a.tif").write_bytes(content[:-4] + start)
    assert "damaged" in refusal(tmp_path / "a.tif")


def test_a_tiff_that_names_other_files_opens_none(tmp_path: Path) -> None:
    other = '<OME><Image><Pixels Type="uint16" SizeX="34" SizeY="21" SizeZ="9"/></Image></OME>'
    tifffile.imwrite(tmp_path / "a.tif", _GREY, description=other, metadata=None)
    np.testing.assert_array_equal(read_slice(tmp_path / "a.tif")[0], _GREY)


def test_a_header_that_claims_too_much(tmp_path: Path) -> None:
    whole = bytearray(png_bytes(_GREY, 16, 0))
    struct.pack_into(">II", whole, 16, 1 << 20, 1 << 20)
    (tmp_path / "a.png").write_bytes(whole)
    assert "pixels, expected 1 to" in refusal(tmp_path / "a.png")
    _write_tiff(tmp_path / "a.tif", b"12", 16)
    whole = bytearray((tmp_path / "a.tif").read_bytes())
    struct.pack_into("<HHII", whole, 12, 256, 4, 1, 1 << 28)
    struct.pack_into("<HHII", whole, 24, 257, 4, 1, 1 << 28)
    (tmp_path / "a.tif").write_bytes(whole)
    assert "pixels, expected 1 to" in refusal(tmp_path / "a.tif")
