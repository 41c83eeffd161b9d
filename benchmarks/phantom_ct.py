"""How the phantom's bones compare with those of a real CT.

The CT is a chest scan with both shoulders and arms raised (LIDC-IDRI-0314, CC BY 3.0; Armato 2011).
Its bone labels were made by threshold and watershed for this project and checked by eye only, so
they are a plausibility check and no reference; what lies within two voxels of their edge and under
200 HU is left out, because the labels meet in the joint. The phantoms are sound shoulders of women,
as the patient is, painted at 1 mm without a scanner. Everything is measured on the masks in the
same way, turned to a left shoulder:

- head: sphere fitted to the humerus, starting where it faces the joint; voxels off the sphere by
  more than 0.75 mm are dropped in turn.
- joint surface: the largest piece of scapula medial of and behind the head (not the acromion) that
  is no more than 4 mm further from that sphere than the nearest 5 %; its principal axes are the
  joint's normal and its height, their extents height and width, their middle the joint's middle.
  Everything below is in these axes.
- gap: humerus minus scapula along the normal, median over 8 mm around the middle.
- closest: the least distance of voxels of the two bones anywhere; 1 mm for neighbours.
- neck: front to back, median over the middle 12 mm of height, 20 mm medial of the joint.
- acromion to head: sphere to the nearest scapula over its upper third, but for the coracoid.
- reach: furthest voxels of the scapula from the joint's middle; the coracoid tip is the foremost.
- shaft: diameter of the circle with the area of the section; its axis goes through the middles of
  whole sections 38 to 70 mm below the head's centre.

`registered`: phantoms laid over the CT by joint middle and axes, scaled by head radius; Dice within
30 mm of the CT's joint surface and mean distance of the surfaces there. "humerus, own pose" is laid
by head centre, shaft axis and offset instead, within 45 mm of the centre. The CT's right shoulder
over its left one says what the labels of one person reach.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cc3d
import numpy as np
import numpy.typing as npt
from scipy.ndimage import (
    affine_transform,
    binary_dilation,
    binary_erosion,
    distance_transform_edt,
    label,
    map_coordinates,
)
from scipy.spatial import cKDTree

from shoulderseg.cli.overlay import COLOURS
from shoulderseg.datasets.phantom.anatomy.glenoid import DEPTH_MM
from shoulderseg.datasets.phantom.anatomy.shoulder import build_scene, draw_shoulder
from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.painting import Scene, paint
from shoulderseg.datasets.phantom.structures import (
    COMPOSITION,
    HUMERUS,
    SCAPULA,
    Material,
    Structure,
)
from shoulderseg.datasets.phantom.truth import fit_sphere, true_measurements
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.evaluation.surface import surface_voxels

if TYPE_CHECKING:
    from collections.abc import Sequence

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

DATA = Path(__file__).parents[2] / "shared" / "data" / "shoulder_ct_lidc0314"
CT_LABELS = {"right": (1, 3), "left": (2, 4)}
# The lowest slices have no labels.
CT_FIRST_LABELLED = 5
PHANTOMS, QUICK_PHANTOMS, FIRST_SEED = 20, 2, 1000
# Around the joint, patient (X, Y, Z): the whole scapula, and the arm to 100 mm under the head.
BOX_MM = ((-140, 75), (-75, 100), (-130, 70))
# The same in the joint's axes; and the part that is compared after registration.
ALIGNED_MM = ((-130, 65), (-65, 65), (-125, 60))
NEAR_MM = ((-45, 60), (-55, 55), (-55, 55))
HEIGHTS_MM = (-18, -9, 0, 9, 18, 27)
VIEW_MM = 130
REGION_MM, HEAD_REGION_MM = 30.0, 45.0
# Rough CT numbers, for pictures only.
HOUNSFIELD = {
    Material.AIR: -1000,
    Material.LUNG: -850,
    Material.FAT: -100,
    Material.SKIN: 20,
    Material.FLUID: 10,
    Material.CORTICAL_BONE: 1100,
    Material.YELLOW_MARROW: 130,
    Material.RED_MARROW: 260,
}
SOFT_TISSUE_HU = 55
BONE_HU = 200
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


class Phantom(NamedTuple):
    """A phantom with what is known of it."""

    scene: Scene
    bones: Bones
    joint: Joint
    stated: dict[str, float]


def main() -> None:
    """Measures, prints and draws."""
    options = _parse()
    begin = time.perf_counter()
    ct = {side: _ct_bones(options.data, side) for side in CT_LABELS}
    joints = {side: find_joint(bones) for side, bones in ct.items()}
    seeds = range(FIRST_SEED, FIRST_SEED + (QUICK_PHANTOMS if options.quick else PHANTOMS))
    phantoms = [_phantom(seed) for seed in seeds]
    measured = {side: measures(ct[side], joints[side]) for side in CT_LABELS}
    ours = [measures(phantom.bones, phantom.joint) for phantom in phantoms]
    stated = [phantom.stated for phantom in phantoms]
    _print_measures(measured, ours, stated)
    overlaps = _overlaps(ct, joints, phantoms)
    _print_overlaps(overlaps)
    print(f"\n{len(phantoms)} phantoms, {time.perf_counter() - begin:.0f} s")
    if options.png:
        _draw(options.png, options.data, joints, phantoms[0], upright=True)
        aligned = options.png.with_stem(f"{options.png.stem}-aligned")
        _draw(aligned, options.data, joints, phantoms[0], upright=False)
    if options.json:
        found = {"ct": measured, "phantoms": ours, "stated": stated, "registered": overlaps}
        options.json.write_text(json.dumps(found, indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the CT")
    parser.add_argument("--png", type=Path, help="also draw OUT.png and OUT-aligned.png")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PHANTOMS} phantoms")
    parser.add_argument("--json", type=Path, help="write every figure here")
    return parser.parse_args()


def _ct_bones(folder: Path, side: str) -> Bones:
    labels = read_label_map(folder / "labels_auto_UNVERIFIED.nii.gz")
    soft = read_image(folder / "ct_hu.nii.gz").array < BONE_HU
    known = np.zeros(labels.array.shape, bool)
    known[CT_FIRST_LABELLED:] = True
    masks = [_trimmed(labels.array == value, soft) for value in CT_LABELS[side]]
    humerus, scapula, inside = (
        _as_left(mask.astype(np.float32), labels.spacing_mm, side, 0.0) >= 0.5
        for mask in (*masks, known)
    )
    return Bones(humerus, scapula, inside)


def _trimmed(mask: Mask, soft: Mask) -> Mask:
    """Leaves out what is no bone at the edge, but not the marrow behind the cortex."""
    bone: Mask = ~binary_dilation(~mask, iterations=2, mask=~mask | soft)
    return bone


def _as_left(
    array: npt.NDArray[np.float32], spacing_mm: tuple[float, float, float], side: str, fill: float
) -> npt.NDArray[np.float32]:
    """Brings an upright volume to 1 mm, and a right shoulder to the left."""
    shape = [int((size - 1) * step) + 1 for size, step in zip(array.shape, spacing_mm, strict=True)]
    turned = array[..., ::-1] if side == "right" else array
    steps = [1 / step for step in spacing_mm]
    fine: npt.NDArray[np.float32] = affine_transform(
        turned, steps, output_shape=tuple(shape), order=1, cval=fill
    )
    return fine


def _phantom(seed: int) -> Phantom:
    options = PhantomOptions(side="left", sex="female", health="healthy", whole_scapula=True)
    shoulder = draw_shoulder(options, np.random.default_rng(seed))
    scene = build_scene(shoulder, DEPTH_MM, whole=True)
    bony = scene._replace(
        layers=[layer for layer in scene.layers if layer.structure in HUMERUS | SCAPULA]
    )
    low, high = np.array(BOX_MM).T
    grid = _grid(scene.joint_mm + low, np.eye(3), (high - low)[::-1] + 1)
    painted = paint(bony, grid, np.zeros((256, 2, 2), np.float32))
    humerus = painted.humerus >= 0.5
    bones = Bones(humerus, painted.glenoid >= 0.5, np.ones_like(humerus))
    stated = {
        name: value
        for name, value in true_measurements(scene, shoulder).items()
        if name in ("head_radius_mm", "glenoid_height_mm", "glenoid_width_mm")
    }
    return Phantom(scene, bones, find_joint(bones), stated)


def _grid(origin_mm: Floats, axes: Floats, shape: Sequence[int]) -> ScanGrid:
    """Voxels of 1 mm along the rows of `axes`, from a corner in the patient."""
    z, y, x = (int(size) for size in shape)
    first, second, third = (float(value) for value in origin_mm)
    direction = tuple(float(value) for value in axes.T.ravel())
    return ScanGrid((z, y, x), (1.0, 1.0, 1.0), 1.0, (first, second, third), direction)


def _places(mask: Mask) -> Floats:
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
    humerus, scapula = _places(surface_voxels(bones.humerus)), _places(bones.scapula)
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
    surface = _places(cc3d.largest_k(near, k=1, connectivity=26) > 0)
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
    humerus = _places(bones.humerus)
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


def _sampled(
    array: npt.NDArray[np.float32],
    origin: Floats,
    axes: Floats,
    box_mm: Sequence[tuple[float, float]],
    fill: float = 0.0,
) -> npt.NDArray[np.float32]:
    """An array (Z, Y, X) on a grid of 1 mm along `axes` around `origin`, again (Z, Y, X)."""
    lines = [np.arange(low, high + 1, dtype=np.float64) for low, high in box_mm]
    z, y, x = np.meshgrid(*lines[::-1], indexing="ij")
    places = origin + np.stack([x, y, z], axis=-1) @ axes
    found: npt.NDArray[np.float32] = map_coordinates(
        array, np.moveaxis(places[..., ::-1], -1, 0), order=1, cval=fill
    )
    return found


def _turned(mask: Mask, origin: Floats, axes: Floats, box: Sequence[tuple[float, float]]) -> Mask:
    turned: Mask = _sampled(mask.astype(np.float32), origin, axes, box) >= 0.5
    return turned


def measures(bones: Bones, joint: Joint) -> dict[str, float]:
    """Measures a shoulder.

    Args:
        bones: Its masks.
        joint: What was found of its joint.

    Returns:
        Lengths in mm; NaN where the image ends before the bone does.
    """
    humerus, scapula, known = (
        _turned(mask, joint.middle, joint.axes, ALIGNED_MM) for mask in bones
    )
    sheet = (joint.surface - joint.middle) @ joint.axes.T
    width, height = (np.ptp(sheet, axis=0) + 1)[1:]
    head = joint.axes @ (joint.head_centre - joint.middle)
    return {
        "head_radius_mm": joint.head_radius,
        "glenoid_height_mm": float(height),
        "glenoid_width_mm": float(width),
        "gap_mm": _gap(humerus, scapula),
        "closest_mm": _closest(bones),
        "neck_mm": _neck(scapula),
        "acromion_to_head_mm": _acromion_to_head(scapula, head, joint.head_radius),
        **_reach(scapula, known),
        "head_offset_mm": joint.offset,
        **{f"shaft_{down}_mm": _shaft_diameter(bones, joint, down) for down in (40, 50, 60)},
    }


def _along(axis: int) -> npt.NDArray[np.float64]:
    return np.arange(ALIGNED_MM[axis][0], ALIGNED_MM[axis][1] + 1, dtype=np.float64)


def _gap(humerus: Mask, scapula: Mask) -> float:
    z, y = np.meshgrid(_along(2), _along(1), indexing="ij")
    x = _along(0)
    middle = np.hypot(z, y) <= 8
    bone, head = scapula[middle][:, x <= 12], humerus[middle]
    both = bone.any(axis=1) & head.any(axis=1)
    last = bone.shape[1] - 1 - bone[both, ::-1].argmax(axis=1)
    return float(np.median(head[both].argmax(axis=1) - last - 1))


def _closest(bones: Bones) -> float:
    """Between the middles of the nearest voxels of the two bones, wherever that is."""
    humerus, scapula = (_places(surface_voxels(mask)) for mask in bones[:2])
    return float(np.min(cKDTree(scapula).query(humerus)[0]))


def _neck(scapula: Mask) -> float:
    x, y, z = (_along(axis) for axis in range(3))
    plane = scapula[:, :, int(np.flatnonzero(x == -20)[0])]
    found = []
    for row in plane[np.abs(z) <= 6]:
        runs, count = label(row)
        if count:
            # The one behind the joint, not the acromion or the coracoid.
            nearest = runs[np.where(row, np.abs(y), np.inf).argmin()]
            found.append(int((runs == nearest).sum()))
    return float(np.median(found)) if found else float("nan")


def _acromion_to_head(scapula: Mask, head: Floats, radius: float) -> float:
    box = [low for low, _ in ALIGNED_MM]
    off = _places(scapula) + box - head
    # Lateral of the upper rim and of the coracoid's root, behind the coracoid.
    above = (off > radius * np.array([-0.3, -0.5, 0.67])).all(axis=1)
    if not above.any():
        return float("nan")
    return float(np.linalg.norm(off[above], axis=1).min() - radius - 0.5)


def _reach(scapula: Mask, known: Mask) -> dict[str, float]:
    """How far the scapula goes in each direction; the coracoid's tip in all three."""
    beyond = distance_transform_edt(known)
    places = _places(scapula)
    spots = places + [low for low, _ in ALIGNED_MM]
    x, y, z = spots.T

    def furthest(sign: int, lengths: Floats, among: Mask) -> float:
        number = int(np.argmax(np.where(among, sign * lengths, -np.inf)))
        column, row, level = places[number].astype(int)
        cut = beyond[level, row, column] <= 3
        return float("nan") if cut else float(sign * lengths[number])

    everything = np.ones(len(spots), bool)
    tip = spots[(x > -30) & (y < y[x > -30].min() + 3)].mean(axis=0)
    return {
        "medial_border_mm": furthest(-1, x, np.abs(z) <= 15),
        "acromion_lateral_mm": furthest(1, x, everything),
        "top_mm": furthest(1, z, x > -30),
        "acromion_posterior_mm": furthest(1, y, x > -30),
        "coracoid_anterior_mm": float(-tip[1]),
        "coracoid_lateral_mm": float(tip[0]),
        "coracoid_superior_mm": float(tip[2]),
        "inferior_angle_mm": furthest(-1, z, everything),
    }


