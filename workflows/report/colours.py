"""Colours of bones on the report page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.datasets.labels import RGB


def bone_colours(names: Iterable[str]) -> dict[str, RGB]:
    """Gives each bone a colour by its name, whatever its voxel value is in a bundle.

    Args:
        names: of the bones. Humerus and glenoid have the first two colours also where they are not
            among them; others have the next ones, in this order.
    """
    from shoulderseg.datasets.labels import PALETTE, SHOULDER_LABELS

    places = {name: place for place, name in enumerate(SHOULDER_LABELS)}
    found = {}
    for name in names:
        place = places.setdefault(name.lower(), len(places))
        found[name] = PALETTE[place % len(PALETTE)]
    return found
