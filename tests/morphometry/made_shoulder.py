"""A shoulder of balls, cylinders and discs, whose measures are known on paper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shoulderseg.morphometry.shoulder import Shoulder

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Made:
    """A left shoulder in LPS mm: the glenoid looks to the left, +x, from x = 0.

    Attributes:
        radius: Of the head, a ball.
        gap: From the glenoid's deepest point to the head.
        low: Radius of the glenoid's lower disc.
        high: Radius of its upper disc.
        apart: Between the middles of the discs.
        front: What of the lower disc is cut off in front, in mm.
        forward: How far the head stands in front of the glenoid's middle.
        dent: Depth of a dent behind and above, 0 for none.
        shaft: How far the shaft reaches below the head's centre.
    """

    radius: float = 24.0
    gap: float = 3.0
    low: float = 14.0
    high: float = 10.0
    apart: float = 14.0
    front: float = 0.0
    forward: float = 0.0
    dent: float = 0.0
    shaft: float = 0.0
    depth: float = 26.0

    @property
    def head(self) -> Floats:
        return np.array([self.gap + self.radius, -self.forward, 0.0])

    @property
    def height(self) -> float:
        return self.low + self.apart + self.high


def humerus_at(made: Made, points: Floats) -> Mask:
    off = points - made.head
    bone: Mask = np.linalg.norm(off, axis=-1) <= made.radius
    # A neck and a shaft, lateral of the joint surface.
    if made.shaft:
        axis = np.hypot(off[..., 0] - 8, off[..., 1])
        bone |= (axis <= 12) & (off[..., 2] <= 0) & (off[..., 2] >= -made.shaft)
    # The tuberosities end the joint surface.
    bone |= np.linalg.norm(off - np.array([10.0, 0, 0]), axis=-1) <= 27
    if made.dent:
        towards = np.array([-0.25, 0.8, 0.45])
        towards /= np.linalg.norm(towards)
        ball = 12.0
        middle = towards * (made.radius - made.dent + ball)
        bone &= np.linalg.norm(off - middle, axis=-1) > ball
    return bone


def necked_at(
    made: Made,
    points: Floats,
    neck: float,
    reach_deg: float,
    dent: tuple[float, float, Floats] | None = None,
) -> Mask:
    """A head on a neck of this radius in the place of tuberosities.

    Args:
        made: Where the head is.
        points: LPS mm, (..., 3).
        neck: The neck's radius.
        reach_deg: How far the head's sphere reaches from its axis.
        dent: Depth, radius of the ball that makes it, and unit vector towards it.
    """
    off = points - made.head
    ball = np.linalg.norm(off, axis=-1) <= made.radius
    bone: Mask = ball & (off[..., 0] <= -made.radius * np.cos(np.radians(reach_deg)))
    around = np.hypot(off[..., 1], off[..., 2])
    bone |= (around <= neck) & (off[..., 0] >= -6) & (off[..., 0] <= 25)
    if dent:
        depth, radius, towards = dent
        middle = towards * (made.radius - depth + radius)
        bone &= np.linalg.norm(off - middle, axis=-1) > radius
    return bone


def glenoid_at(made: Made, points: Floats) -> Mask:
    """A pear of two discs and their hull, hollow like a ball of 32 mm."""
    x, y, z = np.moveaxis(points, -1, 0)
    centre = (made.low + made.apart + made.high) / 2 - made.low
    low, high = -centre, made.apart - centre
    inside: Mask = (np.hypot(y, z - low) <= made.low) | (np.hypot(y, z - high) <= made.high)
    # Tangents of both circles: half the width falls from low to high over the distance.
    slope = (made.low - made.high) / made.apart
    across = np.sqrt(1 - slope**2)
    start, end = low + slope * made.low, high + slope * made.high
    share = np.clip((z - start) / (end - start), 0, 1)
    half = (made.low + share * (made.high - made.low)) * across
    inside |= (z >= start) & (z <= end) & (np.abs(y) <= half)
    bowl = 32 - np.sqrt(np.maximum(32**2 - y**2 - z**2, 0))
    inside &= (x <= bowl) & (x >= -made.depth)
    if made.front:
        inside &= y >= -made.low + made.front
    return inside


def voxels(
    made: Made,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    axes: Floats | None = None,
    low: tuple[float, float, float] = (-32, -40, -40),
    high: tuple[float, float, float] = (70, 40, 40),
    side: str = "left",
) -> Shoulder:
    """Samples it; `spacing` is (z, y, x), the columns of `axes` are the grid's x, y and z."""
    turn = np.eye(3) if axes is None else axes
    count = [
        int(np.ceil((last - first) / step)) + 1
        for first, last, step in zip(low[::-1], high[::-1], spacing, strict=True)
    ]
    affine = np.eye(4)
    affine[:3, :3] = turn[:, ::-1] * np.array(spacing)
    affine[:3, 3] = turn @ np.array(low)
    index = np.moveaxis(np.indices(count), 0, -1).astype(np.float64)
    points = index @ affine[:3, :3].T + affine[:3, 3]
    return Shoulder(humerus_at(made, points), glenoid_at(made, points), affine, side)


def places(shoulder: Shoulder) -> Floats:
    """LPS mm of each voxel, (Z, Y, X, 3)."""
    index = np.moveaxis(np.indices(shoulder.humerus.shape), 0, -1).astype(np.float64)
    found: Floats = index @ shoulder.affine[:3, :3].T + shoulder.affine[:3, 3]
    return found


def values(shoulder: Shoulder) -> dict[str, float | None]:
    from shoulderseg.morphometry.measure import measure_shoulder

    return {measure.name: measure.value for measure in measure_shoulder(shoulder)}


def reasons(shoulder: Shoulder) -> dict[str, str]:
    from shoulderseg.morphometry.measure import measure_shoulder

    return {measure.name: measure.refused for measure in measure_shoulder(shoulder)}