def _shaft_diameter(bones: Bones, joint: Joint, down_mm: float) -> float:
    """Across the humerus, so far from the head's centre along the axis of the shaft."""
    if np.isnan(joint.shaft).any():
        return float("nan")
    place = joint.head_centre - down_mm * joint.shaft[2]
    flat = ((-25, 35), (-30, 30), (0, 0))
    section = _turned(bones.humerus, place, joint.shaft, flat)
    around = binary_dilation(section, np.ones((1, 5, 5), bool))
    if not section.any() or not _turned(bones.known, place, joint.shaft, flat)[around].all():
        return float("nan")
    return float(2 * np.sqrt(section.sum() / np.pi))


def _overlaps(
    ct: dict[str, Bones], joints: dict[str, Joint], phantoms: Sequence[Phantom]
) -> dict[str, list[dict[str, float]]]:
    """Phantoms over each side of the CT, and the CT's right shoulder over its left one."""
    found = {
        f"phantoms over the CT's {side}": [
            _overlap(ct[side], joints[side], phantom.bones, phantom.joint) for phantom in phantoms
        ]
        for side in CT_LABELS
    }
    found["the CT's right over its left"] = [
        _overlap(ct["left"], joints["left"], ct["right"], joints["right"])
    ]
    if len(phantoms) > 1:
        first, *others = phantoms
        found["phantoms over a phantom"] = [
            _overlap(first.bones, first.joint, other.bones, other.joint) for other in others
        ]
    return found


