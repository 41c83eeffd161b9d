"""Protocols drawn at random, as they vary between hospitals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.scanner.geometry import (
    HIGH_FIELD,
    LOW_FIELD,
    coarsen,
    draw_geometry,
)
from shoulderseg.datasets.phantom.scanner.protocol import PLANES, SEQUENCES, Plane, Protocol
from shoulderseg.datasets.phantom.scanner.relaxation import (
    FIELDS_T,
    LOW_FIELDS_T,
    check_field,
    is_low_field,
)
from shoulderseg.datasets.phantom.scanner.signals import (
    FAT_SATURATED,
    NEEDS_HIGH_FIELD,
    check_sequence_at_field,
)
from shoulderseg.datasets.phantom.scanner.timing import draw_timing

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.scanner.geometry import Shape, Spacing
    from shoulderseg.datasets.phantom.scanner.protocol import Sequence

# How often the phase axis runs along Y; the rest along X. In coronal slices that turns the ghosts
# of breathing away from the joint.
PHASE_ALONG_Y: dict[Plane, float] = {
    "coronal": 0.7,
    "sagittal": 0.5,
    "axial": 0.6,
    "isotropic": 0.5,
}
WRAP_CHANCE = 0.1
LOW_FIELD_CHANCE = 0.15
# Of an image that is stored with many more pixels than were acquired: it looks smooth.
INTERPOLATED_CHANCE = {False: 0.2, True: 0.7}
# Of a field of view that is a rectangle in a black square, and how wide each margin is.
BLANK_CHANCE = {False: 0.08, True: 0.5}
BLANK_FRACTION = {False: (0.03, 0.10), True: (0.06, 0.17)}


def sample_protocol(
    sequence: Sequence,
    plane: Plane,
    rng: np.random.Generator,
    *,
    shape: Shape | None = None,
    spacing_mm: Spacing | None = None,
    field_t: float | None = None,
    coarsened: float = 1.0,
) -> Protocol:
    """Draws a plausible shoulder protocol.

    Args:
        sequence: Kind of contrast.
        plane: Slice orientation, or an isotropic volume.
        rng: Source of randomness.
        shape: Voxels along (Z, Y, X) if they are to be these; the field of view and the distance
            of the slices are drawn all the same, so that pixels and the stack's reach follow.
        spacing_mm: Of the voxels along (Z, Y, X) if it is to be this.
        field_t: 1.5, 3, or 0.2 to 0.5; drawn if not given.
        coarsened: Times that pixels are longer, over the same field of view, than shape and
            spacing make them.

    Returns:
        The protocol.

    Raises:
        ValueError: If a name, the shape, the spacing or the field strength is not valid, or the
            sequence cannot be done at that field strength.
    """
    _check_names(sequence, plane)
    _check_sizes(shape, spacing_mm)
    field_t = _checked_field(sequence, _draw_field(sequence, rng), field_t)
    low = is_low_field(field_t)
    limits = LOW_FIELD if low else HIGH_FIELD
    geometry = coarsen(draw_geometry(plane, limits, rng, shape, spacing_mm), coarsened)
    timing = draw_timing(sequence, plane, field_t, rng)
    phase_axis = 1 if rng.uniform() < PHASE_ALONG_Y[plane] else 2
    fractions = _draw_acquired(rng, low=low)
    return Protocol(
        sequence=sequence,
        plane=plane,
        field_t=field_t,
        **geometry._asdict(),
        **timing._asdict(),
        acquired_fraction=fractions if phase_axis == 1 else fractions[::-1],
        phase_axis=phase_axis,
        **_draw_artefacts(sequence, rng, low=low)._asdict(),
    )


def _checked_field(sequence: Sequence, drawn_t: float, wanted_t: float | None) -> float:
    """The field strength that is wanted, or else the drawn one."""
    field_t = drawn_t if wanted_t is None else wanted_t
    check_field(field_t)
    check_sequence_at_field(sequence, field_t)
    return field_t


class _Artefacts(NamedTuple):
    """Fields of `Protocol` that say how far a scan is from a perfect one."""

    fat_saturation_failure: float
    bias_strength: float
    coil_falloff: float
    ghosting: float
    wrap_fraction: float
    kspace_taper: float
    readout_reversed: bool
    blank_fraction: tuple[float, float]


def _draw_artefacts(sequence: Sequence, rng: np.random.Generator, *, low: bool) -> _Artefacts:
    failure = 0.02 + 0.4 * rng.beta(1.2, 6)
    wraps = rng.uniform() < WRAP_CHANCE
    wrap_fraction = rng.uniform(0.03, 0.15)
    return _Artefacts(
        fat_saturation_failure=failure if sequence in FAT_SATURATED else 0.0,
        bias_strength=rng.uniform(0.02, 0.25),
        # Most scanners correct for the coil, some images come without.
        coil_falloff=rng.beta(3, 1.5) if low else rng.beta(1.5, 2.5),
        # Mostly slight, now and then plain to see.
        ghosting=0.15 * rng.beta(0.8, 8),
        wrap_fraction=wrap_fraction if wraps else 0.0,
        kspace_taper=rng.uniform(0, 0.6),
        # Either way round, so that an average over many scans puts bone where it is.
        readout_reversed=bool(rng.random() < 0.5),
        blank_fraction=_draw_blank(rng, low=low),
    )


def _draw_field(sequence: Sequence, rng: np.random.Generator) -> float:
    """Draws a field strength that the sequence can be done at."""
    low_t, high_t = rng.uniform(*LOW_FIELDS_T), rng.choice(FIELDS_T)
    low = rng.uniform() < LOW_FIELD_CHANCE and sequence not in NEEDS_HIGH_FIELD
    return float(low_t if low else high_t)


def _draw_acquired(rng: np.random.Generator, *, low: bool) -> tuple[float, float]:
    """Draws the acquired share of k-space along the phase and the frequency axis."""
    # Every phase-encoded line costs time, readout samples do not.
    along_frequency, kept = rng.uniform(0.75, 1), rng.uniform(0.67, 1)
    if rng.uniform() < INTERPOLATED_CHANCE[low]:
        along_frequency *= rng.uniform(0.55, 0.95)
        kept *= rng.uniform(0.75, 1)
    return along_frequency * kept, along_frequency


def _draw_blank(rng: np.random.Generator, *, low: bool) -> tuple[float, float]:
    """Draws the share of rows and of columns that is black on each side."""
    blank, along_x = rng.uniform() < BLANK_CHANCE[low], rng.uniform() < 0.7
    share = rng.uniform(*BLANK_FRACTION[low])
    if not blank:
        return 0.0, 0.0
    return (0.0, share) if along_x else (share, 0.0)


def _check_names(sequence: str, plane: str) -> None:
    for kind, name, known in (("sequence", sequence, SEQUENCES), ("plane", plane, PLANES)):
        if name not in known:
            msg = f"Unknown {kind} {name!r}; choose one of {', '.join(known)}."
            raise ValueError(msg)


def _check_sizes(shape: Shape | None, spacing_mm: Spacing | None) -> None:
    if shape is not None and (np.shape(shape) != (3,) or min(shape) < 1):
        msg = f"A shape needs three counts (Z, Y, X) of at least 1, got {shape}."
        raise ValueError(msg)
    if spacing_mm is not None and (
        np.shape(spacing_mm) != (3,) or not np.isfinite(spacing_mm).all() or min(spacing_mm) <= 0
    ):
        msg = f"A spacing needs three lengths (Z, Y, X) above 0 mm, got {spacing_mm}."
        raise ValueError(msg)
