"""A contact sheet of phantoms over sequences and planes, to be looked at beside real images.

Twelve cases, all from one seed, each cut square around the joint at the same scale; the slice goes
through the middle of the joint's surface. `--overlay` writes the same slices with the outlines of
humerus and glenoid into a second file. `--real DIR` adds two rows: a real T1-weighted and four real
PD fat-saturated slices, and phantoms as coarse as these. `--quick` draws the first row alone, of
coarse images; `--json` writes the captions.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.ndimage import distance_transform_edt

from benchmarks.sheet_tiles import COLUMNS, Tile, write_sheet
from shoulderseg.datasets.phantom.case import (
    GLENOID_LABEL,
    HUMERUS_LABEL,
    PhantomCase,
    make_case,
)
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.reader import read_image

JOINT_MM = 6.0

# Few slices around the joint, of which one is shown.
FEW = {"shape": (5, 384, 384)}
SHOWN: tuple[dict[str, Any], ...] = (
    {"sequence": "t1-se", "plane": "coronal", "side": "left", "health": "healthy", **FEW},
    {"sequence": "pd-fs", "plane": "coronal", "side": "right", "health": "cuff-tear", **FEW},
    {"sequence": "t2-fs", "plane": "coronal", "side": "left", "health": "arthrosis", **FEW},
    {"sequence": "stir", "plane": "coronal", "side": "right", "field_t": 0.25, **FEW},
    {"sequence": "pd-fs", "plane": "axial", "side": "left", "health": "healthy", **FEW},
    {
        "sequence": "pd-tse",
        "plane": "axial",
        "side": "right",
        "health": "instability",
        "bone_loss_percent": 20,
        **FEW,
    },
    {"sequence": "gre", "plane": "axial", "side": "left", "health": "mixed", **FEW},
    {"sequence": "dixon-water", "plane": "axial", "side": "right", "health": "mixed", **FEW},
    {"sequence": "t1-se", "plane": "sagittal", "side": "right", "field_t": 0.25, **FEW},
    {"sequence": "t2-tse", "plane": "sagittal", "side": "left", "health": "cuff-tear", **FEW},
    {"sequence": "dixon-fat", "plane": "isotropic", "side": "right", "shape": (9, 192, 192)},
    {"sequence": "pd-fs", "plane": "axial", "side": "left", "random_contrast": True, **FEW},
)
T1_LIKE: dict[str, Any] = {
    "sequence": "t1-se",
    "plane": "coronal",
    "field_t": 1.5,
    "shape": (5, 512, 512),
    "spacing_mm": (6.0, 0.39, 0.39),
}
PDFS_LIKE: dict[str, Any] = {
    "sequence": "pd-fs",
    "plane": "coronal",
    "field_t": 1.5,
    "shape": (9, 64, 64),
    "spacing_mm": (4.0, 2.344, 2.344),
}
# Drawn in seconds.
COARSE: dict[str, Any] = {"shape": (12, 128, 128), "spacing_mm": (4.0, 1.25, 1.25)}
T1_SOURCE = "NEMA WG-04 via pydicom-data, MIT"
PDFS_SOURCE = "dicom2nifti test data, MIT"


def main() -> None:
    """Writes the sheet."""
    options = _parse()
    shown = [chosen | COARSE for chosen in SHOWN[:COLUMNS]] if options.quick else SHOWN
    tiles = [_phantom_tile(chosen, options.seed + n) for n, chosen in enumerate(shown)]
    if options.real:
        first = options.seed + len(SHOWN)
        t1, pdfs = _real_tiles(options.real)
        like_t1 = _phantom_tile(T1_LIKE, first)
        like_pdfs = [_phantom_tile(PDFS_LIKE, first + n) for n in (1, 2)]
        tiles += [t1, like_t1, *pdfs, *like_pdfs]
    write_sheet(options.out, tiles, outlined=False)
    if options.overlay:
        outlined = [tile for tile in tiles if tile.label_map is not None]
        write_sheet(options.out.with_stem(f"{options.out.stem}-outlines"), outlined, outlined=True)
    if options.json:
        captions = [list(tile.caption) for tile in tiles]
        options.json.write_text(json.dumps({"tiles": captions}, indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.png", help="the sheet")
    parser.add_argument("--real", type=Path, help="folder with the sets of real slices")
    parser.add_argument("--seed", type=int, default=1, help="of the first case (default: 1)")
    parser.add_argument("--overlay", action="store_true", help="also OUT-outlines.png")
    parser.add_argument("--quick", action="store_true", help="four coarse phantoms")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the captions as JSON")
    return parser.parse_args()


def _phantom_tile(chosen: dict[str, Any], seed: int) -> Tile:
    case = make_case(PhantomOptions(**chosen), np.random.default_rng(seed))
    z, y, x = _joint_middle(case)
    height, width, depth = (
        case.image.spacing_mm[1],
        case.image.spacing_mm[2],
        case.grid.thickness_mm,
    )
    dimensions, findings = case.parameters["dimensions"], case.parameters["findings"]
    contrast = "random contrast" if chosen.get("random_contrast") else case.protocol.sequence
    what = f"{contrast}, {case.protocol.plane}, {round(case.protocol.field_t, 2):g} T"
    voxel = f"{height:.2g} x {width:.2g} x {depth:.2g} mm"
    who = f"{dimensions['side']}, {dimensions['sex']}, {_findings_in_words(findings)}"
    return Tile(
        case.image.array[z].astype(np.float32),
        (height, width),
        (y, x),
        (f"{what}, {voxel}", who),
        case.label_map[z],
    )


def _joint_middle(case: PhantomCase) -> tuple[int, float, float]:
    """Slice through the middle of the glenoid's surface, and where that is in the slice."""
    humerus = case.label_map == HUMERUS_LABEL
    near = distance_transform_edt(~humerus, sampling=case.image.spacing_mm) <= JOINT_MM
    surface = np.argwhere(near & (case.label_map == GLENOID_LABEL))
    if not len(surface):
        msg = f"No glenoid within {JOINT_MM} mm of a humerus in this case; try another --seed"
        raise ValueError(msg)
    z, y, x = surface.mean(axis=0)
    return round(z), float(y), float(x)


