"""Protocols drawn at random, as they vary between hospitals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.scanner.protocol import PLANES, SEQUENCES, Plane, Protocol
from shoulderseg.datasets.phantom.scanner.relaxation import FIELDS_T
from shoulderseg.datasets.phantom.scanner.signals import FAT_SATURATED
from shoulderseg.datasets.phantom.scanner.timing import draw_timing

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.scanner.protocol import Sequence

Shape = tuple[int, int, int]
Spacing = tuple[float, float, float]

FIELD_OF_VIEW_MM = (130.0, 200.0)
PIXEL_MM = (0.2, 0.8)
MATRICES = (256, 320, 384, 448, 512, 640)
# What a stack of slices must reach across to show the whole joint.
COVERAGE_MM: dict[Plane, tuple[float, float]] = {
    "coronal": (80, 100),
    "sagittal": (90, 110),
    "axial": (90, 110),
}
SLICES = (18, 28)
THICKNESS_MM = (2.5, 4.0)
LARGEST_GAP = 0.2
VOLUME_SPACING_MM = (0.8, 1.2)
VOLUME_SLICES = (90, 130)
# How often the phase axis runs along Y; the rest along X. In coronal slices that turns the ghosts
# of breathing away from the joint.
PHASE_ALONG_Y: dict[Plane, float] = {
    "coronal": 0.7,
    "sagittal": 0.5,
    "axial": 0.6,
    "isotropic": 0.5,
}
WRAP_CHANCE = 0.1


class _Geometry(NamedTuple):
    shape: Shape
    spacing_mm: Spacing
    thickness_mm: float


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
    """Draw a plausible shoulder protocol.

    Args:
        sequence: Kind of contrast.
        plane: Slice orientation, or an isotropic volume.
        rng: Source of randomness.
        shape: Voxels along (Z, Y, X) if they are to be these; the field of view and the reach of
            the stack are drawn all the same, so that the spacing follows.
        spacing_mm: Of the voxels along (Z, Y, X) if it is to be this.
        field_t: 1.5 or 3; drawn if not given.
        coarsened: Times that pixels are longer, over the same field of view, than shape and
            spacing make them.

    Returns:
        The protocol.

    Raises:
        ValueError: If a name, the shape, the spacing or the field strength is not valid.
    """
    _check_names(sequence, plane)
    _check_sizes(shape, spacing_mm)
    if field_t is None:
        field_t = float(rng.choice(FIELDS_T))
    elif field_t not in FIELDS_T:
        msg = f"The field strength must be one of {FIELDS_T} T, got {field_t} T."
        raise ValueError(msg)
    geometry = _coarsened(_draw_geometry(plane, rng, shape, spacing_mm), coarsened)
    timing = draw_timing(sequence, plane, field_t, rng)
    phase_axis = 1 if rng.uniform() < PHASE_ALONG_Y[plane] else 2
    # Every phase-encoded line costs time, readout samples do not.
    along_frequency = rng.uniform(0.75, 1)
    along_phase = along_frequency * rng.uniform(0.67, 1)
    fractions = (along_phase, along_frequency)
    failure = 0.02 + 0.4 * rng.beta(1.2, 6)
    wraps = rng.uniform() < WRAP_CHANCE
    wrap_fraction = rng.uniform(0.03, 0.15)
    return Protocol(
        sequence=sequence,
        plane=plane,
        field_t=field_t,
        **geometry._asdict(),
        **timing._asdict(),
        acquired_fraction=fractions if phase_axis == 1 else fractions[::-1],
        phase_axis=phase_axis,
        fat_saturation_failure=failure if sequence in FAT_SATURATED else 0.0,
        bias_strength=rng.uniform(0.02, 0.25),
        # Most scanners correct for the coil, some images come without.
        coil_falloff=rng.beta(1.5, 2.5),
        # Mostly slight, now and then plain to see.
        ghosting=0.15 * rng.beta(0.8, 8),
        wrap_fraction=wrap_fraction if wraps else 0.0,
        kspace_taper=rng.uniform(0, 0.6),
        # Either way round, so that an average over many scans puts bone where it is.
        readout_reversed=bool(rng.random() < 0.5),
    )


def _draw_geometry(
    plane: Plane, rng: np.random.Generator, shape: Shape | None, spacing_mm: Spacing | None
) -> _Geometry:
    """Draw the voxels, given none, either or both of their number and size."""
    # Drawn whatever is given, so that the rest of a protocol does not depend on it.
    view_mm = rng.uniform(*FIELD_OF_VIEW_MM)
    uniform = rng.uniform(size=4)
    volume = plane == "isotropic"
    if volume:
        pixel_mm = depth_mm = _within(VOLUME_SPACING_MM, uniform[0])
        reach_mm = depth_mm * round(_within(VOLUME_SLICES, uniform[1]))
    else:
        fitting = [count for count in MATRICES if PIXEL_MM[0] <= view_mm / count <= PIXEL_MM[1]]
        pixel_mm = view_mm / fitting[int(uniform[0] * len(fitting))]
        reach_mm = _within(COVERAGE_MM[plane], uniform[1])
        thickest = THICKNESS_MM[1] * (1 + LARGEST_GAP)
        limits = max(THICKNESS_MM[0], reach_mm / SLICES[1]), min(thickest, reach_mm / SLICES[0])
        depth_mm = _within(limits, uniform[2])
    if spacing_mm is None and shape is not None:
        # Square pixels: the longer side spans the field of view.
        pixel_mm = view_mm / max(shape[1:])
        depth_mm = pixel_mm if volume else reach_mm / shape[0]
    if spacing_mm is None:
        spacing_mm = (depth_mm, pixel_mm, pixel_mm)
    if shape is None:
        slices, rows, columns = (
            max(1, round(extent_mm / step_mm))
            for extent_mm, step_mm in zip((reach_mm, view_mm, view_mm), spacing_mm, strict=True)
        )
        shape = (slices, rows, columns)
    return _Geometry(shape, spacing_mm, _draw_thickness(spacing_mm[0], volume, uniform[3]))


def _coarsened(geometry: _Geometry, times: float) -> _Geometry:
    slices, *pixels = geometry.shape
    depth_mm, *sizes_mm = geometry.spacing_mm
    rows, columns = (max(1, round(count / times)) for count in pixels)
    high, wide = (
        # Exactly the same where the count is.
        size * (before / after)
        for size, before, after in zip(sizes_mm, pixels, (rows, columns), strict=True)
    )
    return geometry._replace(shape=(slices, rows, columns), spacing_mm=(depth_mm, high, wide))


def _draw_thickness(depth_mm: float, volume: bool, share: float) -> float:
    """Leave a gap between slices that are thick enough for one; a volume has none."""
    if volume or depth_mm < THICKNESS_MM[0]:
        return depth_mm
    thinnest, thickest = THICKNESS_MM
    narrow = min(max(depth_mm / (1 + LARGEST_GAP), thinnest), thickest)
    return _within((narrow, min(depth_mm, thickest)), share)


def _within(limits: tuple[float, float], share: float) -> float:
    return float(limits[0] + share * (limits[1] - limits[0]))


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
