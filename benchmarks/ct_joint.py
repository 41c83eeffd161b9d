"""Bone masks of one shoulder at 1 mm, and where the joint is on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion, map_coordinates
from scipy.spatial import cKDTree

from shoulderseg.datasets.connected_components import largest_component
from shoulderseg.datasets.phantom.truth import fit_sphere
from shoulderseg.evaluation.surface import surface_voxels

if TYPE_CHECKING:
    from collections.abc import Sequence

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

LEAST_SECTIONS = 8
# From the head to the joint, roughly, whether the arm hangs or is raised.
TO_JOINT = (-0.6, 0.7, -0.3)


class Bones(NamedTuple):
    """Masks of one shoulder, 1 mm, as a left one: X to lateral, Y to posterior, Z to superior.

    Attributes:
        humerus: bool (Z, Y, X).
        scapula: bool (Z, Y, X).
        known: Where a bone would have been labelled, bool (Z, Y, X).
    """

    humerus: Mask
    scapula: Mask
    known: Mask


class Joint(NamedTuple):
    """What was found of a joint; places are (x, y, z) in mm from the first voxel.

    Attributes:
        head_centre: Of the sphere.
        head_radius: Of the sphere.
        middle: On the joint surface.
        axes: Rows point to lateral, posterior and superior as the joint stands, (3, 3).
        surface: Places of the joint surface's voxels, (n, 3).
        shaft: Rows as `axes`, as the arm stands, (3, 3); NaN if too little of it is in the image.
        offset: Head centre from the shaft's axis.
    """

    head_centre: Floats
    head_radius: float
    middle: Floats
    axes: Floats
    surface: Floats
    shaft: Floats
    offset: float


def voxel_places(mask: Mask) -> Floats:
    """Voxel centres as (x, y, z)."""
    places: Floats = np.argwhere(mask)[:, ::-1].astype(np.float64)
    return places


def find_joint(bones: Bones) -> Joint:
    """Finds the head and the joint surface on masks.

    Args:
        bones: One shoulder.

    Returns:
        The joint and its axes.
    """
    humerus, scapula = voxel_places(surface_voxels(bones.humerus)), voxel_places(bones.scapula)
    across = scapula[cKDTree(scapula).query(humerus)[1]] - humerus
    apart = np.linalg.norm(across, axis=1)
    # The acromion may be nearer to the head than the joint is.
    facing = _faces(across)
    centre, radius = _fit_head(humerus, humerus[facing & (apart <= apart[facing].min() + 3)])
    away = scapula - centre
    beyond = np.linalg.norm(away, axis=1) - radius
    facing = _faces(away)
    # The nearest of what faces the head; nothing of the scapula is inside it.
    nearest = np.percentile(beyond[facing & (beyond < 12)], 5)
    near = np.zeros_like(bones.scapula)
    x, y, z = scapula[facing & (beyond <= nearest + 4)].astype(int).T
    near[z, y, x] = True
    surface = voxel_places(largest_component(near))
    axes = _joint_axes(surface, centre)
    along = (surface - centre) @ axes.T
    middle = (along.max(axis=0) + along.min(axis=0)) / 2
    around = np.hypot(*(along[:, 1:] - middle[1:]).T) <= 5
    # The bone's edge lies half a voxel beyond the outermost voxel's centre.
    middle[0] = np.percentile(along[around, 0], 90) + 0.5
    shaft, offset = _shaft(bones, centre)
    return Joint(centre, radius, centre + middle @ axes, axes, surface, shaft, offset)


def _faces(away: Floats) -> Mask:
    """Tells what lies towards the joint, seen from the head; arrows (n, 3)."""
    facing: Mask = away @ _unit(np.array(TO_JOINT)) > 0.3 * np.linalg.norm(away, axis=1)
    return facing


def _fit_head(surface: Floats, start: Floats) -> tuple[Floats, float]:
    centre, radius = fit_sphere(start)
    # First what faces the joint; then all of the cap, wherever it looks, as closely as voxels do.
    for band_mm, least in ((1.5, 0.2), (0.75, -1.0)):
        for _ in range(25):
            towards = _unit(start.mean(axis=0) - centre)
            away = surface - centre
            far = np.linalg.norm(away, axis=1)
            chosen = (away @ towards >= least * far) & (np.abs(far - radius) <= band_mm)
            centre, radius = fit_sphere(surface[chosen])
    # Surface voxels' centres lie half a voxel within the bone.
    return centre, radius + 0.5


def _joint_axes(surface: Floats, head_centre: Floats) -> Floats:
    """Normal, posterior and superior direction of a sheet of voxels, as rows."""
    off = surface - surface.mean(axis=0)
    up, _, normal = np.linalg.svd(off, full_matrices=False)[2]
    normal *= np.sign(normal @ (head_centre - surface.mean(axis=0)))
    up *= np.sign(up[2])
    return np.stack([normal, np.cross(up, normal), up])


def _shaft(bones: Bones, centre: Floats) -> tuple[Floats, float]:
    """The shaft's axes, and how far beside it the head's centre lies.

    The axis is the line nearest to the middles of whole sections across it, 38 to 70 mm below the
    head's centre; it takes turns with the sections. NaN where the image holds too few of them.
    """
    humerus = voxel_places(bones.humerus)
    x, y, z = humerus.astype(int).T
    at_end = ~binary_erosion(bones.known, iterations=2)[z, y, x]
    start = humerus[np.linalg.norm(humerus - centre, axis=1) >= 45].mean(axis=0)
    up = _unit(centre - start)
    middle = start
    for _ in range(8):
        below = np.rint((centre - humerus) @ up).astype(int)
        whole = [d for d in range(38, 71) if (below == d).any() and not at_end[below == d].any()]
        if len(whole) < LEAST_SECTIONS:
            return np.full((3, 3), np.nan), float("nan")
        middles = np.array([humerus[below == d].mean(axis=0) for d in whole])
        middle = middles.mean(axis=0)
        line = np.linalg.svd(middles - middle, full_matrices=False)[2][0]
        up = line * np.sign(line @ (centre - middle))
    off = centre - middle
    medial = off - up * (up @ off)
    offset = float(np.linalg.norm(medial))
    lateral = -medial / offset
    return np.stack([lateral, np.cross(up, lateral), up]), offset


def _unit(vector: Floats) -> Floats:
    scaled: Floats = vector / np.linalg.norm(vector)
    return scaled


def sampled(
    array: npt.NDArray[np.float32],
    origin: Floats,
    axes: Floats,
    box_mm: Sequence[tuple[float, float]],
    fill: float = 0.0,
) -> npt.NDArray[np.float32]:
    """Samples an array (Z, Y, X) on a grid of 1 mm along `axes` around `origin`."""
    lines = [np.arange(low, high + 1, dtype=np.float64) for low, high in box_mm]
    z, y, x = np.meshgrid(*lines[::-1], indexing="ij")
    places = origin + np.stack([x, y, z], axis=-1) @ axes
    found: npt.NDArray[np.float32] = map_coordinates(
        array, np.moveaxis(places[..., ::-1], -1, 0), order=1, cval=fill
    )
    return found


def turned_mask(
    mask: Mask, origin: Floats, axes: Floats, box: Sequence[tuple[float, float]]
) -> Mask:
    """Samples a mask (Z, Y, X) as `sampled` takes an array."""
    turned: Mask = sampled(mask.astype(np.float32), origin, axes, box) >= 0.5
    return turned
