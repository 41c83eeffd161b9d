"""How well a bundle segments a real person's bones, seen through the phantom's physics.

Tissue of both shoulders of the CT is told by its Hounsfield units and its bone labels (threshold
and eye, unverified; arms raised), turned into a signal as the phantom's is, and scanned in axial
slices of 3 mm. What counts as glenoid is cut from the scapula as the project defines it. Dice of
each U-Net on its own bone, of the vote, and of the result.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from benchmarks.ct_joint import Joint, find_joint, voxel_places
from benchmarks.ct_shoulders import as_left, ct_bones, grid_of
from shoulderseg.datasets.connected_components import largest_component
from shoulderseg.datasets.phantom.anatomy.glenoid import DEPTH_MM, OVERHANG_MM
from shoulderseg.datasets.phantom.scanner.acquire import acquire
from shoulderseg.datasets.phantom.scanner.protocol import Sequence
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol
from shoulderseg.datasets.phantom.scanner.signals import structure_signals
from shoulderseg.datasets.phantom.structures import Structure
from shoulderseg.datasets.reader import read_image
from shoulderseg.datasets.volume import Volume
from shoulderseg.evaluation.overlap import count_voxels, dice
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.segmentation.segment import prepare
from shoulderseg.workflows.segmentation.settings import Settings

if TYPE_CHECKING:
    import numpy.typing as npt

    from benchmarks.ct_joint import Bones, Mask

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "shoulder_ct_lidc0314"
RENDERED: tuple[Sequence, ...] = ("t1-se", "pd-fs", "t2-fs", "gre")
# Slices of three voxels, and a field of view around the joint: X from medial to lateral, Y.
SLICE_MM = 3
VIEW_MM = ((-100, 80), (-90, 90))
FAT_HU, MUSCLE_HU, BONE_HU, DENSE_HU = -300, -30, 130, 600
CORTEX_MM, CARTILAGE_MM = 1.5, 2.5


class Real(NamedTuple):
    """One shoulder of the CT: its tissues and its truth, 1 mm, as a left one."""

    tissue: npt.NDArray[np.uint8]
    humerus: Mask
    glenoid: Mask


def main() -> None:
    """Renders, segments, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default", help="name or folder of a bundle")
    parser.add_argument("--ct", type=Path, default=DATA, help="folder of the CT")
    parser.add_argument(
        "--mirroring",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="average over mirror images, as `predict` does",
    )
    parser.add_argument("--quick", action="store_true", help="one side, one sequence")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores as JSON")
    asked = parser.parse_args()
    bundle = read_bundle(find_bundle(asked.model))
    settings = Settings("cpu", None, mirroring=asked.mirroring, vote="majority")
    segment = prepare(bundle, settings)
    rows = []
    print("| side | sequence | humerus U-Net | vote | result | glenoid U-Net | vote | result |")
    print("|---" * 8 + "|")
    for side in ("right",) if asked.quick else ("right", "left"):
        real = _shoulder(asked.ct, side)
        for sequence in RENDERED[:1] if asked.quick else RENDERED:
            image = _rendered(real, sequence)
            found = segment(image)
            scores = {}
            for bone, value, mask in (("humerus", 1, real.humerus), ("glenoid", 2, real.glenoid)):
                truth = mask.reshape(-1, SLICE_MM, *mask.shape[1:]).mean(axis=1) >= 0.5
                scores[f"{bone} U-Net"] = dice(count_voxels(found.unets[bone], truth))
                scores[f"{bone} vote"] = dice(count_voxels(found.voted == value, truth))
                scores[bone] = dice(count_voxels(found.label_map == value, truth))
            rows.append({"side": side, "sequence": sequence, **scores})
            cells = " | ".join(f"{score:.3f}" for score in scores.values())
            print(f"| {side} | {sequence} | {cells} |", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n")


def _shoulder(folder: Path, side: str) -> Real:
    bones = ct_bones(folder, side)
    ct = read_image(folder / "ct_hu.nii.gz")
    hu = as_left(ct.array.astype(np.float32), ct.spacing_mm, side, -1000.0)
    joint = find_joint(bones)
    glenoid = _glenoid(bones, joint)
    x, y, _ = (round(value) for value in joint.middle)
    count = len(hu) // SLICE_MM * SLICE_MM
    (left, right), (front, back) = VIEW_MM
    view = (
        slice(0, count),
        slice(max(y + front, 0), y + back),
        slice(max(x + left, 0), x + right),
    )
    return Real(_tissue(hu, bones)[view], bones.humerus[view], glenoid[view])


def _glenoid(bones: Bones, joint: Joint) -> Mask:
    """The scapula near the joint surface, as docs/phantom.md defines it."""
    scapula = voxel_places(bones.scapula)
    surface = (joint.surface - joint.middle) @ joint.axes.T
    place = (scapula - joint.middle) @ joint.axes.T
    # Seen along the joint's axis: the nearest point of the surface, and how far aside it is.
    beside, nearest = cKDTree(surface[:, 1:]).query(place[:, 1:])
    off = np.abs(place[:, 0] - surface[nearest, 0])
    # Within half a voxel's diagonal of a surface voxel is within the outline.
    beyond = np.maximum(beside - np.sqrt(0.5), 0)
    chosen = (np.hypot(off, beyond) <= DEPTH_MM) & (beyond <= OVERHANG_MM)
    glenoid = np.zeros_like(bones.scapula)
    x, y, z = scapula[chosen].astype(int).T
    glenoid[z, y, x] = True
    return largest_component(glenoid)


def _tissue(hu: npt.NDArray[np.float32], bones: Bones) -> npt.NDArray[np.uint8]:
    tissue = np.full(hu.shape, int(Structure.AIR), np.uint8)
    tissue[hu >= FAT_HU] = Structure.SUBCUTANEOUS_FAT
    tissue[hu >= MUSCLE_HU] = Structure.DELTOID
    tissue[hu >= BONE_HU] = Structure.RIB_CORTEX
    near = [distance_transform_edt(~mask) <= CARTILAGE_MM for mask in bones[:2]]
    tissue[near[0] & near[1]] = Structure.HUMERAL_CARTILAGE
    kinds = (
        (bones.humerus, Structure.HUMERUS_CORTEX, Structure.HUMERUS_MARROW),
        (bones.scapula, Structure.SCAPULA_CORTEX, Structure.SCAPULA_MARROW),
    )
    for mask, cortex, marrow in kinds:
        shell = (distance_transform_edt(mask) <= CORTEX_MM) | (hu >= DENSE_HU)
        tissue[mask] = marrow
        tissue[mask & shell] = cortex
    return tissue


def _rendered(real: Real, sequence: Sequence) -> Volume:
    rng = np.random.default_rng(1)
    slices, height, width = real.tissue.shape
    shape = (slices // SLICE_MM, height, width)
    protocol = sample_protocol(
        sequence, "axial", rng, shape=shape, spacing_mm=(float(SLICE_MM), 1.0, 1.0)
    )
    # The reference has no margins and no fold-over.
    protocol = replace(protocol, wrap_fraction=0.0, blank_fraction=(0.0, 0.0))
    grid = replace(
        grid_of(np.zeros(3), np.eye(3), shape),
        spacing_mm=protocol.spacing_mm,
        thickness_mm=protocol.thickness_mm,
    )
    signal = structure_signals(protocol)[real.tissue, 0]
    water, fat = (
        signal[..., part].reshape(-1, SLICE_MM, height, width).mean(axis=1) for part in range(2)
    )
    middle = grid.centre_mm()
    around = np.radians([-100, -50, 0, 50, 100])
    coils = middle + 90 * np.stack([np.cos(around), np.sin(around), 0 * around], axis=1)
    image = acquire(water, fat, grid, protocol, coils, rng)
    return Volume(np.rint(image).astype(np.int16), grid.spacing_mm, (0, 0, 0), grid.direction)


if __name__ == "__main__":
    main()
