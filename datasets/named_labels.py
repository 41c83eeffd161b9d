"""Label maps in the values of the reader, whatever values their own header gives the names.

An annotator who deletes a structure and draws it anew gets its name right and another value. So
where the header of a label map names its segments, the names count.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.reader import MAX_LABEL, read_label_map
from shoulderseg.datasets.segment_names import read_segment_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from shoulderseg.datasets.volume import Volume

_LOGGER = logging.getLogger(__name__)
# Letters of a structure's name that its other forms share: humer-us, humer-i, gleno-id.
_STEM = 5
# What programs call a segment that nobody has named.
_UNNAMED = re.compile(r"(segment|label|class|region|roi|object)?[ _-]*\d*", re.IGNORECASE)


def read_named_labels(path: Path, label_values: Mapping[int, str]) -> Volume:
    """Reads a label map and gives each named segment the value of its structure.

    Args:
        path: As for `read_label_map`.
        label_values: Value to structure, besides 0 for the background.

    Returns:
        The label map as `read_label_map` gives it. A segment that the header calls as one of the
        structures (small and capital letters alike) has the value of that structure; all others
        keep theirs.

    Raises:
        UnreadableVolumeError: As `read_label_map`, and if the names contradict the values.
    """
    volume = read_label_map(path)
    names = read_segment_names(path)
    if not names:
        return volume
    present = [int(value) for value in np.unique(volume.array) if value]
    try:
        own = values_by_name(names, label_values, present)
    except ValueError as error:
        raise UnreadableVolumeError(path, str(error)) from None
    if all(value == wanted for value, wanted in own.items()):
        return volume
    table = np.arange(max(present) + 1, dtype=np.uint16)
    for value, wanted in own.items():
        table[value] = wanted
    kind = np.uint8 if table.max() <= np.iinfo(np.uint8).max else np.uint16
    return replace(volume, array=table.astype(kind)[volume.array])


def values_by_name(
    names: Mapping[int, str], label_values: Mapping[int, str], present: list[int]
) -> dict[int, int]:
    """Translates values by the names that a header gives them.

    Args:
        names: Value to name, as the header has it.
        label_values: Value to structure, as the reader means it.
        present: Values of the label map besides 0.

    Returns:
        Each present value, to the value that the reader means; itself where its name is none of
        the structures.

    Raises:
        ValueError: If a value that has a meaning is called something else, or two values would
            become one of which only one has its name.
    """
    value_of = {
        _plain(name): value for value, name in label_values.items() if 0 < value <= MAX_LABEL
    }
    called = {value: names[value] for value in present if not says_nothing(names.get(value, ""))}
    exact = {value: value_of[_plain(n)] for value, n in called.items() if _plain(n) in value_of}
    for value, name in called.items():
        if value in exact or value not in label_values:
            continue
        meant = label_values[value]
        mentioned = mentions(name, label_values.values())
        if meant not in mentioned and (mentioned or exact):
            msg = (
                f"its header calls value {value} {name!r}, and the map says {meant}. Correct the "
                "name or the map."
            )
            raise ValueError(msg)
        _LOGGER.warning(
            "headers of label maps call value %d %r; by the map it is %s", value, name, meant
        )
    kept = {value: value for value in present if value not in exact}
    clash = sorted(set(exact.values()) & set(kept))
    if clash:
        named = next(value for value, wanted in exact.items() if wanted == clash[0])
        msg = (
            f"its header calls value {named} {names[named]!r}, and by the map value {clash[0]} is "
            f"that too. Name value {clash[0]} in the header, or correct the name."
        )
        raise ValueError(msg)
    return exact | kept


def mentions(name: str, structures: Iterable[str]) -> set[str]:
    """Tells which structures a name speaks of: `RightGlenoid`, `Humeri` and `Glenoïd` do."""
    text = _bare(name)
    # Endings differ with number and language.
    return {structure for structure in structures if _bare(structure)[:_STEM] in text}


def says_nothing(name: str) -> bool:
    """Tells whether a name is one that programs give a segment that nobody has named."""
    return _UNNAMED.fullmatch(name.strip()) is not None


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()


def _bare(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
