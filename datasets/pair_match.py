"""Which image and which label map of two folders belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoulderseg.datasets.disk_names import as_on_disk
from shoulderseg.datasets.files import case_name, find_volumes, ignored_files, is_segmentation
from shoulderseg.datasets.unfetched import unfetched_volumes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """The image file and the label file of one case."""

    case: str
    image: Path
    label: Path


def match_files(
    images: Path, labels: Path, exclude: Collection[str] = ()
) -> tuple[list[Pair], list[str]]:
    """Pairs the files of two folders by case name, whatever the capitals and the form of accents.

    Args:
        images: Folder of images; segmentations of 3D Slicer (`.seg.nrrd`) are none.
        labels: Folder of label maps. If it is that of the images, only `.seg.nrrd` files are.
        exclude: Names of cases to leave out, whether both files are there or not.

    Returns:
        The pairs in order of case name, and one finding per file that is doubled or alone.
    """
    problems: list[str] = []
    image_of, label_of = _both(images, labels, problems)
    left_out = {as_on_disk(name) for name in exclude}
    if left_out and not (image_of.keys() | label_of.keys()) & left_out:
        problems.append(f"none of the {len(exclude)} names of cases to leave out is here.")
    for key in sorted((image_of.keys() ^ label_of.keys()) - left_out):
        kind, other = ("image", "label map") if key in image_of else ("label map", "image")
        file = image_of.get(key) or label_of[key]
        problems.append(f"{kind} {file.name}: there is no {other} named {case_name(file)}.")
    shared = (image_of.keys() & label_of.keys()) - left_out
    pairs = [Pair(case_name(image_of[key]), image_of[key], label_of[key]) for key in shared]
    return sorted(pairs, key=lambda pair: pair.case), problems


def unmet_names(images: Path, labels: Path, exclude: Collection[str]) -> list[str]:
    """Lists the names of cases to leave out that no file has, sorted.

    Args:
        images: As for `match_files`.
        labels: As for `match_files`.
        exclude: The names.
    """
    image_of, label_of = _both(images, labels, [])
    known = image_of.keys() | label_of.keys()
    return sorted(name for name in exclude if as_on_disk(name) not in known)


def _both(
    images: Path, labels: Path, problems: list[str]
) -> tuple[dict[str, Path], dict[str, Path]]:
    """Images and label maps by case name; what is wrong with either goes to `problems`."""
    together = images.resolve() == labels.resolve()
    image_of = _by_case(images, "image", problems, lambda file: not is_segmentation(file))
    label_of = _by_case(
        labels, "label map", problems, lambda file: is_segmentation(file) or not together
    )
    return image_of, label_of


def _by_case(
    folder: Path, kind: str, problems: list[str], counts: Callable[[Path], bool]
) -> dict[str, Path]:
    try:
        found = {*find_volumes(folder), *unfetched_volumes(folder)}
        files = [file for file in sorted(found) if counts(file)]
    except FileNotFoundError as error:
        problems.append(f"{kind} folder {error}")
        return {}
    if not files:
        ignored = ", ".join(ignored_files(folder)[:10]) or "nothing"
        problems.append(f"{kind} folder {folder.name}: no images found. It holds {ignored}.")
    # Two names that some disk takes for one would be one file of the dataset.
    by_case: dict[str, Path] = {}
    for file in files:
        try:
            case = as_on_disk(case_name(file))
        except ValueError as error:
            problems.append(f"{kind} {error}.")
            continue
        if case in by_case:
            first = by_case[case].name
            problems.append(f"{kind} {file.name}: same case name as {first}. Remove one.")
        by_case.setdefault(case, file)
    return by_case
