"""Real persons' bones in the phantom's body: their shape takes the place of the phantom's own.

A bone is known by its signed distance on voxels of 1 mm, in its own frame: the scapula in that of
the joint surface, the humerus in that of head and shaft. The phantom lays skin, muscles, tendons,
cartilage and marrow around and into it, places it in any pose, and scans it as it scans its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import trimesh
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates
from skimage.draw import polygon2mask

from benchmarks.ct_joint import Bones, Floats, Mask, find_joint
from benchmarks.ct_shoulders import ct_bones
from shoulderseg.datasets.connected_components import largest_component
from shoulderseg.datasets.phantom.anatomy.shoulder import Shoulder, build_scene

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import FrameName, Points
    from shoulderseg.datasets.phantom.layers import Distance
    from shoulderseg.datasets.phantom.scene import Scene
    from shoulderseg.datasets.phantom.sdf import FloatArray

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
# The steps of voxels are smoothed away with this.
SMOOTH_MM = 0.7
# The phantom's own bones go by these names among what points know of themselves.
_KNOWN_AS = {"humerus": ("humerus", "sound humerus"), "scapula": ("scapula",)}


@dataclass(frozen=True, eq=False)
class Shape:
    """One bone.

    Attributes:
        distance_mm: Signed distance on voxels of 1 mm, negative inside, float32 (Z, Y, X).
        axes: Its frame's unit vectors as columns, in the coordinates (x, y, z) of the voxels.
        origin: Where the frame begins, in these coordinates, (3,).
        frame: Which of the phantom's frames it is.
    """

    distance_mm: npt.NDArray[np.float32]
    axes: Floats
    origin: Floats
    frame: FrameName

    def at(self, points: Points) -> FloatArray:
        """Gives the distance of points; beyond the voxels it grows with the way to them, (n,)."""
        place = self.axes @ points.within(self.frame) + self.origin[:, None]
        last = np.array(self.distance_mm.shape[::-1])[:, None] - 1.0
        within = np.clip(place, 0, last)
        inside = map_coordinates(self.distance_mm, within[::-1], order=1)
        found: npt.NDArray[np.float32] = (inside + np.linalg.norm(place - within, axis=0)).astype(
            np.float32
        )
        return found


class Person(NamedTuple):
    """Both bones of a real person, as a left shoulder, and what the soft parts need of them."""

    name: str
    humerus: Shape
    scapula: Shape
    lengths_mm: Mapping[str, float]


def real_persons(data: Path = DATA) -> list[Person]:
    """Reads the man of BodyParts3D and both shoulders of the woman of the CT.

    Args:
        data: Folder of the real bones.

    Returns:
        Three persons.

    Raises:
        FileNotFoundError: If a bone is not there.
    """
    ct = data / "shoulder_ct_lidc0314"
    man = _body_parts(data / "bone_meshes_bodyparts3d")
    right, left = (ct_bones(ct, side) for side in ("right", "left"))
    # The left arm leaves the CT before its shaft begins.
    return [
        _person("BodyParts3D", man, man),
        _person("CT right", right, right),
        _person("CT left", left, right),
    ]


def scene_of(shoulder: Shoulder, person: Person, glenoid_depth_mm: float) -> tuple[Shoulder, Scene]:
    """Puts a shoulder together with a real person's bones.

    Args:
        shoulder: The soft parts and the pose.
        person: The bones.
        glenoid_depth_mm: How far from the joint surface the scapula is glenoid.

    Returns:
        The shoulder with the lengths of the person, and its layers from skin to bone.
    """
    fitted = replace(shoulder, dimensions=_fitted(shoulder.dimensions, person))
    scene = build_scene(fitted, glenoid_depth_mm, whole=False)

    def with_bones(distance: Distance) -> Distance:
        def known(points: Points) -> FloatArray:
            # Whatever asks for a bone's distance afterwards gets the real one's.
            for shape, names in (
                (person.humerus, _KNOWN_AS["humerus"]),
                (person.scapula, _KNOWN_AS["scapula"]),
            ):
                for name in names:
                    points.once(name, shape.at)
            return distance(points)

        return known

    layers = [replace(layer, distance=with_bones(layer.distance)) for layer in scene.layers]
    return fitted, scene._replace(layers=layers)


def _fitted(dimensions: Dimensions, person: Person) -> Dimensions:
    """The dimensions with the person's head and joint surface, and what follows from them."""
    lengths = person.lengths_mm
    head = lengths["head_radius_mm"]
    return replace(
        dimensions,
        head_radius_mm=head,
        head_height_mm=dimensions.head_height_mm * head / dimensions.head_radius_mm,
        glenoid_height_mm=lengths["glenoid_height_mm"],
        glenoid_width_mm=lengths["glenoid_width_mm"],
        glenoid_upper_width_mm=dimensions.glenoid_upper_width_mm
        * lengths["glenoid_width_mm"]
        / dimensions.glenoid_width_mm,
        glenoid_curvature_mm=dimensions.glenoid_curvature_mm - dimensions.head_radius_mm + head,
    )


