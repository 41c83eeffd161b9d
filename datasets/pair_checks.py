"""Checks on a folder of images and a folder of label maps before they become a dataset.

Each check returns its findings as sentences that name the file, so that all of them can be shown
at once.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.converters.label_values import describe_missing, unknown_values
from shoulderseg.datasets.named_labels import read_named_labels
from shoulderseg.datasets.reader import (
    MAX_LABEL,
    UnreadableVolumeError,
    read_image,
)
from shoulderseg.datasets.unfetched import NOT_FETCHED, is_unfetched
from shoulderseg.datasets.volume import describe_grid_difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shoulderseg.datasets.pair_match import Pair
    from shoulderseg.datasets.volume import Volume


def check_label_values(label_values: Mapping[int, str], names: Iterable[str]) -> list[str]:
    """Compares the map from values in the files to names with the names of the dataset."""
    names = set(names)
    problems = [
        f"label value {value} is mapped to {name!r}, expected one of {sorted(names)}."
        for value, name in label_values.items()
        if name not in names
    ]
    problems.extend(
        f"label value {value} is mapped, expected a value from 0 to {MAX_LABEL}."
        for value in label_values
        if not 0 <= value <= MAX_LABEL
    )
    if label_values.get(0, "background") != "background":
        problems.append(f"label value 0 is mapped to {label_values[0]!r}, but it is background.")
    problems.extend(
        f"structure {name!r} has no label value. Add it to the map."
        for name in sorted(names - set(label_values.values()) - {"background"})
    )
    return problems


def check_contents(
    pairs: Iterable[Pair], label_values: Mapping[int, str], *, allow_missing: bool = False
) -> list[str]:
    """Reads every pair once and looks for what would spoil the dataset.

    One pair is in memory at a time.

    Args:
        pairs: The pairs.
        label_values: Label values with a meaning besides 0 to structure.
        allow_missing: Whether some structures may have no voxel; all of them never may.

    Returns:
        One finding per unreadable file, grid that differs, set of unknown label values, set of
        structures without a voxel, and image whose voxels equal those of an earlier one.
    """
    problems: list[str] = []
    first_with: dict[bytes, str] = {}
    for pair in pairs:
        image, label_map = _read_pair(pair, label_values, problems)
        if image is not None:
            digest = hashlib.sha256(repr(image.array.shape).encode() + image.array.tobytes())
            twin = first_with.setdefault(digest.digest(), pair.image.name)
            if twin != pair.image.name:
                problems.append(f"image {pair.image.name}: same voxels as {twin}. Remove one.")
        if label_map is not None:
            finding = unknown_values(label_map.array, label_values) or _missing(
                label_map, label_values, allow_missing=allow_missing
            )
            if finding:
                problems.append(f"label map {pair.label.name}: {finding}")
        if image is not None and label_map is not None:
            difference = describe_grid_difference(label_map, image)
            if difference:
                problems.append(
                    f"label map {pair.label.name}: grid differs from its image. {difference}."
                )
    return problems


def find_patients(cases: Iterable[str], pattern: str | None) -> tuple[dict[str, str], list[str]]:
    """Gives the patient of each case.

    Args:
        cases: Case names.
        pattern: Regular expression with one group, searched for in the case name; the group is
            the patient. None makes each case its own patient.

    Returns:
        Case to patient for the cases that match, and one finding per case that does not, or one
        about the pattern.
    """
    if pattern is None:
        return {case: case for case in cases}, []
    try:
        search = re.compile(pattern)
    except re.error as error:
        return {}, [f"patient pattern {pattern!r} is no regular expression: {error}."]
    if search.groups != 1:
        return {}, [f"patient pattern {pattern!r} has {search.groups} groups, expected one."]
    patients: dict[str, str] = {}
    problems: list[str] = []
    for case in cases:
        match = search.search(case)
        if match is None or not match[1]:
            problems.append(f"case {case}: patient pattern {pattern!r} finds no patient in it.")
        else:
            patients[case] = match[1]
    return patients, problems


def check_test_cases(patients: Mapping[str, str], test_cases: Iterable[str]) -> list[str]:
    """Looks for test cases that do not exist or whose patient is trained on.

    Args:
        patients: Case to patient, all cases.
        test_cases: Names of the test cases.

    Returns:
        One finding per such test case.
    """
    tests = set(test_cases)
    problems = [
        f"test case {case}: there is no such case." for case in sorted(tests - patients.keys())
    ]
    for case in sorted(tests & patients.keys()):
        shared = sorted(
            other for other in patients.keys() - tests if patients[other] == patients[case]
        )
        if shared:
            problems.append(
                f"test case {case}: its patient is also in training with {', '.join(shared)}. "
                "Test all cases of a patient or none."
            )
    return problems


def _missing(label_map: Volume, label_values: Mapping[int, str], *, allow_missing: bool) -> str:
    """Which structures have no voxel, as a sentence; empty if that is all right."""
    present = {label_values.get(int(value)) for value in np.unique(label_map.array)}
    wanted = dict.fromkeys(name for value, name in label_values.items() if value)
    missing = [name for name in wanted if name not in present]
    if wanted and len(missing) == len(wanted):
        return "no voxel of it is labelled. Draw its labels, or remove the pair."
    return describe_missing(missing) if missing and not allow_missing else ""


def _read_pair(
    pair: Pair, label_values: Mapping[int, str], problems: list[str]
) -> tuple[Volume | None, Volume | None]:
    image = label_map = None
    unfetched = [
        f"{kind} {file.name}: {NOT_FETCHED}"
        for kind, file in (("image", pair.image), ("label map", pair.label))
        if is_unfetched(file)
    ]
    if unfetched:
        problems += unfetched
        return None, None
    try:
        image = read_image(pair.image)
    except UnreadableVolumeError as error:
        problems.append(f"image {error}")
    try:
        label_map = read_named_labels(pair.label, label_values)
    except UnreadableVolumeError as error:
        problems.append(f"label map {error}")
    return image, label_map
