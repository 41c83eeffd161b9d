"""What was measured of a shoulder so far, and what goes with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """Measures by their names.

    Attributes:
        values: The value of each measure, or why it is refused.
        notes: What else to know of it.
        along: Directions that it is measured along, unit vectors (3,); none for one that depends on
            all of them.
    """

    values: dict[str, float | str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    along: dict[str, tuple[Floats, ...]] = field(default_factory=dict)

    def refuse(self, names: tuple[str, ...], reason: str) -> None:
        """Says of measures why they are not given."""
        self.values.update(dict.fromkeys(names, reason))
