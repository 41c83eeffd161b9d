"""Slices through the CT's shoulders and a phantom, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmarks.ct_joint import Floats, Joint, Mask, sampled, turned_mask
from benchmarks.ct_shoulders import BOX_MM, CT_LABELS, Phantom, as_left, ct_bones, grid_of
from shoulderseg.datasets.labels import PALETTE, as_hex
from shoulderseg.datasets.phantom.painting import paint
from shoulderseg.datasets.phantom.structures import COMPOSITION, Material, Structure
from shoulderseg.datasets.reader import read_image

if TYPE_CHECKING:
    from pathlib import Path

HEIGHTS_MM = (-18, -9, 0, 9, 18, 27)
VIEW_MM = 130
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


def draw(
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
            for mask, colour in zip(masks, PALETTE, strict=False):
                if mask.any():
                    panel.contour(mask, levels=[0.5], colors=as_hex(colour), linewidths=0.9)
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
    pixels = as_left(image.array.astype(np.float32), image.spacing_mm, side, -1000.0)
    bones = ct_bones(folder, side)
    axes, boxes = _boxes(joint, upright=upright)
    return [
        (
            sampled(pixels, joint.middle, axes, box, -1000.0)[0],
            (
                turned_mask(bones.humerus, joint.middle, axes, box)[0],
                turned_mask(bones.scapula, joint.middle, axes, box)[0],
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
        grid = grid_of(middle + corner @ axes, axes, (far - corner)[::-1] + 1)
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
