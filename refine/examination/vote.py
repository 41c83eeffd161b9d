"""The examination as a voter in one of its series.

The fused bone says where the bone is, the series' own image where its edges run. Within 1 mm of
the fused surface a voxel is voted on by majority (`refine/voting.py`): the bone's own U-Net, the
U-Net of the whole, and the fused bone. Farther inside and farther outside the U-Nets are overruled:

    where the others have slices          own U-Net, whole U-Net    fused bone
    more than 1 mm inside the surface   yes                       yes
    within 1 mm of it                   as they say               inside: yes
    more than 1 mm outside              no                        no
    where no other series has slices      as they say               as both say on average

A series whose bone does not overlap with the fused one has missed it or drawn something else: its
U-Nets do not vote on that bone where the others have slices, and the fused bone stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.refine.examination.member import shown
from shoulderseg.refine.examination.samples import index_box, to_mm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.refine.examination.align import Motion
    from shoulderseg.refine.examination.field import Field
    from shoulderseg.refine.examination.member import Member

    Floats = NDArray[np.float64]
    Probability = NDArray[np.float32]

EDGE_MM = 1.0
_NEAR_MM = 2.0
# Over how many mm the fused bone's probability goes from no to yes.
_BLUR_MM = 0.5


def distance_in_series(
    bone: Field,
    motion: Motion,
    others: Sequence[Member],
    affine: Floats,
    asked: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Distance to the fused bone's surface on the grid of a series.

    Args:
        bone: The fused bone.
        motion: From its place to the series.
        others: The other series that have a say.
        affine: From the index (z, y, x) of the series to LPS mm, (4, 4).
        asked: Voxels to ask for beside those in the bone and within 2 mm of it, bool (Z, Y, X).

    Returns:
        float32 (Z, Y, X) in mm, negative inside; NaN where no other series has slices, and where
        nothing is asked for.
    """
    found = np.full(asked.shape, np.nan, np.float32)
    corners = motion.apply(bone.corners())
    box = index_box(affine, corners, asked.shape)
    box = _joined(box, asked)
    # Slice by slice, since the places of a whole series take up a lot of memory.
    rows, columns = box[1:]
    size = (max(rows.stop - rows.start, 0), max(columns.stop - columns.start, 0))
    for z in range(box[0].start, box[0].stop):
        first: Floats = np.array([z, rows.start, columns.start], np.float64)
        frame = motion.undo(to_mm(affine, first + np.array([[0, 0, 0], [0, 1, 0], [0, 0, 1]])))
        distance = bone.on_plane(frame[0], frame[1:] - frame[0], size)
        wanted = (distance < _NEAR_MM) | asked[z, rows, columns]
        index: Floats = first + np.column_stack(
            [np.zeros(np.count_nonzero(wanted)), *np.nonzero(wanted)]
        )
        seen = shown(others, motion.undo(to_mm(affine, index)))
        kept = distance[wanted]
        kept[~seen] = np.nan
        found[z, rows, columns][wanted] = kept
    return found


def examination_votes(
    own: Probability, whole: Probability, distance_mm: NDArray[np.float32], *, contradicts: bool
) -> list[Probability]:
    """The voters of a bone in a series, by the table at the top of this file.

    Args:
        own: The bone's own U-Net, float32 (Z, Y, X).
        whole: The U-Net of all bones.
        distance_mm: Of `distance_in_series`.
        contradicts: Whether the series' bone does not overlap with the fused one.

    Returns:
        Three voters, float32 (Z, Y, X); the arguments are left as they are.
    """
    known = np.isfinite(distance_mm)
    depth = np.clip(distance_mm / _BLUR_MM, -30, 30, where=known, out=np.zeros_like(distance_mm))
    fused = np.where(known, 1 / (1 + np.exp(depth)), (own + whole) / 2).astype(np.float32)
    if contradicts:
        return [np.where(known, fused, vote) for vote in (own, whole)] + [fused]
    sure = known & (np.abs(distance_mm, where=known, out=np.zeros_like(distance_mm)) > EDGE_MM)
    said = (distance_mm < 0).astype(np.float32)
    return [np.where(sure, said, vote) for vote in (own, whole)] + [np.where(sure, said, fused)]


def _joined(
    box: tuple[slice, slice, slice], asked: NDArray[np.bool_]
) -> tuple[slice, slice, slice]:
    """The smallest box about another one and all voxels that are asked for."""
    joined = []
    for axis, part in enumerate(box):
        others = tuple(other for other in range(3) if other != axis)
        kept = np.flatnonzero(asked.any(axis=others)).tolist()
        ends = ([part.start, part.stop] if part.stop > part.start else []) + [
            *kept[:1],
            *(last + 1 for last in kept[-1:]),
        ]
        joined.append(slice(min(ends), max(ends)) if ends else slice(0, 0))
    first, second, third = joined
    return first, second, third
