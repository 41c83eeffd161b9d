"""`shoulderseg train-refiner`: the AlexNet that decides the bones' edges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.options import DatasetArgument, Device, DeviceOption, NetworkSize, SizeOption

if TYPE_CHECKING:
    from shoulderseg.refine.training import TrainingState

DESCRIPTION_FILE = "refiner.json"
PROGRESS_FILE = "progress.pt"


def train_refiner(
    dataset: DatasetArgument,
    size: SizeOption = NetworkSize.auto,
    fold: Annotated[int, typer.Option(min=0, help="Fold whose patients are held out.")] = 0,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs.")] = 40,
    steps: Annotated[int, typer.Option(min=1, help="Training steps an epoch.")] = 250,
    batch_size: Annotated[int, typer.Option(min=2, help="Patches a step.")] = 256,
    band_mm: Annotated[
        float, typer.Option(min=0.0, help="Edge band that predict decides again, in mm.")
    ] = 2.0,
    seed: Annotated[int, typer.Option(help="Source of all randomness.")] = 1,
    device: DeviceOption = Device.auto,
    restart: Annotated[bool, typer.Option("--restart", help="Forget an earlier run.")] = False,
) -> None:
    """Train the edge refiner on a dataset; call it again after an interruption.

    Run it after `shoulderseg train`: where the U-Nets have left validation predictions, their
    errors are sampled more often.
    """
    import numpy as np

    from shoulderseg.cli.refiner_cases import cases_digest, load_training_cases
    from shoulderseg.nnunet_ext.folders import dataset_name
    from shoulderseg.refine.network import AlexNetConfig
    from shoulderseg.refine.training import TrainingConfig, fit_classifier

    with reported():
        where = device.resolve()
        name = dataset_name(dataset)
        folder = refiner_folder(name, size)
        folder.mkdir(parents=True, exist_ok=True)
        cases = load_training_cases(name, size, fold)
        # The voted edge may lie off the true one, so training reaches further than the band.
        config = TrainingConfig(
            epochs=epochs,
            steps_per_epoch=steps,
            batch_size=batch_size,
            band_mm=band_mm + 2 * cases.pixel_mm,
            pixel_mm=cases.pixel_mm,
        )
        network = AlexNetConfig(classes=cases.classes)
        described = {
            "network": network.to_dict(),
            "band_mm": band_mm,
            "pixel_mm": cases.pixel_mm,
            "training": {
                "seed": seed,
                "epochs": epochs,
                "steps": steps,
                "batch_size": batch_size,
                "held_out_fold": fold,
                "training_cases": len(cases.training),
                "held_out_cases": len(cases.held_out),
                "cases_sha256": cases_digest(cases),
            },
        }
        state = None if restart else _load_progress(folder / PROGRESS_FILE, described)
        state = fit_classifier(
            cases.training,
            cases.held_out,
            network,
            config,
            np.random.default_rng(seed),
            device=where,
            state=state,
            on_epoch=lambda reached: _save_progress(folder / PROGRESS_FILE, reached, described),
        )
        _save_classifier(folder, state, described)
        typer.echo(
            f"{folder}: {state.epoch} epochs, balanced accuracy at the edge of "
            f"{len(cases.held_out)} held-out cases {state.best_score:.4f}"
        )


def refiner_folder(dataset_name: str, size: NetworkSize) -> Path:
    """Where the refiner of a dataset is kept, beside nnU-Net's models."""
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder

    return data_folder(RESULTS) / dataset_name / f"shoulderRefiner__{size.plans_name}"


def _save_progress(path: Path, state: TrainingState, described: dict[str, Any]) -> None:
    import torch

    part = path.with_suffix(".part")
    torch.save({"described": json.dumps(described), "state": state.to_dict()}, part)
    part.replace(path)


def _load_progress(path: Path, described: dict[str, Any]) -> TrainingState | None:
    """The state to go on from, None if there is none.

    Raises:
        ValueError: if it belongs to other settings or cases.
    """
    import torch

    from shoulderseg.refine.training import TrainingState

    if not path.is_file():
        return None
    saved = torch.load(path, map_location="cpu", weights_only=True)
    if saved["described"] != json.dumps(described):
        msg = (
            f"{path} belongs to a run with other settings, images or U-Net predictions; "
            "give --restart to forget it"
        )
        raise ValueError(msg)
    return TrainingState.from_dict(saved["state"])


def _save_classifier(folder: Path, state: TrainingState, described: dict[str, Any]) -> None:
    from safetensors.torch import save_file

    from shoulderseg.cli.bundles import CLASSIFIER_FILE

    weights = {name: tensor.contiguous() for name, tensor in state.best_weights.items()}
    described = {**described, "held_out_balanced_accuracy": round(state.best_score, 6)}
    # Without its description the classifier counts as not trained, so the two never mix.
    (folder / DESCRIPTION_FILE).unlink(missing_ok=True)
    save_file(weights, folder / CLASSIFIER_FILE)
    (folder / DESCRIPTION_FILE).write_text(json.dumps(described, indent=2) + "\n")
