"""Samples of a TIFF file of one page, with all their bits."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt
    import tifffile

_DAMAGED = (
    "it is damaged, cut off or of an unsupported kind ({reason}), expected a grey TIFF file. "
    "Save it again as 8-bit or 16-bit grey."
)
_REDUCED = 1
_MOST_PAGES = 100_000
_GREY, _INVERTED, _RGB, _PALETTE, _YCBCR = 1, 0, 2, 3, 6
_OPACITY = (1, 2)
# JPEG, JPEG XR, LERC, JPEG 2000, WebP, JPEG XL: all may be lossy.
_LOSSY = frozenset(
    {6, 7, 22610, 33003, 33004, 33005, 34712, 34887, 34892, 34927, 34934, 50001, 50002, 52546}
)
_NO_DATA = 42113
_IMAGEJ_IMAGES = re.compile(r"^images=(\d+)", re.MULTILINE)


def read_tiff(path: Path, max_pixels: int) -> Samples:
    """Reads a TIFF file as it is stored.

    Strips and tiles, planes and pixels, 1 to 64 bits, BigTIFF and all that imagecodecs decompresses
    are read. Reduced copies (thumbnails) are left out. Where small values are bright, they are
    turned round, as those of DICOM MONOCHROME1.

    Args:
        path: The file.
        max_pixels: Largest number of pixels accepted.

    Returns:
        The samples.

    Raises:
        ValueError: With the reason, if the file is damaged, of several pages, too large or means
            something else than grey values or colours.
        OSError: If the file cannot be opened.
    """
    import tifffile

    with _quiet():
        try:
            # No OME: its description may name other files, which are then opened.
            with tifffile.TiffFile(path, is_ome=False) as file:
                page = _only_page(file)
                _check_claims(page, max_pixels)
                _check_segments(page, path.stat().st_size)
                return _samples(page)
        except (_RefusedError, OSError):
            raise
        except Exception as error:  # decoders raise whatever damage makes them raise
            raise ValueError(_DAMAGED.format(reason=type(error).__name__)) from None


class _RefusedError(ValueError):
    """A file that is whole and cannot be taken."""


def _only_page(file: tifffile.TiffFile) -> tifffile.TiffPage:
    import tifffile

    pages: list[tifffile.TiffPage] = []
    places: set[int] = set()
    for entry in file.pages:
        # A damaged directory may lead back to itself, for ever.
        if entry.offset in places or len(pages) == _MOST_PAGES:
            raise _RefusedError(_DAMAGED.format(reason="its directories have no end"))
        places.add(entry.offset)
        pages.append(entry.aspage())
    if pages and all(int(page.subfiletype) & _REDUCED for page in pages):
        msg = "it holds a thumbnail alone where its picture is expected. Save it again."
        raise _RefusedError(msg)
    full = [page for page in pages if not int(page.subfiletype) & _REDUCED]
    count = len(full)
    if file.is_imagej and count == 1:
        told = _IMAGEJ_IMAGES.search(full[0].description)
        count = int(told[1]) if told else 1
    if count != 1:
        msg = f"it has {count} pages, expected one slice a file. Save them one by one."
        raise _RefusedError(msg)
    page = full[0]
    if not isinstance(page, tifffile.TiffPage):
        msg = "no page"
        raise TypeError(msg)
    return page


def _check_claims(page: tifffile.TiffPage, max_pixels: int) -> None:
    if page.imagedepth != 1:
        msg = f"it has {page.imagedepth} slices, expected one slice a file. Save them one by one."
        raise _RefusedError(msg)
    if not 0 < page.imagelength * page.imagewidth <= max_pixels:
        sizes = f"{page.imagelength} x {page.imagewidth}"
        msg = f"its header claims {sizes} pixels, expected 1 to {max_pixels}."
        raise _RefusedError(msg)
    if page.photometric not in (_GREY, _INVERTED, _RGB, _PALETTE, _YCBCR):
        kind = getattr(page.photometric, "name", str(page.photometric))
        msg = f"its photometric interpretation is {kind}, expected grey. Save it as grey."
        raise _RefusedError(msg)
    if page.subifds:
        msg = "it holds further pictures (SubIFDs), expected one slice a file. Save it alone."
        raise _RefusedError(msg)
    if page.dtype is None or page.dtype.kind not in "buif":
        msg = "its samples are no real numbers, expected one grey value a pixel."
        raise _RefusedError(msg)


def _check_segments(page: tifffile.TiffPage, file_bytes: int) -> None:
    """Looks for strips and tiles that are not there: the decoder puts zeros in their place."""
    ends = np.add(page.dataoffsets, page.databytecounts, dtype=np.float64)
    whole = len(ends) >= int(np.prod(page.chunked)) and len(ends) == len(page.dataoffsets)
    if not whole or min(page.databytecounts) <= 0 or ends.max() > file_bytes:
        msg = _DAMAGED.format(reason="parts of its pixels are not in the file")
        raise _RefusedError(msg)
    if page.compression != 1:
        return
    bits = float(np.prod(page.shape)) * page.bitspersample
    if sum(page.databytecounts) * 8.0 < bits:
        msg = _DAMAGED.format(reason="it holds fewer bytes than its sizes need")
        raise _RefusedError(msg)


def _samples(page: tifffile.TiffPage) -> Samples:
    array: npt.NDArray[Any] = page.asarray()
    _check_no_data(page, array)
    if page.planarconfig == 2 and array.ndim == 3:
        array = np.moveaxis(array, 0, -1)
    orientation = page.tags.valueof(274, default=1)
    extra = [int(kind) for kind in page.extrasamples]
    meaning = ""
    if page.photometric == _PALETTE:
        colours = np.asarray(page.colormap)
        array, meaning = np.moveaxis(colours[:, array], 0, -1), "palette"
    elif page.photometric == _INVERTED:
        meaning = "inverted"
        if extra and array.ndim == 3:
            # What is behind the grey values (opacity) stays as it is.
            array = array.copy()
            array[..., 0] = _turned_round(array[..., 0], page.bitspersample)
        else:
            array = _turned_round(array, page.bitspersample)
    return Samples(
        array.astype(np.uint8) if array.dtype == np.bool_ else array,
        opacity=bool(extra) and extra[-1] in _OPACITY,
        orientation=int(orientation),
        meaning=meaning,
        lossy=int(page.compression) in _LOSSY,
    )


def _check_no_data(page: tifffile.TiffPage, array: npt.NDArray[Any]) -> None:
    """Refuses pixels that the file itself declares to hold nothing (a tag of GDAL)."""
    told = str(page.tags.valueof(_NO_DATA, default="")).strip("\0 ")
    try:
        nothing = float(told)
    except ValueError:
        return
    count = int(np.count_nonzero(array == nothing))
    if count:
        msg = f"it declares the value {told} as no data, and {count} pixels hold it. Fill them."
        raise _RefusedError(msg)


def _turned_round(array: npt.NDArray[Any], bits: int) -> npt.NDArray[Any]:
    if array.dtype.kind == "f":
        msg = (
            "small values are bright in it (min-is-white), and no largest value is known for "
            "numbers with a fraction. Save it as min-is-black."
        )
        raise _RefusedError(msg)
    if array.dtype.kind == "u":
        turned: npt.NDArray[Any] = np.full_like(array, (1 << bits) - 1) - array
        return turned
    inverted: npt.NDArray[Any] = np.invert(array)
    return inverted


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the decoder's remarks, which quote the file, off the terminal."""
    log = logging.getLogger("tifffile")
    disabled, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = disabled
