"""The ways to classify voxels that are timed against each other, and the voxels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import distance_transform_edt

from shoulderseg.refine.classify import Method, classify_voxels
from shoulderseg.refine.engines.folding import fold
from shoulderseg.refine.engines.needed import make_plan, multiply_adds
from shoulderseg.refine.engines.slices import group_by_slice
from shoulderseg.refine.engines.threads import run_threaded
from shoulderseg.refine.inputs import PatchInputs
from shoulderseg.refine.network import PatchAlexNet

SIDE, BATCH = 384, 64
WAYS: tuple[Method, ...] = ("gather", "dense", "needed", "auto")


def voxels_near_curves(slices: int, band: int) -> npt.NDArray[np.int64]:
    """Finds voxels within `band` pixels of two closed curves; all inside and 8 around for 0."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    found = []
    for z in range(slices):
        radius = 36 - 0.5 * abs(z - slices / 2)
        angle = np.arctan2(rows - 190, columns - 170)
        head = np.hypot(rows - 190, columns - 170) < radius + 2 * np.sin(3 * angle + z)
        # A narrow shape bent round the head.
        bent = columns - 226 + 0.006 * (rows - 192) ** 2
        glenoid = np.hypot((rows - 192) / 27, bent / 7) < 1
        mask = np.zeros((SIDE, SIDE), bool)
        for bone in (head, glenoid):
            outside, inside = distance_transform_edt(~bone), distance_transform_edt(bone)
            distance = np.where(bone, inside, outside) - 0.5
            mask |= (distance <= band) if band else (bone | (distance <= 8))
        pixels = np.argwhere(mask)
        found.append(np.insert(pixels, 0, z, axis=1))
    return np.concatenate(found).astype(np.int64)


def runs_by_way(
    model: PatchAlexNet,
    inputs: PatchInputs,
    volume: npt.NDArray[np.float32],
    voxels: npt.NDArray[np.int64],
    sample: npt.NDArray[np.int64],
    device: torch.device,
) -> dict[str, Callable[[], npt.NDArray[np.float32]]]:
    """Gives each way a call; ways that take each patch by itself classify the sample alone."""
    some = voxels[sample]

    def classified(method: Method) -> Callable[[], npt.NDArray[np.float32]]:
        chosen = some if method == "gather" else voxels
        return lambda: classify_voxels(model, inputs, chosen, device=device, method=method)

    def by_slice() -> npt.NDArray[np.float32]:
        found = np.empty((len(some), model.config.classes), np.float32)

        def start() -> Callable[[int], None]:
            def handle(first: int) -> None:
                part = slice(first, first + BATCH)
                found[part] = _loop(model, volume, some[part], device)

            return handle

        run_threaded(start, range(0, len(some), BATCH), torch.get_num_threads())
        return found

    return {
        "loop": lambda: _loop(model, volume, some, device),
        "loop by slice": by_slice,
        **{way: classified(way) for way in WAYS},
    }


def _loop(
    model: PatchAlexNet,
    volume: npt.NDArray[np.float32],
    voxels: npt.NDArray[np.int64],
    device: torch.device,
) -> npt.NDArray[np.float32]:
    """What a plain script does."""
    size = model.config.patch_size
    edge = ((size // 2, size - 1 - size // 2),) * 2
    found, patches, padded, current = [], [], volume[0], -1
    with torch.inference_mode():
        for number, (z, y, x) in enumerate(voxels.tolist(), start=1):
            if z != current:
                padded, current = np.pad(volume[z], edge, mode="edge"), z
            patches.append(padded[y : y + size, x : x + size])
            if len(patches) == BATCH or number == len(voxels):
                batch = torch.from_numpy(np.stack(patches)[:, None]).to(device)
                found.append(model(batch).softmax(dim=1).cpu().numpy())
                patches = []
    return np.concatenate(found)


def fewest_multiply_adds(model: PatchAlexNet, voxels: npt.NDArray[np.int64]) -> float:
    """Counts the multiply-adds of the needed set for one voxel."""
    layers = fold(model, "cpu", torch.float32)
    works = group_by_slice(torch.from_numpy(voxels), len(voxels))
    return sum(multiply_adds(layers, make_plan(layers, w.pixels)) for w in works) / len(voxels)
