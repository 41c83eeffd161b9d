"""Size and number of the voxels of a scan, drawn as they vary between hospitals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    from shoulderseg.datasets.phantom.scanner.protocol import Plane

Shape = tuple[int, int, int]
Spacing = tuple[float, float, float]
Range = tuple[float, float]

LARGEST_GAP = 0.2
THICKNESS_MM = (2.5, 5.0)
VOLUME_SPACING_MM = (0.8, 1.2)
VOLUME_SLICES = (90, 130)
# How far a stack of slices reaches. Some end close behind the joint, some show all of the shoulder.
COVERAGE_MM: dict[Plane, Range] = {
    "coronal": (60.0, 100.0),
    "sagittal": (65.0, 110.0),
    "axial": (75.0, 110.0),
}


class Limits(NamedTuple):
    """Between which sizes a kind of scanner's voxels lie.

    Attributes:
        view_mm: Field of view.
        pixel_mm: Of the reconstructed image.
        matrices: Voxels along the field of view.
        step_mm: From slice to slice.
        slices: Fewest and most of a stack.
    """

    view_mm: Range
    pixel_mm: Range
    matrices: tuple[int, ...]
    step_mm: Range
    slices: tuple[int, int]


HIGH_FIELD = Limits(
    (130.0, 200.0), (0.2, 0.8), (256, 320, 384, 448, 512, 640), (3.0, 5.5), (14, 28)
)
# Weak magnets need large voxels; most store 256 pixels whatever they acquired.
LOW_FIELD = Limits((180.0, 250.0), (0.5, 1.0), (256, 256, 256, 384), (4.0, 6.0), (11, 20))


class Geometry(NamedTuple):
    """The voxels of a scan, as `Protocol` has them."""

    shape: Shape
    spacing_mm: Spacing
    thickness_mm: float


def draw_geometry(
    plane: Plane,
    limits: Limits,
    rng: np.random.Generator,
    shape: Shape | None,
    spacing_mm: Spacing | None,
) -> Geometry:
    """Draws the voxels, given none, either or both of their number and size.

    A shape alone leaves the distance of the slices as it is drawn: fewer slices make a shorter
    stack, more than the drawn reach has room for lie closer. Its pixels share the field of view.

    Args:
        plane: Slice orientation, or an isotropic volume.
        limits: Of the scanner.
        rng: Source of randomness; as much of it is used whatever is given.
        shape: Voxels along (Z, Y, X) if they are to be these.
        spacing_mm: Of the voxels along (Z, Y, X) if it is to be this.

    Returns:
        The voxels.
    """
    view_mm = rng.uniform(*limits.view_mm)
    uniform = rng.uniform(size=4)
    volume = plane == "isotropic"
    if volume:
        pixel_mm = depth_mm = _within(VOLUME_SPACING_MM, uniform[0])
        reach_mm = depth_mm * round(_within(VOLUME_SLICES, uniform[1]))
    else:
        finest, coarsest = limits.pixel_mm
        fitting = [count for count in limits.matrices if finest <= view_mm / count <= coarsest]
        pixel_mm = view_mm / fitting[int(uniform[0] * len(fitting))]
        reach_mm = _within(COVERAGE_MM[plane], uniform[1])
        (closest, widest), (fewest, most) = limits.step_mm, limits.slices
        steps = max(closest, reach_mm / most), min(widest, reach_mm / fewest)
        depth_mm = _within(steps, uniform[2])
    if spacing_mm is None and shape is not None:
        # Square pixels: the longer side spans the field of view.
        pixel_mm = view_mm / max(shape[1:])
        depth_mm = pixel_mm if volume else min(depth_mm, reach_mm / shape[0])
    if spacing_mm is None:
        spacing_mm = (depth_mm, pixel_mm, pixel_mm)
    if shape is None:
        slices, rows, columns = (
            max(1, round(extent_mm / step_mm))
            for extent_mm, step_mm in zip((reach_mm, view_mm, view_mm), spacing_mm, strict=True)
        )
        shape = (slices, rows, columns)
    return Geometry(shape, spacing_mm, _draw_thickness(spacing_mm[0], volume, uniform[3]))


def coarsen(geometry: Geometry, times: float) -> Geometry:
    """Makes pixels longer in both in-plane directions over the same field of view.

    Args:
        geometry: Before.
        times: How much longer, from 1 on.

    Returns:
        The voxels after that; exactly those before where their number stays the same.
    """
    slices, *pixels = geometry.shape
    depth_mm, *sizes_mm = geometry.spacing_mm
    rows, columns = (max(1, round(count / times)) for count in pixels)
    high, wide = (
        size * (before / after)
        for size, before, after in zip(sizes_mm, pixels, (rows, columns), strict=True)
    )
    return geometry._replace(shape=(slices, rows, columns), spacing_mm=(depth_mm, high, wide))


def _draw_thickness(depth_mm: float, volume: bool, share: float) -> float:
    """Leaves a gap between slices that are thick enough for one; a volume has none."""
    thinnest, thickest = THICKNESS_MM
    if volume or depth_mm < thinnest:
        return depth_mm
    narrow = min(max(depth_mm / (1 + LARGEST_GAP), thinnest), thickest)
    return _within((narrow, min(depth_mm, thickest)), share)


def _within(limits: Range, share: float) -> float:
    return float(limits[0] + share * (limits[1] - limits[0]))