def _overlap(fixed: Bones, joint: Joint, moved: Bones, own: Joint) -> dict[str, float]:
    scale = own.head_radius / joint.head_radius
    z, y, x = np.meshgrid(
        *(np.arange(low, high + 1.0) for low, high in NEAR_MM[::-1]), indexing="ij"
    )
    places = np.stack([x, y, z], axis=-1)
    away = np.ones(places.shape[:3], bool)
    sheet = (joint.surface - joint.middle) @ joint.axes.T - [low for low, _ in NEAR_MM]
    away[tuple(np.rint(sheet.T[::-1]).astype(int))] = False
    near = distance_transform_edt(away) <= REGION_MM
    near &= _turned(fixed.known, joint.middle, joint.axes, NEAR_MM)
    near &= _turned(moved.known, own.middle, scale * own.axes, NEAR_MM)
    found: dict[str, float] = {}
    for name in ("scapula", "humerus"):
        first = _turned(getattr(fixed, name), joint.middle, joint.axes, NEAR_MM)
        second = _turned(getattr(moved, name), own.middle, scale * own.axes, NEAR_MM)
        found |= _agreement(name, first, second, near)
    if not np.isnan(joint.shaft).any() and not np.isnan(own.shaft).any():
        near = np.linalg.norm(places, axis=-1) <= HEAD_REGION_MM
        near &= _turned(fixed.known, joint.head_centre, joint.shaft, NEAR_MM)
        near &= _turned(moved.known, own.head_centre, scale * own.shaft, NEAR_MM)
        first = _turned(fixed.humerus, joint.head_centre, joint.shaft, NEAR_MM)
        second = _turned(moved.humerus, own.head_centre, scale * own.shaft, NEAR_MM)
        found |= _agreement("humerus, own pose", first, second, near)
    return found


