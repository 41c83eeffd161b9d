"""How one gets masks from the three U-Nets without this project: nnU-Net's command, three times."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from shoulderseg.nnunet_ext.regions import region_dataset_json
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet
from shoulderseg.nnunet_ext.unets import complete_weights, outline_unet
from shoulderseg.nnunet_ext.variants import FIRST, SECOND
from shoulderseg.refine.connected_components import keep_one_piece
from shoulderseg.refine.voting import fuse
from shoulderseg.workflows.processes.scripts import installed_script, process_limit

COMMAND = "nnUNetv2_predict_from_modelfolder"


class Spent(NamedTuple):
    """What a command took: by the clock, of the processor, and memory of its largest process."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def run_measured(words: list[str], environment: dict[str, str] | None = None) -> Spent:
    """Runs a command.

    Raises:
        RuntimeError: If it fails.
    """
    started = time.perf_counter()
    log = Path(os.devnull)
    with log.open("w", encoding="utf-8") as sink:
        process = subprocess.Popen(words, stdout=sink, stderr=sink, env=environment)
        _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    code = process.returncode = os.waitstatus_to_exitcode(status)
    if code:
        msg = f"{' '.join(words)} ended with {code}"
        raise RuntimeError(msg)
    return Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def write_models(unets: UNetSet, root: Path) -> None:
    """Writes each U-Net as a model folder of nnU-Net's plain trainer."""
    network = outline_unet(unets.plans)
    for variant, parts in PARTS.items():
        folder = root / variant
        for fold, weights in unets.weights[variant].items():
            (folder / f"fold_{fold}").mkdir(parents=True)
            checkpoint = {
                "network_weights": complete_weights(network, weights),
                "trainer_name": "nnUNetTrainer",
                "init_args": {"configuration": "2d"},
                "inference_allowed_mirroring_axes": unets.mirroring_axes,
            }
            torch.save(checkpoint, folder / f"fold_{fold}" / "checkpoint_final.pth")
        described = region_dataset_json(unets.dataset_json, parts)
        (folder / "plans.json").write_text(json.dumps(unets.plans))
        (folder / "dataset.json").write_text(json.dumps(described))


def predict_thrice(models: Path, images: Path, out: Path, folds: list[str]) -> Spent:
    """Runs nnU-Net's command for each of the three U-Nets, one after the other."""
    environment = {**os.environ, **process_limit()}
    spent = []
    for variant in PARTS:
        words = [installed_script(COMMAND), "-i", str(images), "-o", str(out / variant)]
        words += ["-m", str(models / variant), "-f", *folds, "-device", "cpu"]
        spent.append(run_measured([*words, "--save_probabilities"], environment))
    return Spent(
        sum(one.wall_s for one in spent),
        sum(one.cpu_s for one in spent),
        max(one.peak_mb for one in spent),
    )


def vote(
    out: Path, case: str, one_piece: Sequence[str], spacing_mm: tuple[float, float, float]
) -> npt.NDArray[np.uint8]:
    """Fuses what the three runs said of a case, as `predict` does; uint8 (Z, Y, X).

    Args:
        out: Where `predict_thrice` put what they said.
        case: Its name.
        one_piece: Bones of which the bundle keeps only one piece.
        spacing_mm: Voxel size, (Z, Y, X).
    """
    said = {}
    for variant in PARTS:
        with np.load(out / variant / f"{case}.npz") as arrays:
            said[variant] = arrays["probabilities"][0].astype(np.float32)
    first, second, whole = said.values()
    voted = fuse([[first], [second]], "majority", whole=[whole])
    single = [1 + (FIRST, SECOND).index(bone) for bone in one_piece]
    return keep_one_piece(voted.label_map, single, spacing_mm, voted.probability[1])
