"""How long the patch loop and the edge refiner take over the edges of some cases."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.refine_ways import runs_by_way
from benchmarks.timing import timed
from shoulderseg.datasets.reader import read_image
from shoulderseg.refine.boundary import boundary_band
from shoulderseg.refine.inputs import patch_inputs
from shoulderseg.refine.network import AlexNetConfig, build_alexnet

# Pixels on either side of the edge that the refiner sees; patches that the loop is timed with.
REFINED, LOOP_SAMPLE, REPEATS = 5, 256, 5


def refining_seconds(
    images: Path, voted: Mapping[str, npt.NDArray[np.uint8]]
) -> tuple[float, float]:
    """Seconds of the patch loop and of the edge refiner for all cases.

    Measured on the first; medians of five.
    """
    case, labels = next(iter(voted.items()))
    image = read_image(images / f"{case}_0000.nii.gz").array
    model = build_alexnet(AlexNetConfig(), torch.Generator().manual_seed(0)).eval()
    voxels = np.argwhere(boundary_band(labels, (1, 1, 1), REFINED)).astype(np.int64)
    sample = np.linspace(0, len(voxels) - 1, LOOP_SAMPLE).astype(np.int64)
    cpu = torch.device("cpu")
    runs = runs_by_way(model, patch_inputs(image, cpu), image, voxels, sample, cpu)
    runs["auto"]()
    loop_s, auto_s = (
        statistics.median(timed(runs[way], cpu)[1] for _ in range(REPEATS))
        for way in ("loop", "auto")
    )
    pixels = [int(boundary_band(map_, (1, 1, 1), REFINED).sum()) for map_ in voted.values()]
    return loop_s / LOOP_SAMPLE * sum(pixels), auto_s / len(voxels) * sum(pixels)
