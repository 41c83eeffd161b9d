"""Shoulders rendered once for all tests: bones and cartilage of the joint at 0.8 mm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.phantom.anatomy.shoulder import Shoulder, build_scene, draw_shoulder
from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.painting import Painted, paint
from shoulderseg.datasets.phantom.scene import Scene
from shoulderseg.datasets.phantom.structures import HUMERUS, SCAPULA, Structure
from shoulderseg.datasets.phantom.truth import true_measurements

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.dimensions import Side
    from shoulderseg.datasets.phantom.marginals import Sex
    from shoulderseg.datasets.phantom.options import Health

VOXEL_MM = 0.8
# Holds the joint with the neck of the scapula, 64 by 61 by 64 mm.
_SHAPE = (80, 76, 80)
_BONY = HUMERUS | SCAPULA | {Structure.HUMERAL_CARTILAGE, Structure.GLENOID_CARTILAGE}
NO_SIGNAL = np.zeros((256, 2, 2), np.float32)
LPS_AXES = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Scan:
    """A joint as it was drawn, as it was rendered, and what is said about it."""

    shoulder: Shoulder
    scene: Scene
    grid: ScanGrid
    painted: Painted
    truth: dict[str, Any]

    @property
    def marks(self) -> dict[str, npt.NDArray[np.float64]]:
        """Landmarks in the patient."""
        return {name: np.array(spot) for name, spot in self.truth["landmarks_lps_mm"].items()}

    @property
    def humerus(self) -> npt.NDArray[np.bool_]:
        """Voxels that are humerus by half at least, as in a label map."""
        return self.painted.humerus >= 0.5

    @property
    def glenoid(self) -> npt.NDArray[np.bool_]:
        """Voxels that are glenoid by half at least, as in a label map."""
        return self.painted.glenoid >= 0.5


def draw(
    options: PhantomOptions, seed: int, *, depth_mm: float = 30.0, whole: bool = False
) -> tuple[Shoulder, Scene]:
    """A shoulder and its scene, complete."""
    shoulder = draw_shoulder(options, np.random.default_rng(seed))
    return shoulder, build_scene(shoulder, depth_mm, whole=whole)


def bony(scene: Scene) -> Scene:
    """A scene of bones and cartilage alone, in which the bones are what they were."""
    return scene._replace(layers=[part for part in scene.layers if part.structure in _BONY])


def cube(middle: npt.NDArray[np.float64], shape: tuple[int, int, int], voxel_mm: float) -> ScanGrid:
    """An isotropic volume along the patient's axes around a place."""
    x, y, z = (middle - (np.array(shape[::-1]) - 1) / 2 * voxel_mm).tolist()
    return ScanGrid(shape, (voxel_mm,) * 3, voxel_mm, (x, y, z), LPS_AXES)


@cache
def scan(
    seed: int, side: Side, sex: Sex, health: Health = "healthy", loss_percent: float = 0.0
) -> Scan:
    """Draw a shoulder and render its joint."""
    options = PhantomOptions(side=side, sex=sex, health=health, bone_loss_percent=loss_percent)
    shoulder, scene = draw(options, seed)
    truth = true_measurements(scene, shoulder)
    ends = [np.array(truth["landmarks_lps_mm"][n]) for n in ("glenoid_middle", "head_centre")]
    grid = cube(np.mean(ends, axis=0), _SHAPE, VOXEL_MM)
    return Scan(shoulder, scene, grid, paint(bony(scene), grid, NO_SIGNAL, workers=1), truth)
