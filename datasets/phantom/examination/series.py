"""Which series a shoulder examination has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shoulderseg.datasets.phantom.scanner.relaxation import FIELDS_T, LOW_FIELDS_T
from shoulderseg.datasets.phantom.scanner.sampling import LOW_FIELD_CHANCE
from shoulderseg.datasets.phantom.scanner.signals import possible_sequences

if TYPE_CHECKING:
    import numpy as np

    from shoulderseg.datasets.phantom.scanner.protocol import Plane, Sequence


class Prescription(NamedTuple):
    """One series of an examination.

    Attributes:
        plane: Slice orientation.
        sequence: Kind of contrast.
    """

    plane: Plane
    sequence: Sequence

    @property
    def name(self) -> str:
        """What its files are called; no examination has two of the same."""
        return f"{self.plane}-{self.sequence}"


# Of each series the kinds of contrast that departments choose between, the usual one first.
_CHOICES: tuple[tuple[Plane, tuple[Sequence, ...]], ...] = (
    ("axial", ("pd-fs", "pd-tse", "t2-tse")),
    ("coronal", ("t1-se",)),
    ("coronal", ("pd-fs", "stir")),
    ("sagittal", ("t2-tse", "t1-se")),
)


def draw_field(rng: np.random.Generator) -> float:
    """Draws the field strength in tesla, one for all series."""
    low, high = rng.uniform(*LOW_FIELDS_T), rng.choice(FIELDS_T)
    return float(low if rng.uniform() < LOW_FIELD_CHANCE else high)


def draw_series(field_t: float, rng: np.random.Generator) -> list[Prescription]:
    """Draws the series of an examination.

    Args:
        field_t: Of the scanner; a weak magnet cannot do all of them.
        rng: Source of the choices.

    Returns:
        Axial, two oblique coronal and oblique sagittal, in this order.
    """
    possible = possible_sequences(field_t)
    series = []
    for plane, choices in _CHOICES:
        known = [sequence for sequence in choices if sequence in possible]
        series.append(Prescription(plane, known[rng.integers(len(known))]))
    return series
