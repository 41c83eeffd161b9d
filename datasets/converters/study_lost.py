"""Series of an examination of which every file is refused: nothing is left to compare a mask with.

A mask that was drawn on one of them may have the grid of another series.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoulderseg.datasets.converters.study_fault import cannot_be_opened
from shoulderseg.datasets.converters.study_grid import may_be_drawn_on
from shoulderseg.datasets.dicom.enhanced import flat_frames, is_enhanced
from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.header import SliceHeader
from shoulderseg.datasets.dicom.header_checks import (
    HeaderError,
    NotAnImageError,
    header_errors,
    perpendicular_axes,
    read_geometry,
    read_matrix,
)
from shoulderseg.datasets.dicom.pixel_claims import check_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pydicom import Dataset

    from shoulderseg.datasets.dicom.folder import FileFinding
    from shoulderseg.datasets.dicom.verdict import Series
    from shoulderseg.datasets.volume import Volume

# As for the slices of a series.
_AXES_TOLERANCE = 1e-2


@dataclass(frozen=True)
class LostSeries:
    """Files of one series, or of one that is not known, that are all refused.

    Attributes:
        name: What messages call them; nothing of their headers.
        placed: Where the images lie whose headers still tell it.
        matrices: Rows and columns of the other images; empty where that is not known either.
        reason: Why the first file is refused.
    """

    name: str
    placed: tuple[SliceHeader, ...]
    matrices: tuple[tuple[int, ...], ...]
    reason: str

    def may_hold(self, mask: Volume) -> bool:
        """Tells whether a mask may have been drawn on it.

        Args:
            mask: As it lies in its file.
        """
        if self.placed and may_be_drawn_on(mask, self.placed):
            return True
        return any(_is_part(matrix, mask.array.shape) for matrix in self.matrices)


@dataclass(frozen=True)
class _Facts:
    """What is left of a refused file."""

    series: str
    placed: tuple[SliceHeader, ...] = ()
    matrix: tuple[int, ...] = ()


def find_lost(files: Iterable[FileFinding], series: Iterable[Series]) -> list[LostSeries]:
    """Lists the series of a patient that are known from refused files alone.

    A file of a series that is here counts there. So does one that tells nothing and lies beside
    slices: their series is refused for it. Derived maps in colour, and derived images without a
    place, are nothing that masks are drawn on.

    Args:
        files: Of the patient's folder; those that are not refused do not count.
        series: All of the patient, whatever their verdict.
    """
    folders: set[Path] = set()
    above: set[Path] = set()
    here: set[str] = set()
    for entry in series:
        own = {header.path.parent for header in entry.slices}
        # Some archives give each slice a folder of its own.
        folders |= own
        above |= {folder.parent for folder in own if len(own) > 1}
        here |= {header.text("SeriesInstanceUID") for header in entry.slices} - {""}
    found: dict[str, list[tuple[_Facts, str]]] = defaultdict(list)
    for file in files:
        if not file.refused or cannot_be_opened(file.path):
            continue
        facts = _read_facts(file)
        if facts is None or facts.series in here:
            continue
        folder = file.path.parent
        beside = folder in folders or folder.parent in above
        if facts.placed or facts.series or not beside:
            found[facts.series].append((facts, file.reason))
    return [_lost(entries) for _, entries in sorted(found.items())]


def _lost(entries: list[tuple[_Facts, str]]) -> LostSeries:
    count = len(entries)
    return LostSeries(
        f"{count} DICOM file{'s' * (count != 1)} of another series",
        tuple(header for facts, _ in entries for header in facts.placed),
        tuple(facts.matrix for facts, _ in entries if not facts.placed),
        entries[0][1],
    )


def _read_facts(file: FileFinding) -> _Facts | None:
    """What a refused file still tells; None if masks are drawn on no such image."""
    try:
        with header_errors():
            dataset = read_dataset(file.path)
            series = str(dataset.get("SeriesInstanceUID") or "").strip(" \0")
    except (HeaderError, OSError):
        return _Facts("")
    try:
        with header_errors():
            check_kind(dataset)
    except NotAnImageError:
        return None
    except HeaderError:
        return _Facts(series)
    placed = tuple(_placed(file, dataset))
    if _is_derived(dataset) and (not placed or _is_coloured(dataset)):
        return None
    return _Facts(series, placed, () if placed else _matrix(dataset))


def _placed(file: FileFinding, dataset: Dataset) -> Iterator[SliceHeader]:
    """The place of each image of a file, as far as they are sound."""
    try:
        with header_errors():
            frames = list(flat_frames(dataset)) if is_enhanced(dataset) else [dataset]
            for frame in frames:
                spacing_mm, position_mm, axes = read_geometry(frame, _AXES_TOLERANCE)
                shape, axes = read_matrix(dataset), perpendicular_axes(axes)
                yield SliceHeader(file.path, {}, shape, spacing_mm, position_mm, axes)
    except HeaderError:
        return


def _matrix(dataset: Dataset) -> tuple[int, ...]:
    try:
        with header_errors():
            return read_matrix(dataset)
    except HeaderError:
        return ()


def _is_derived(dataset: Dataset) -> bool:
    try:
        with header_errors():
            return "DERIVED" in str(dataset.get("ImageType") or "").upper()
    except HeaderError:
        return False


def _is_coloured(dataset: Dataset) -> bool:
    try:
        with header_errors():
            meaning = str(dataset.get("PhotometricInterpretation") or "MONOCHROME2")
    except HeaderError:
        return False
    return not meaning.strip().startswith("MONOCHROME")


def _is_part(matrix: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether a mask may have slices of this matrix, across whichever of its axes."""
    left = list(shape)
    for size in matrix:
        if size not in left:
            return False
        left.remove(size)
    return True