def _findings_in_words(findings: dict[str, Any]) -> str:
    words = {
        "hill_sachs_depth_mm": "Hill-Sachs",
        "glenoid_bone_loss_percent": "bone loss",
        "humeral_osteophyte_mm": "osteophytes",
        "cuff_tear_mm": "cuff tear",
        "oedema_radius_mm": "marrow oedema",
        "effusion_mm": "effusion",
    }
    # Sound joints hold some fluid.
    least = {"effusion_mm": 2.0}
    found = [word for name, word in words.items() if findings[name] > least.get(name, 0)]
    return ", ".join(found) or "sound"


def _real_tiles(folder: Path) -> tuple[Tile, list[Tile]]:
    """The real T1 slice and the real PD fat-saturated ones."""
    t1 = _real_tile(folder / "shoulder_mr_t1_slice" / "MR2_UNCR.dcm", "T1 spin echo", T1_SOURCE)
    slices = sorted((folder / "shoulder_mr_pdfs_4slices" / "dicom").glob("*.dcm"))
    return t1, [_real_tile(path, "PD fat-sat", PDFS_SOURCE) for path in slices]


def _real_tile(path: Path, what: str, source: str) -> Tile:
    volume = read_image(path)
    pixels = volume.array[0].astype(np.float32)
    height, width = volume.spacing_mm[1:]
    rows, columns = pixels.shape
    return Tile(
        pixels,
        (height, width),
        ((rows - 1) / 2, (columns - 1) / 2),
        (f"REAL: {what}, {path.stem}, {height:.2g} x {width:.2g} mm", source),
        None,
    )


if __name__ == "__main__":
    main()
