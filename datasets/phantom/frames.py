"""Coordinate frames of a shoulder, and points that know themselves in each of them.

Body frame: that of a left shoulder with its origin in the middle of the glenoid's joint surface;
x to lateral, y to posterior, z to superior, which is LPS for a left shoulder and LPS with x turned
round for a right one. The other frames are turned and moved against it:

- scapula: x along the scapular plane to lateral, y out of it to posterior; origin as in the body.
- glenoid: x out of the joint surface, z up along it; origin as in the body.
- humerus: z up along the canal, -x to the side the head points to; origin the head's centre.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from shoulderseg.datasets.phantom.sdf import FloatArray

FrameName = Literal["body", "scapula", "glenoid", "humerus"]


@dataclass(frozen=True, eq=False)
class Frame:
    """A right-handed frame in the body.

    Attributes:
        axes: Its unit vectors as columns, in body coordinates, shape (3, 3).
        origin_mm: Its origin in body coordinates, shape (3,).
    """

    axes: npt.NDArray[np.float64]
    origin_mm: npt.NDArray[np.float64]

    def from_body(self, points: FloatArray) -> FloatArray:
        """Body coordinates (3, n) into this frame's."""
        kind = np.result_type(points, np.float32)
        turned: FloatArray = self.axes.T.astype(kind) @ points.astype(kind)
        turned -= (self.axes.T @ self.origin_mm).astype(kind)[:, None]
        return turned

    def to_body(self, points: FloatArray) -> FloatArray:
        """This frame's coordinates (3, n) into the body's."""
        kind = np.result_type(points, np.float32)
        turned: FloatArray = self.axes.astype(kind) @ points.astype(kind)
        turned += self.origin_mm.astype(kind)[:, None]
        return turned


class Points:
    """Points of the body, with their coordinates in each frame and distances found once.

    Args:
        body: Body coordinates in mm, shape (3, n).
        frames: The frames of this shoulder.
    """

    def __init__(self, body: FloatArray, frames: Mapping[FrameName, Frame]) -> None:
        self.frames = frames
        self._places: dict[FrameName, FloatArray] = {"body": body}
        self._found: dict[str, FloatArray] = {}
        self._all: tuple[Points, npt.NDArray[np.intp]] | None = None

    def __len__(self) -> int:
        return int(self._places["body"].shape[1])

    def within(self, frame: FrameName) -> FloatArray:
        """Gives the coordinates in a frame, shape (3, n)."""
        if frame not in self._places:
            if self._all is None:
                self._places[frame] = self.frames[frame].from_body(self._places["body"])
            else:
                whole, chosen = self._all
                self._places[frame] = whole.within(frame)[:, chosen]
        return self._places[frame]

    def once(self, name: str, find: Callable[[Points], FloatArray]) -> FloatArray:
        """Gives `find(self)`, computed the first time a name is asked for; shape (n,)."""
        if name not in self._found:
            if self._all is not None and name in self._all[0]._found:
                whole, chosen = self._all
                self._found[name] = whole._found[name][chosen]
            else:
                self._found[name] = find(self)
        return self._found[name]

    def take(self, chosen: npt.NDArray[np.intp]) -> Points:
        """Gives some of the points, by index, (m,); they know what is known of all."""
        part = Points(self._places["body"][:, chosen], self.frames)
        part._all = (self, chosen)
        return part


def turn(axis: Literal["x", "y", "z"], degrees: float) -> npt.NDArray[np.float64]:
    """Rotation matrix about a coordinate axis, right-handed, shape (3, 3)."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrices = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }
    return np.array(matrices[axis], dtype=np.float64)