def _agreement(name: str, first: Mask, second: Mask, near: Mask) -> dict[str, float]:
    both = np.count_nonzero(first & second & near)
    sizes = np.count_nonzero(first & near) + np.count_nonzero(second & near)
    surfaces = surface_voxels(first), surface_voxels(second)
    distances = [
        distance_transform_edt(~there)[here & near] for here, there in (surfaces, surfaces[::-1])
    ]
    return {
        f"{name} Dice": 2 * both / sizes,
        f"{name} surface mm": float(np.concatenate(distances).mean()),
    }


def _print_measures(
    ct: dict[str, dict[str, float]],
    phantoms: Sequence[dict[str, float]],
    stated: Sequence[dict[str, float]],
) -> None:
    print("| mm | CT right | CT left | phantoms | lowest to highest | stated truth |")
    print("|---" * 6 + "|")
    for name in phantoms[0]:
        ours = np.array([found[name] for found in phantoms])
        truth = [found[name] for found in stated if name in found]
        cells = [
            name.removesuffix("_mm").replace("_", " "),
            *(_number(ct[side][name]) for side in CT_LABELS),
            _spread(ours),
            _range(ours),
            _spread(np.array(truth)) if truth else "",
        ]
        print(f"| {' | '.join(cells)} |")


def _print_overlaps(overlaps: dict[str, list[dict[str, float]]]) -> None:
    names = list(dict.fromkeys(name for rows in overlaps.values() for row in rows for name in row))
    print(f"\n| registered | {' | '.join(names)} |\n" + "|---" * (len(names) + 1) + "|")
    for title, rows in overlaps.items():
        spreads = [
            _spread(np.array([row.get(name, np.nan) for row in rows]), 3 if "Dice" in name else 1)
            for name in names
        ]
        print(f"| {title} | {' | '.join(spreads)} |")


