"""How much of what the glenoid lacks in Dice is its cut off the scapula, and how much its edges.

What counts as glenoid ends at a cut that no tissue marks: coracoid, spine and blade go on beyond
it. The held-out phantoms are made twice, once labelled with the glenoid and once with the whole
scapula, and every wrong voxel is put down to the cut or to an edge of the bone:

- called glenoid and scapula beyond the cut: the cut, if the glenoid is within `NEAR_MM`, else far
  from it; called glenoid and no scapula: an edge;
- glenoid that was missed: the cut where the scapula beyond it is nearer than what is no scapula,
  else an edge.

Shares are of glenoid and result together, so that all five sum to 1 - Dice. The last column is
the Dice that would be left if the cut were known.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt

from benchmarks.default_model import held_out_phantoms, options_parser
from shoulderseg.datasets.phantom.scanner.protocol import PLANES
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.segmentation.segment import prepare
from shoulderseg.workflows.segmentation.settings import Settings

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

GLENOID = 2
# Farther away a reader would not call it the cut.
NEAR_MM = 10.0
COLUMNS = (
    "too much, cut",
    "too much, far",
    "too much, edge",
    "missed, cut",
    "missed, edge",
    "Dice",
    "Dice without the cut",
)


def main() -> None:
    """Makes the phantoms, segments them, and prints the table."""
    asked = options_parser(__doc__).parse_args()
    settings = Settings("cpu", None, mirroring=asked.mirroring, vote="majority")
    segment = prepare(read_bundle(find_bundle(asked.model)), settings)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        root = asked.data or Path(scratch)
        folder = held_out_phantoms(root, quick=asked.quick)
        whole = held_out_phantoms(root, quick=asked.quick, whole_scapula=True)
        for path in sorted(folder.glob("imagesTr/*.nii.gz")):
            case = path.name.removesuffix("_0000.nii.gz")
            image = read_image(path)
            glenoid, scapula = (
                read_label_map(labels / "labelsTr" / f"{case}.nii.gz").array == GLENOID
                for labels in (folder, whole)
            )
            drawn = json.loads((folder / "parametersTr" / f"{case}.json").read_text())
            found = segment(image).label_map == GLENOID
            shares = wrong_shares(found, glenoid, scapula, image.spacing_mm)
            rows.append({"plane": drawn["parameters"]["protocol"]["plane"], **shares})
    _print_table(rows)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n")


def wrong_shares(
    found: Mask, glenoid: Mask, scapula: Mask, spacing_mm: tuple[float, float, float]
) -> dict[str, float]:
    """Puts what is wrong down to the cut or to edges.

    Args:
        found: What is called glenoid, (Z, Y, X).
        glenoid: The truth.
        scapula: All of the bone; the glenoid is part of it.
        spacing_mm: Of the voxels.

    Returns:
        The columns of the table; all shares are 0, and Dice 1, where there is neither glenoid nor
        result.
    """
    beyond = scapula & ~glenoid
    too_much, missed = found & ~glenoid, glenoid & ~found
    at_cut = missed & (_distance_mm(beyond, spacing_mm) < _distance_mm(~scapula, spacing_mm))
    near = _distance_mm(glenoid, spacing_mm) <= NEAR_MM
    counts = [
        int(part.sum())
        for part in (
            too_much & beyond & near,
            too_much & beyond & ~near,
            too_much & ~beyond,
            at_cut,
            missed & ~at_cut,
        )
    ]
    both = int(found.sum()) + int(glenoid.sum())
    # Dice is 1 - (too much + missed) / both.
    shares = [count / both if both else 0.0 for count in counts]
    # With the cut known, what lay beyond it is gone and what it lacked is there.
    known = both - counts[0] + counts[3]
    without = 1 - (counts[1] + counts[2] + counts[4]) / known if known else 1.0
    return dict(zip(COLUMNS, (*shares, 1 - sum(shares), without), strict=True))


def _distance_mm(mask: Mask, spacing_mm: tuple[float, float, float]) -> npt.NDArray[np.float64]:
    """From each voxel to the mask; infinite where it is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf)
    distances: npt.NDArray[np.float64] = distance_transform_edt(~mask, sampling=spacing_mm)
    return distances


def _print_table(rows: list[dict[str, float | str]]) -> None:
    print("| " + " | ".join(["phantoms", "n", *COLUMNS]) + " |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    for plane in ("all", *PLANES):
        members = [row for row in rows if plane in ("all", row["plane"])]
        if members:
            means = [statistics.mean(float(row[column]) for row in members) for column in COLUMNS]
            cells = [f"{mean:.3f}" for mean in means]
            print("| " + " | ".join([plane, str(len(members)), *cells]) + " |")


if __name__ == "__main__":
    main()