def _person(name: str, bones: Bones, shafted: Bones) -> Person:
    """Finds head, shaft and joint surface on masks; the humerus is that of `shafted`."""
    joint = find_joint(bones)
    found = joint if shafted is bones else find_joint(shafted)
    sheet = (joint.surface - joint.middle) @ joint.axes.T
    # From the outer edges of the outermost voxels.
    _, width, height = (float(extent) + 1 for extent in np.ptp(sheet, axis=0))
    lengths = {
        "head_radius_mm": found.head_radius,
        "glenoid_height_mm": height,
        "glenoid_width_mm": width,
    }
    arm, blade = _distance(shafted.humerus), _distance(bones.scapula)
    return Person(
        name,
        Shape(arm, found.shaft.T, found.head_centre, "humerus"),
        Shape(blade, joint.axes.T, joint.middle, "glenoid"),
        lengths,
    )


def _distance(mask: Mask) -> npt.NDArray[np.float32]:
    """Signed distance from the faces between voxels, without their steps."""
    inside = largest_component(mask)
    off: Floats = distance_transform_edt(~inside) - distance_transform_edt(inside)
    smooth: Floats = gaussian_filter(off - 0.5 * np.sign(off), SMOOTH_MM)
    return smooth.astype(np.float32)


def _body_parts(folder: Path) -> Bones:
    """Humerus and scapula of BodyParts3D as a left shoulder: x to lateral, y back, z up."""
    meshes = [_mesh(folder / f"{name}_raw.stl") for name in ("humerus", "scapula")]
    low = np.floor(np.min([mesh.bounds[0] for mesh in meshes], axis=0)) - 3
    high = np.ceil(np.max([mesh.bounds[1] for mesh in meshes], axis=0)) + 3
    count = (high - low).astype(int) + 1
    humerus, scapula = (_filled(mesh, low, count) for mesh in meshes)
    return Bones(humerus, scapula, np.ones_like(humerus))


def _mesh(file: Path) -> trimesh.Trimesh:
    if not file.is_file():
        msg = f"No bone at {file}."
        raise FileNotFoundError(msg)
    mesh = trimesh.load(file, force="mesh")
    if not isinstance(mesh, trimesh.Trimesh):
        msg = f"{file} is no mesh."
        raise ValueError(msg)
    # The file's y points to the front; a right shoulder seen in a mirror is a left one.
    mesh.apply_transform(np.diag([1.0, -1.0, 1.0, 1.0]))
    # It was made from voxels of 1 mm, whose steps it shows.
    trimesh.smoothing.filter_taubin(mesh, iterations=20)
    return mesh


def _filled(mesh: trimesh.Trimesh, low: Floats, count: npt.NDArray[np.int64]) -> Mask:
    """Fills the outlines of a mesh in slices of 1 mm; `count` is (x, y, z)."""
    mask = np.zeros(count[::-1], np.bool_)
    for number, layer in enumerate(mask):
        height = [0, 0, low[2] + number + 1e-4]
        section = mesh.section(plane_origin=height, plane_normal=[0, 0, 1])
        for path in [] if section is None else section.discrete:
            layer ^= polygon2mask(layer.shape, path[:, 1::-1] - low[1::-1])
    return mask