def _number(value: float) -> str:
    return "cut off" if np.isnan(value) else f"{value:.1f}"


def _spread(values: Floats, digits: int = 1) -> str:
    found = values[~np.isnan(values)]
    if not len(found):
        return "cut off"
    if len(found) == 1:
        return f"{found[0]:.{digits}f}"
    return f"{found.mean():.{digits}f} ± {found.std(ddof=1):.{digits}f}"


def _range(values: Floats) -> str:
    found = values[~np.isnan(values)]
    return f"{found.min():.1f} to {found.max():.1f}" if len(found) else ""


def _draw(
    path: Path, folder: Path, joints: dict[str, Joint], phantom: Phantom, *, upright: bool
) -> None:
    """Slices at several heights: the CT's shoulders above, a phantom below.

    Args:
        path: The PNG.
        folder: The CT.
        joints: Of the CT's shoulders.
        phantom: What to show below.
        upright: Axial slices of the patient; otherwise slices across the joint's height.
    """
    from matplotlib.figure import Figure

    rows = [_ct_row(folder, side, joints[side], upright=upright) for side in CT_LABELS]
    rows.append(_phantom_row(phantom, upright=upright))
    titles = [*(f"CT {side}" for side in CT_LABELS), "phantom"]
    figure = Figure(
        figsize=(2.7 * len(HEIGHTS_MM), 2.85 * len(rows)), layout="constrained", facecolor="#101012"
    )
    panels = figure.subplots(len(rows), len(HEIGHTS_MM))
    for title, row, line in zip(titles, rows, panels, strict=True):
        for height, (pixels, masks), panel in zip(HEIGHTS_MM, row, line, strict=True):
            panel.imshow(pixels, cmap="gray", vmin=-250, vmax=900)
            for mask, colour in zip(masks, COLOURS, strict=False):
                if mask.any():
                    panel.contour(mask, levels=[0.5], colors=colour, linewidths=0.9)
            panel.set_title(f"{title}, {height:+d} mm", fontsize=8, color="#d6d6d6")
            panel.set_axis_off()
    figure.savefig(path, dpi=100)


