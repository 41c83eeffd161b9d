"""Draws a contact sheet of synthetic training patches with the contours of their targets.

    python benchmarks/synthesis_sheet.py MAPS SHEET.png [--seed 1] [--bone glenoid]

MAPS is a raw dataset with partial volume maps.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import torch

from shoulderseg.nnunet_ext.synthesis.loader import SyntheticBatches
from shoulderseg.nnunet_ext.synthesis.resident import load_case
from shoulderseg.nnunet_ext.synthesis.synthesise import Patch
from shoulderseg.nnunet_ext.synthesis.variation import Variation
from shoulderseg.nnunet_ext.synthesis.volumes import find_partial_volumes, read_partial_volumes

mpl.use("Agg")
from matplotlib import pyplot as plt

ROWS, COLUMNS = 4, 6
SIDE, SPACING_MM = 256, 0.65
BONES = {"humerus": (0,), "glenoid": (1,), "whole": (0, 1)}
# Grey values of a normalised image that are shown.
WINDOW = (-2, 3)
MOST_MAPS = 12


def main() -> None:
    """Makes the patches and draws them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--bone", choices=list(BONES), default="whole")
    options = parser.parse_args()
    generator = torch.Generator().manual_seed(0)
    paths = list(find_partial_volumes(options.maps).values())[:MOST_MAPS]
    cases = [
        load_case(read_partial_volumes(path), torch.device("cpu"), generator) for path in paths
    ]
    patch = Patch((SIDE, SIDE), (SPACING_MM, SPACING_MM), (BONES[options.bone],))
    batches = SyntheticBatches(cases, patch, Variation(), options.seed)
    images, targets = batches.batch(0, ROWS * COLUMNS)
    figure, axes = plt.subplots(ROWS, COLUMNS, figsize=(2 * COLUMNS, 2 * ROWS))
    for axis, image, target in zip(axes.flat, images[:, 0], targets[:, 0], strict=True):
        axis.imshow(image, cmap="gray", vmin=WINDOW[0], vmax=WINDOW[1])
        axis.axis("off")
        if target.any():
            axis.contour(target, [0.5], colors="cyan", linewidths=0.8)
    figure.tight_layout(pad=0.2)
    figure.savefig(options.sheet, dpi=110)
    print(f"{ROWS * COLUMNS} patches of {len(cases)} shoulders in {options.sheet}")


if __name__ == "__main__":
    main()
