"""How a person moves from series to series: as a whole, and the arm by itself.

The lengths and angles are estimates: in one real examination the bones of the axial series lay 2 to
4 mm from where the coronal ones had them, the humerus turned as well.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.rigid import Rigid, about, fit_rigid
from shoulderseg.datasets.phantom.scene import patient_points

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.anatomy.shoulder import Shoulder
    from shoulderseg.datasets.phantom.scene import Scene

MOST_SHIFT_MM, MOST_TURN_DEG = 5.0, 5.0
# The arm about its own axis; sideways and forwards it moves less.
_ARM_DEG = {"humeral_rotation_deg": 5.0, "abduction_deg": 1.5, "flexion_deg": 1.5}
# What of the humerus is compared: the head and the shaft below it.
_HEAD_MM, _SHAFT_MM = 20.0, 60.0


class Move(NamedTuple):
    """What changed since the first series.

    Attributes:
        body: Motion of the whole person, in LPS mm.
        arm_deg: By how much each angle of the arm changed, by its name in `Dimensions`.
    """

    body: Rigid
    arm_deg: dict[str, float]


def draw_move(shoulder: Shoulder, rng: np.random.Generator) -> Move:
    """Draws a move: up to 5 mm and 5 degrees in any direction about the joint, and the arm's.

    Args:
        shoulder: Who moves.
        rng: Source of the move.
    """
    shift, turn = (
        _direction(rng) * rng.uniform(0, most) for most in (MOST_SHIFT_MM, MOST_TURN_DEG)
    )
    arm = {name: float(rng.uniform(-most, most)) for name, most in _ARM_DEG.items()}
    return Move(about(shoulder.joint_mm, turn, shift), arm)


def no_move() -> Move:
    """How the person lies in the first series."""
    return Move(Rigid(np.eye(3), np.zeros(3)), dict.fromkeys(_ARM_DEG, 0.0))


def move_arm(shoulder: Shoulder, move: Move) -> Shoulder:
    """Gives the shoulder with its arm moved."""
    dimensions = shoulder.dimensions
    angles = {name: getattr(dimensions, name) + change for name, change in move.arm_deg.items()}
    return replace(shoulder, dimensions=replace(dimensions, **angles))


def humerus_motion(first: Scene, now: Scene, move: Move) -> Rigid:
    """The humerus' whole motion, its arm's and the person's.

    Args:
        first: The shoulder as it was.
        now: With the arm moved.
        move: Since then.

    Returns:
        The rigid motion nearest to it; soft tissue bends bone by less than 0.1 mm here.
    """
    steps = np.linspace(-_HEAD_MM, _HEAD_MM, 5)
    down = np.linspace(-_SHAFT_MM, _HEAD_MM, 9)
    spots = np.stack(np.meshgrid(steps, steps, down, indexing="ij")).reshape(3, -1)
    before, after = (_placed(scene, spots) for scene in (first, now))
    return fit_rigid(before, move.body.apply(after))


def _placed(scene: Scene, spots: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Points (3, n) of the humerus frame in the patient, (n, 3)."""
    return patient_points(scene, scene.frames["humerus"].to_body(spots)).T


def _direction(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    vector = rng.standard_normal(3)
    unit: npt.NDArray[np.float64] = vector / np.linalg.norm(vector)
    return unit