Pictures = list[tuple[npt.NDArray[np.float32], tuple[Mask, Mask]]]


def _boxes(joint: Joint, *, upright: bool) -> tuple[Floats, list[list[tuple[float, float]]]]:
    """Axes of the pictures, and the box of each around the joint's middle."""
    half = VIEW_MM / 2
    # More of the scapula than of the arm.
    flat = [(-half - 10.0, half - 10.0), (-half, half)]
    axes = np.eye(3) if upright else joint.axes
    return axes, [[*flat, (float(height), float(height))] for height in HEIGHTS_MM]


def _ct_row(folder: Path, side: str, joint: Joint, *, upright: bool) -> Pictures:
    image = read_image(folder / "ct_hu.nii.gz")
    pixels = _as_left(image.array.astype(np.float32), image.spacing_mm, side, -1000.0)
    bones = _ct_bones(folder, side)
    axes, boxes = _boxes(joint, upright=upright)
    return [
        (
            _sampled(pixels, joint.middle, axes, box, -1000.0)[0],
            (
                _turned(bones.humerus, joint.middle, axes, box)[0],
                _turned(bones.scapula, joint.middle, axes, box)[0],
            ),
        )
        for box in boxes
    ]


def _phantom_row(phantom: Phantom, *, upright: bool) -> Pictures:
    axes, boxes = _boxes(phantom.joint, upright=upright)
    low = np.array(BOX_MM).T[0]
    middle = phantom.scene.joint_mm + low + phantom.joint.middle
    pictures: Pictures = []
    for box in boxes:
        corner, far = np.array(box).T
        grid = _grid(middle + corner @ axes, axes, (far - corner)[::-1] + 1)
        # Painted with CT numbers for signals.
        painted = paint(phantom.scene, grid, _hounsfield())
        masks = painted.humerus[0] >= 0.5, painted.glenoid[0] >= 0.5
        pictures.append((painted.water[0] - 1000, masks))
    return pictures


def _hounsfield() -> npt.NDArray[np.float32]:
    """CT numbers above air, as signals for the painter, (256, 2, 2)."""
    signals = np.zeros((256, 2, 2), np.float32)
    for structure in Structure:
        for end, material in enumerate(COMPOSITION[structure]):
            signals[structure, end, 0] = HOUNSFIELD.get(material, SOFT_TISSUE_HU) + 1000
    return signals


if __name__ == "__main__":
    main()
