"""What the values and names in other people's masks mean in the dataset."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shoulderseg.datasets.converters.source import NothingToTakeError
from shoulderseg.datasets.dicom.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Structures:
    """The structures of a dataset, and what they are called in masks.

    Attributes:
        keys: Value (as text) or name of a segment in small letters to structure; `background` for
            what is left out.
        labels: Structure to value in the dataset, with `background`.
        people: Whose names and numbers no message may quote from a mask.
    """

    keys: Mapping[str, str]
    labels: Mapping[str, int]
    people: Identity = field(default_factory=Identity)

    def quoted(self, name: str) -> str:
        """Gives the name of a segment as messages show it."""
        return "a name that holds the patient's" if self.people.is_in(name) else repr(name)

    def value_of(self, key: str) -> int | None:
        """Gives the dataset's value for a value or name in a mask, None if it has no meaning."""
        plain = " ".join(key.split()).casefold()
        own = {name.casefold(): name for name in self.labels}
        name = self.keys.get(plain) or own.get(plain)
        return None if name is None else self.labels[name]

    def name_of(self, value: int) -> str:
        """Gives the name of a structure by its value in the dataset."""
        return next(name for name, own in self.labels.items() if own == value)

    def values_of(self, names: Mapping[int, str]) -> dict[int, int]:
        """Translates the segments of one mask.

        Args:
            names: Value in the mask to name of the segment; where segments have no names, the
                value as text.

        Returns:
            Value in the mask to value in the dataset.

        Raises:
            NothingToTakeError: If no segment is one of the dataset's structures.
            ValueError: If a segment has no meaning.
        """
        found = {value: self.value_of(name) for value, name in names.items()}
        unknown = [names[value] for value, meant in found.items() if meant is None]
        known = {value: meant for value, meant in found.items() if meant is not None}
        wanted = ", ".join(name for name, value in self.labels.items() if value)
        if unknown:
            shown = ", ".join(map(self.quoted, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
            msg = (
                f"it holds {shown}, expected {wanted}. Say with --map what each of them is, or "
                "=background for what to leave out; if this is no mask, move it away."
            )
            raise ValueError(msg)
        bones = [meant for meant in known.values() if meant]
        if not bones:
            msg = f"a mask without any of {wanted}."
            raise NothingToTakeError(msg)
        return known
