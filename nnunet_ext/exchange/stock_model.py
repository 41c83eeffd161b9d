"""Writes U-Nets as model folders that nnU-Net itself takes, without this package.

A folder says that nnU-Net's own trainer made it: the trainers of this project change what is
learned and how, not the network, and other programs find no other trainer. It holds what a
prediction reads, and no record of a training.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from shoulderseg.nnunet_ext.dataset_bounds import kept_description
from shoulderseg.nnunet_ext.exchange.heads import with_background
from shoulderseg.nnunet_ext.exchange.merge import merged_plans, merged_weights
from shoulderseg.nnunet_ext.plain_unet import is_plain_unet, parameter_shapes
from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.regions import BACKGROUND, foreground_labels
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet
from shoulderseg.nnunet_ext.unets import complete_weights, outline_unet
from shoulderseg.nnunet_ext.variants import CHECKPOINT, FIRST, SECOND

TRAINER = "nnUNetTrainer"
BOTH = "bones"
# The model of both bones comes first, since most will want that one alone.
MODELS = (BOTH, *PARTS)
MOST_ID = 999 - len(MODELS) + 1


@dataclass(frozen=True)
class StockModel:
    """A model folder that was written.

    Attributes:
        variant: `bones`, or which of the three U-Nets it is.
        folder: The folder, whose name and whose parent's name nnU-Net reads.
        labels: Names and values of its labels but the background.
    """

    variant: str
    folder: Path
    labels: dict[str, int]


def write_stock_models(
    unets: UNetSet, root: Path, first_id: int, about: Mapping[str, Any]
) -> list[StockModel]:
    """Writes each U-Net as a dataset of nnU-Net's results, and the first two as one network.

    Folds are numbered from 0, as other programs expect them.

    Args:
        unets: The trained U-Nets.
        root: An existing folder, as `nnUNet_results` is one.
        first_id: Number of the first dataset; the others follow it.
        about: What each dataset.json says beside what nnU-Net reads.

    Returns:
        The folders. Only networks that `is_plain_unet` knows can be put into one; and a bundle of
        one network has no U-Net of the whole.

    Raises:
        ValueError: If the numbers would have more than three digits, or none is left.
    """
    if not 1 <= first_id <= MOST_ID:
        msg = f"the first dataset's number is {first_id}, expected 1 to {MOST_ID}"
        raise ValueError(msg)
    made = []
    for number, variant in enumerate(MODELS):
        there = is_plain_unet(unets.plans) if variant == BOTH else variant in unets.weights
        if not there:
            continue
        name = f"Dataset{first_id + number:03d}_Shoulder{variant.title()}"
        made.append(_write_model(unets, variant, root / name, about))
    return made


def _write_model(
    unets: UNetSet, variant: str, dataset: Path, about: Mapping[str, Any]
) -> StockModel:
    labels = _labels(unets, variant)
    plans = _plans(unets, variant, dataset.name)
    folder = dataset / f"{TRAINER}__{plans['plans_name']}__{CONFIGURATION}"
    folder.mkdir(parents=True)
    _write_json(folder / "plans.json", plans)
    described = {**kept_description(unets.dataset_json), **about, "name": dataset.name}
    # The ending of what it predicts, whatever that of the training images was.
    described |= {"labels": {BACKGROUND: 0, **labels}, "file_ending": ".nii.gz"}
    _write_json(folder / "dataset.json", described)
    outline = outline_unet(plans, outputs=1 + len(labels))
    for number, fold in enumerate(next(iter(unets.weights.values()))):
        weights = with_background(_weights(unets, variant, fold))
        checkpoint = {
            "network_weights": complete_weights(outline, weights),
            "trainer_name": TRAINER,
            "init_args": {"configuration": CONFIGURATION, "fold": number},
            "inference_allowed_mirroring_axes": unets.mirroring_axes,
        }
        (folder / f"fold_{number}").mkdir()
        torch.save(checkpoint, folder / f"fold_{number}" / CHECKPOINT)
    return StockModel(variant, folder, labels)


def _labels(unets: UNetSet, variant: str) -> dict[str, int]:
    """Names and values of a model's labels; nnU-Net wants the values to be 1, 2 and so on."""
    names = list(foreground_labels(unets.dataset_json))
    if variant == BOTH:
        return {name: value for value, name in enumerate(names, start=1)}
    return {"+".join(names[part] for part in PARTS[variant]): 1}


def _plans(unets: UNetSet, variant: str, dataset: str) -> dict[str, Any]:
    """Plans of one model, with the configuration that there is and what stock nnU-Net reads."""
    plans = merged_plans(unets.plans, 2) if variant == BOTH else dict(unets.plans)
    return {
        "image_reader_writer": "SimpleITKIO",
        **plans,
        "dataset_name": dataset,
        # Part of a folder's name, whose parts are told apart by two underscores.
        "plans_name": re.sub(r"[^A-Za-z0-9]", "", str(plans["plans_name"]))[:40] or "nnUNetPlans",
        "configurations": {CONFIGURATION: plans["configurations"][CONFIGURATION]},
    }


def _weights(unets: UNetSet, variant: str, fold: str) -> Mapping[str, torch.Tensor]:
    if variant != BOTH:
        return _tensors(unets.weights[variant][fold])
    # Each parameter under one name, which tells its layer.
    names = parameter_shapes(unets.plans)
    bones = [_tensors(unets.weights[bone][fold]) for bone in (FIRST, SECOND)]
    return merged_weights([{name: weights[name] for name in names} for weights in bones])


def _tensors(weights: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    return {name: torch.as_tensor(values) for name, values in weights.items()}


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
