"""Which slice files belong together, and in which order."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from shoulderseg.datasets.converters.slice_file import SLICE_SUFFIXES
from shoulderseg.datasets.converters.slice_order import read_order, refuse_mixture, refuse_signs
from shoulderseg.datasets.disk_names import as_on_disk
from shoulderseg.datasets.files import DICOM_SUFFIX
from shoulderseg.datasets.unfetched import NOT_FETCHED, is_unfetched

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

MASK_SUFFIX = "_mask"
# A number with one point, such as a place in mm; an identifier has several.
_DECIMAL = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?![\d.])")


class SlicePair(NamedTuple):
    """The image file and the mask file of one slice."""

    image: Path
    mask: Path


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Gives a key that sorts `slice2` before `slice10`, whatever the case of letters.

    Args:
        name: Any text.

    Returns:
        Numbers and texts in turn, the texts in small letters.
    """
    parts = re.split(r"(\d+)", name.lower())
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts if part)


def pair_slices(folder: Path) -> list[SlicePair]:
    """Pairs the images and masks of one patient, in the order of their numbers.

    Either the folder holds `images/` and `masks/` with equal file names before the suffix, or both
    kinds lie in it and a mask is called like its image with `_mask` behind the name.

    Args:
        folder: The patient's folder.

    Returns:
        The pairs in natural order of the image names.

    Raises:
        ValueError: If there are no images, an image or a mask is alone, comes twice or was not
            fetched, or the names tell no order, leave a gap or begin again.
    """
    images, masks = _files(folder)
    if not images:
        msg = (
            f"no image is in it (expected {', '.join(SLICE_SUFFIXES)}, in `images` with masks in "
            f"`masks`, or side by side with masks called NAME{MASK_SUFFIX})."
        )
        raise ValueError(msg)
    image_of, mask_of = _by_stem(images, ""), _by_stem(masks, MASK_SUFFIX)
    alone = sorted(image_of.keys() ^ mask_of.keys(), key=natural_key)
    if alone:
        kind, other = ("image", "mask") if alone[0] in image_of else ("mask", "image")
        name = (image_of.get(alone[0]) or mask_of[alone[0]]).stem.removesuffix(MASK_SUFFIX)
        msg = (
            f"{kind} {name} has no {other} ({len(alone)} files are alone). Add the missing "
            "ones; a slice without bone needs an empty mask."
        )
        raise ValueError(msg)
    # Where files state their place, it is compared with the order once they are read.
    placed = all(file.suffix.lower() == DICOM_SUFFIX for file in image_of.values())
    keys = _in_order(image_of, placed=placed)
    return [SlicePair(image_of[key], mask_of[key]) for key in keys]


def _in_order(image_of: Mapping[str, Path], *, placed: bool) -> list[str]:
    """The keys in the order of the slices; refuses names that tell none."""
    stems = {key: image_of[key].stem for key in image_of}
    found = read_order(list(stems.values()))
    if found:
        return sorted(stems, key=lambda key: found[stems[key]])
    keys = sorted(stems, key=natural_key)
    if not placed:
        refuse_signs(list(stems.values()))
    _check_numbers([stems[key] for key in keys], placed=placed)
    return keys


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    _refuse_unfetched([folder / "images", folder / "masks"])
    if (folder / "images").is_dir():
        masks = folder / "masks"
        return _slices(folder / "images"), _slices(masks) if masks.is_dir() else []
    files = _slices(folder)
    masks_here = [file for file in files if file.stem.endswith(MASK_SUFFIX)]
    return [file for file in files if file not in masks_here], masks_here


def _slices(folder: Path) -> list[Path]:
    named = sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in SLICE_SUFFIXES and not file.name.startswith(".")
    )
    _refuse_unfetched(named)
    return [file for file in named if file.is_file()]


def _refuse_unfetched(paths: Iterable[Path]) -> None:
    for path in paths:
        if is_unfetched(path):
            msg = f"{path.name}: {NOT_FETCHED}"
            raise ValueError(msg)


def _by_stem(files: Iterable[Path], ending: str) -> dict[str, Path]:
    by_stem: dict[str, Path] = {}
    for file in files:
        # A disk that knows no capitals, or another form of accents, may have held one of the two.
        stem = as_on_disk(file.stem.removesuffix(ending))
        if stem in by_stem:
            msg = f"{file.name} and {by_stem[stem].name} have the same name. Remove one."
            raise ValueError(msg)
        by_stem[stem] = file
    return by_stem


def _check_numbers(stems: Sequence[str], *, placed: bool) -> None:
    """Refuses slices without an order, of two series, or with one missing: what is left moves."""
    keys = [natural_key(stem) for stem in stems]
    for before, after, first, second in zip(keys, keys[1:], stems, stems[1:], strict=False):
        if before == after:
            msg = f"{first} and {second} have the same number. Rename one."
            raise ValueError(msg)
    if len({len(key) for key in keys}) == 1:
        columns = [values for values in zip(*keys, strict=True) if len(set(values)) > 1]
        if placed and len(columns) > 1:
            return
        numbered = [_numbers(values) for values in columns if not any(text for _, text in values)]
        # Of several numbers one that counts the slices is enough: others may be times or places.
        counting = [numbers for numbers in numbered if min(_steps(numbers)) > 0]
        if _rise(stems):
            # Places in mm, which were rounded, are not evenly apart.
            return
        # Two series count both from 1; a clock's seconds that begin again need not be the same.
        if numbered and not counting and len(set(numbered[-1])) < len(keys):
            _refuse_restart(stems, numbered[-1])
        if counting and all(len(set(_steps(numbers))) > 1 for numbers in counting):
            _refuse_gap(stems, counting[-1])
        return
    if placed:
        return
    # Names of several kinds: what they have in common is the first number.
    firsts = [
        (stem, number) for stem, key in zip(stems, keys, strict=True) for number in _first(key)
    ]
    numbers = [number for _, number in firsts]
    if min(_steps(numbers), default=0) < 0:
        _refuse_restart([stem for stem, _ in firsts], numbers)
    refuse_mixture(stems, keys)


def _rise(stems: Sequence[str]) -> bool:
    """Whether names have one decimal each, as many digits behind the point, and it rises."""
    found = [_DECIMAL.findall(stem) for stem in stems]
    if any(len(one) != 1 for one in found) or len({len(one[0][1]) for one in found}) > 1:
        return False
    wholes = {one[0][0] for one in found}
    return len(wholes) > 1 and min(_steps([int("".join(one[0])) for one in found])) > 0


def _numbers(values: Iterable[tuple[int, str]]) -> list[int]:
    return [number for number, _ in values]


def _first(key: Iterable[tuple[int, str]]) -> list[int]:
    """The first number of a name; nothing if it has none."""
    return [number for number, text in key if not text][:1]


def _steps(numbers: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise(numbers)]


def _refuse_restart(stems: Sequence[str], numbers: Sequence[int]) -> None:
    steps = _steps(numbers)
    place = steps.index(min(steps))
    msg = (
        f"two runs of numbers are in one folder: they begin again between {stems[place]} and "
        f"{stems[place + 1]}. Put one series into a folder."
    )
    raise ValueError(msg)


def _refuse_gap(stems: Sequence[str], numbers: Sequence[int]) -> None:
    steps = _steps(numbers)
    place = next(place for place, step in enumerate(steps) if step != min(steps))
    msg = (
        f"between {stems[place]} and {stems[place + 1]} a slice is missing (the others are "
        f"{min(steps)} apart). Add it, or convert the parts as two patients' folders."
    )
    raise ValueError(msg)
