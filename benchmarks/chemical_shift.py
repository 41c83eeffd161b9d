"""Whether results follow fat that a scanner lays beside its place, or the bone itself.

Fat is read out at another frequency than water, so that marrow lies beside the bone by up to a few
millimetres, along the axis of the readout (chemical shift). The truth of the held-out phantoms is
where the bone is. Each result is compared with that, and with the truth moved by a share of what
the fat is moved: a result that follows the marrow agrees best with a share of 1. The shares below 0
move it the other way, which no result should agree with. Means of Dice and of NSD at 1 mm; slabs
that hold hardly any of a bone (below `LEAST_ML`) are left out.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.default_model import BONES, TOLERANCE_MM, held_out_phantoms, options_parser
from shoulderseg.datasets.phantom.scanner.kspace import fat_shift_voxels
from shoulderseg.datasets.phantom.scanner.protocol import Protocol
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.evaluation.overlap import count_voxels, dice
from shoulderseg.evaluation.surface import SurfaceDistances, surface_dice, surface_voxels
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.segmentation.segment import prepare
from shoulderseg.workflows.segmentation.settings import Settings

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Points = npt.NDArray[np.float64]

SHARES = (-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
# A voxel is this many parts, so that a truth can be moved by less than a voxel.
PARTS = 8
LEAST_ML = 1.0
KINDS = {
    "fat bright": ("t1-se", "pd-tse", "t2-tse"),
    "fat suppressed": ("pd-fs", "t2-fs", "stir"),
    "gradient echo": ("gre", "dixon-in", "dixon-out"),
    # Put in register by the reconstruction: nothing is moved.
    "Dixon water, fat": ("dixon-water", "dixon-fat"),
}


def main() -> None:
    """Makes the phantoms, segments them, and prints the table."""
    asked = options_parser(__doc__).parse_args()
    settings = Settings("cpu", None, mirroring=asked.mirroring, vote="majority")
    segment = prepare(read_bundle(find_bundle(asked.model)), settings)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = held_out_phantoms(asked.data or Path(scratch), quick=asked.quick)
        for path in sorted(folder.glob("imagesTr/*.nii.gz")):
            case = path.name.removesuffix("_0000.nii.gz")
            image = read_image(path)
            truth = read_label_map(folder / "labelsTr" / f"{case}.nii.gz").array
            protocol = _protocol(folder / "parametersTr" / f"{case}.json")
            voxels = fat_shift(protocol)
            found = segment(image).label_map
            for bone, value in BONES.items():
                wanted = truth == value
                if np.prod(image.spacing_mm) * wanted.sum() < LEAST_ML * 1000:
                    continue
                rows.append(
                    {
                        "bone": bone,
                        "kind": _kind_of(protocol.sequence),
                        "moved_mm": float(np.abs(np.multiply(voxels, image.spacing_mm)).max()),
                        "scores": moved_scores(found == value, wanted, voxels, image.spacing_mm),
                    }
                )
    _print_table(rows)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n")


def moved_scores(
    found: Mask,
    wanted: Mask,
    voxels: tuple[float, float, float],
    spacing_mm: tuple[float, float, float],
) -> list[tuple[float, float]]:
    """Scores a result against the truth, moved by shares of a shift.

    Args:
        found: The result, (Z, Y, X).
        wanted: Where the bone is.
        voxels: How far fat lies beside its place along each axis.
        spacing_mm: Of the voxels.

    Returns:
        Dice and NSD for each of `SHARES`; NSD is 0 where either is empty.
    """
    axis = int(np.argmax(np.abs(voxels)))
    fine = np.repeat(found, PARTS, axis)
    found_mm, wanted_mm = (
        np.argwhere(surface_voxels(mask)) * np.array(spacing_mm) for mask in (found, wanted)
    )
    scores = []
    for share in SHARES:
        moved = _moved(wanted, axis, round(share * voxels[axis] * PARTS))
        nsd = _nsd(found_mm, wanted_mm + share * np.multiply(voxels, spacing_mm))
        scores.append((dice(count_voxels(fine, moved)), nsd))
    return scores


def fat_shift(protocol: Protocol) -> tuple[float, float, float]:
    """How many voxels fat lies beside its place along each axis (Z, Y, X), by the protocol."""
    voxels = fat_shift_voxels(protocol)
    return (0.0, voxels, 0.0) if protocol.phase_axis == 2 else (0.0, 0.0, voxels)


def _moved(mask: Mask, axis: int, parts: int) -> Mask:
    """Parts of voxels along an axis, moved; what comes in at an edge is as the edge."""
    count = mask.shape[axis] * PARTS
    source = np.clip(np.arange(count) - parts, 0, count - 1) // PARTS
    moved: Mask = np.take(mask, source, axis)
    return moved


def _nsd(found_mm: Points, wanted_mm: Points) -> float:
    if not (len(found_mm) and len(wanted_mm)):
        return 0.0
    from_found = np.asarray(cKDTree(wanted_mm).query(found_mm)[0])
    from_wanted = np.asarray(cKDTree(found_mm).query(wanted_mm)[0])
    return surface_dice(SurfaceDistances(from_found, from_wanted), TOLERANCE_MM)


def _protocol(path: Path) -> Protocol:
    drawn = json.loads(path.read_text(encoding="utf-8"))["parameters"]["protocol"]
    lists = {name: tuple(value) for name, value in drawn.items() if isinstance(value, list)}
    return Protocol(**drawn | lists)


def _kind_of(sequence: str) -> str:
    return next(kind for kind, members in KINDS.items() if sequence in members)


def _print_table(rows: list[dict[str, Any]]) -> None:
    columns = [f"{name} at {share:g}" for name in ("Dice", "NSD") for share in SHARES]
    print("| " + " | ".join(["bone", "images", "n", "moved mm", *columns]) + " |")
    print("|---" * (len(columns) + 4) + "|")
    for bone, kind in ((bone, kind) for bone in BONES for kind in KINDS):
        members = [row for row in rows if (row["bone"], row["kind"]) == (bone, kind)]
        if members:
            moved = statistics.mean(row["moved_mm"] for row in members)
            means = np.mean([row["scores"] for row in members], axis=0)
            cells = [f"{moved:.2f}", *(f"{mean:.3f}" for mean in means.T.ravel())]
            print("| " + " | ".join([bone, kind, str(len(members)), *cells]) + " |")


if __name__ == "__main__":
    main()
