"""A contact sheet of phantoms over sequences and planes, to be looked at beside real images.

Twelve cases, all from one seed, each cut square around the joint at the same scale; the slice goes
through the middle of the joint's surface. `--overlay` writes the same slices with the outlines of
humerus and glenoid into a second file. `--real DIR` adds two rows: a real T1-weighted and four real
PD fat-saturated slices, and phantoms as coarse as these.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_erosion, distance_transform_edt, map_coordinates

from shoulderseg.datasets.labels import PALETTE
from shoulderseg.datasets.phantom.case import (
    GLENOID_LABEL,
    HUMERUS_LABEL,
    PhantomCase,
    make_case,
)
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.reader import read_image

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS, TILE, CAPTION, GAP = 4, 392, 34, 6
VIEW_MM = 140.0
JOINT_MM = 6.0
# Few enough that noise packs well, enough that shades look smooth.
GREYS = 40
BACKGROUND, INK = (16, 16, 18), (214, 214, 214)

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
    {"sequence": "pd-fs", "plane": "axial", "side": "left", "wild": True, **FEW},
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
T1_SOURCE = "NEMA WG-04 via pydicom-data, MIT"
PDFS_SOURCE = "dicom2nifti test data, MIT"


class Tile(NamedTuple):
    """One picture of the sheet.

    Attributes:
        pixels: A slice, float32 (Y, X).
        spacing_mm: Of its pixels along (Y, X).
        middle: Array position (Y, X) of the middle of the view.
        caption: Two short lines.
        label_map: Labels of the slice, or None for a real image.
    """

    pixels: npt.NDArray[np.float32]
    spacing_mm: tuple[float, float]
    middle: tuple[float, float]
    caption: tuple[str, str]
    label_map: npt.NDArray[np.uint8] | None


def main() -> None:
    """Writes the sheet."""
    options = _parse()
    tiles = [_phantom_tile(chosen, options.seed + n) for n, chosen in enumerate(SHOWN)]
    if options.real:
        first = options.seed + len(SHOWN)
        t1, pdfs = _real_tiles(options.real)
        like_t1 = _phantom_tile(T1_LIKE, first)
        like_pdfs = [_phantom_tile(PDFS_LIKE, first + n) for n in (1, 2)]
        tiles += [t1, like_t1, *pdfs, *like_pdfs]
    _write(options.out, tiles, outlined=False)
    if options.overlay:
        outlined = [tile for tile in tiles if tile.label_map is not None]
        _write(options.out.with_stem(f"{options.out.stem}-outlines"), outlined, outlined=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.png", help="the sheet")
    parser.add_argument("--real", type=Path, help="folder with the sets of real slices")
    parser.add_argument("--seed", type=int, default=1, help="of the first case (default: 1)")
    parser.add_argument("--overlay", action="store_true", help="also OUT-outlines.png")
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
    contrast = "wild contrast" if chosen.get("wild") else case.protocol.sequence
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


def _write(path: Path, tiles: Sequence[Tile], *, outlined: bool) -> None:
    """Lays the tiles out and saves them with few shades."""
    rows = -(-len(tiles) // COLUMNS)
    size = (COLUMNS * (TILE + GAP) + GAP, rows * (TILE + CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, BACKGROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, COLUMNS)
        left, top = GAP + column * (TILE + GAP), GAP + row * (TILE + CAPTION + GAP)
        sheet.paste(Image.fromarray(_picture(tile, outlined=outlined)), (left, top))
        for line, text in enumerate(tile.caption):
            draw.text((left + 2, top + TILE + 1 + 15 * line), text, INK, font)
    palette = sheet.quantize(GREYS + 24, dither=Image.Dither.NONE)
    palette.save(path, optimize=True)


def _picture(tile: Tile, *, outlined: bool) -> npt.NDArray[np.uint8]:
    """The view of a tile as RGB bytes, (TILE, TILE, 3)."""
    places = _view(tile)
    pixels = map_coordinates(tile.pixels, places, order=1)
    inside = np.all(
        [(p >= 0) & (p <= n - 1) for p, n in zip(places, tile.pixels.shape, strict=True)], 0
    )
    low, high = np.percentile(pixels[inside], (0.5, 99.5))
    shade = np.clip((pixels - low) / max(high - low, 1e-6), 0, 1)
    grey = np.where(
        inside, np.rint(np.rint(shade * (GREYS - 1)) * 255 / (GREYS - 1)), BACKGROUND[0]
    )
    picture = np.repeat(grey[..., None].astype(np.uint8), 3, axis=2)
    _draw_scale(picture)
    if outlined and tile.label_map is not None:
        for label, colour in zip((HUMERUS_LABEL, GLENOID_LABEL), PALETTE[:2], strict=True):
            share = map_coordinates((tile.label_map == label).astype(np.float32), places, order=1)
            mask = share >= 0.5
            picture[mask & ~binary_erosion(mask, iterations=2)] = colour
    return picture


def _view(tile: Tile) -> npt.NDArray[np.float64]:
    """Array positions of the picture's pixels, (2, TILE, TILE)."""
    places = []
    offsets = ((np.arange(TILE) + 0.5) / TILE - 0.5) * VIEW_MM
    for middle, step, count in zip(tile.middle, tile.spacing_mm, tile.pixels.shape, strict=True):
        # A view beyond the image's edge would show nothing there.
        room = max(((count - 1) * step - VIEW_MM) / 2, 0) / step
        centre = np.clip(middle, (count - 1) / 2 - room, (count - 1) / 2 + room)
        places.append(centre + offsets / step)
    return np.stack(np.meshgrid(*places, indexing="ij"))


def _draw_scale(picture: npt.NDArray[np.uint8]) -> None:
    """Two centimetres in the lower left corner."""
    length = round(20 / VIEW_MM * TILE)
    picture[-9:-6, 8 : 8 + length] = 255


if __name__ == "__main__":
    main()
