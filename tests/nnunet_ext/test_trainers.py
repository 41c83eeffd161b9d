from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from batchgeneratorsv2.transforms.utils.compose import ComposeTransforms
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name

from shoulderseg.nnunet_ext import synthetic_trainers, trainers
from shoulderseg.nnunet_ext.augmentation import vary_as_shoulders, vary_strongly
from shoulderseg.nnunet_ext.lookup import find_trainers
from shoulderseg.nnunet_ext.schedule import Schedule
from shoulderseg.nnunet_ext.trainers import OwnLabelsDataset
from shoulderseg.nnunet_ext.variants import (
    PLUGIN_VARIABLE,
    SYNTHETIC_TRAINERS,
    TRAINERS,
    plugin_folder,
)

SCHEDULED = "nnUNetTrainerScheduled"


class TwoLabelDataset:
    """A preprocessed dataset of one case, as nnU-Net's data loader sees it."""

    identifiers = ["case"]  # noqa: RUF012

    def load_case(self, identifier: str) -> tuple[Any, Any, Any, dict[str, Any]]:
        places = {1: np.array([[0, 3, 4]]), 2: np.array([[0, 8, 9], [1, 8, 9]])}
        return "image", "labels", None, {"class_locations": places, "name": identifier}


@pytest.mark.parametrize(("labels", "kept"), [((1,), [1]), ((2,), [2]), ((1, 2), [1, 2])])
def test_oversampling_sees_own_labels_only(labels: tuple[int, ...], kept: list[int]) -> None:
    dataset = OwnLabelsDataset(TwoLabelDataset(), labels)
    image, label_map, previous, properties = dataset.load_case("case")
    assert dataset.identifiers == ["case"]
    assert (image, label_map, previous, properties["name"]) == ("image", "labels", None, "case")
    assert list(properties["class_locations"]) == kept


@pytest.mark.parametrize("name", [*TRAINERS.values(), *SYNTHETIC_TRAINERS.values(), SCHEDULED])
def test_nnunet_finds_the_very_class_every_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("nnUNet_extTrainer", str(plugin_folder()))
    found = [recursive_find_trainer_class_by_name(name) for _ in range(2)]
    module = synthetic_trainers if name in SYNTHETIC_TRAINERS.values() else trainers
    assert found == [getattr(module, name)] * 2
    # nnU-Net reads the constructor's parameter names.
    expected = list(inspect.signature(nnUNetTrainer.__init__).parameters)
    assert list(inspect.signature(found[0].__init__).parameters) == expected


def test_lookup_leaves_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("nnUNet_extTrainer", "elsewhere")
    assert find_trainers() == [*TRAINERS.values(), *SYNTHETIC_TRAINERS.values()]
    assert os.environ[PLUGIN_VARIABLE] == "elsewhere"


def test_training_slices_are_turned_and_mirrored_as_shoulders_are() -> None:
    patch = (64, 48)
    trainer = object.__new__(trainers.nnUNetTrainerShoulderWhole)
    trainer.configuration_manager = SimpleNamespace(patch_size=patch)
    trainer.print_to_log_file = lambda *_, **__: None
    trainer.schedule = Schedule(1, 1, 1, 1)
    rotation, dummy, initial, axes = (
        trainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size()
    )
    assert trainer.inference_allowed_mirroring_axes == axes
    # Turned by 30 degrees, 64 by 48 needs at least 48 sin 30 + 64 cos 30 rows.
    assert initial[0] > 79
    transforms = trainer.get_training_transforms(patch, rotation, None, axes, dummy)
    labels = torch.zeros((1, *map(int, initial)), dtype=torch.int16)
    rows, columns = labels.shape[1] // 2, labels.shape[2] // 2
    labels[0, rows - 12 : rows - 8, columns + 8 : columns + 12] = 1
    torch.manual_seed(0)
    spots = []
    for _ in range(120):
        found = transforms(image=torch.rand(labels.shape), segmentation=labels.clone())
        spots.append(torch.nonzero(found["segmentation"][0]).float().mean(dim=0).numpy())
    off = np.array(spots) - (np.array(patch) - 1) / 2
    # What is above and to the right, 45 degrees up, stays above; it is as often left as right.
    assert (off[:, 0] < 0).all()
    assert 0.3 < (off[:, 1] > 0).mean() < 0.7
    steepness = np.degrees(np.arctan2(-off[:, 0], np.abs(off[:, 1])))
    assert steepness.min() < 30
    assert steepness.min() > 45 - 30 - 5
    assert steepness.max() < 45 + 30 + 5


def test_strong_augmentation_varies_intensities_and_no_shapes() -> None:
    patch = (64, 48)
    trainer = object.__new__(trainers.nnUNetTrainerShoulderWhole)
    # Two shades, whose order an inversion turns around.
    image = torch.rand((1, *patch)) * 0.01
    image[0, 20:40, 10:30] += 1.0
    labels = (image > 0.5).to(torch.int16)
    steps: dict[str, list[float]] = {}
    for augmentation in ("usual", "strong"):
        trainer.schedule = Schedule(1, 1, 1, 1, augmentation=augmentation)
        transforms = trainer.get_training_transforms(patch, (0.0, 0.0), None, (), False)
        torch.manual_seed(1)
        np.random.seed(1)  # noqa: NPY002 - batchgeneratorsv2 draws from it
        steps[augmentation] = []
        for _ in range(200):
            found = transforms(image=image.clone(), segmentation=labels.clone())
            inside = found["segmentation"][0] > 0
            shown = found["image"][0]
            steps[augmentation].append(float(shown[inside].mean() - shown[~inside].mean()))
    assert min(steps["usual"]) > 0
    assert 0.05 < np.mean(np.array(steps["strong"]) < 0) < 0.3
    spread = {name: np.std(np.abs(values)) for name, values in steps.items()}
    assert spread["strong"] > 1.5 * spread["usual"]


@pytest.mark.parametrize(
    ("vary", "named"),
    [
        (vary_as_shoulders, "no SimulateLowResolutionTransform, SpatialTransform"),
        (vary_strongly, "no ContrastTransform, GammaTransform, GaussianBlurTransform, GaussianNo"),
    ],
)
def test_unknown_transforms_are_refused(vary: Callable[[Any], Any], named: str) -> None:
    with pytest.raises(RuntimeError, match=named):
        vary(ComposeTransforms([]))


def test_length_and_learning_rate_reach_nnunet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def place(self: nnUNetTrainer, *_: object) -> None:
        self.output_folder = str(tmp_path)
        self.plans_manager = SimpleNamespace(plans={})
        self.configuration_name, self.dataset_json = "2d", {}

    monkeypatch.setattr(nnUNetTrainer, "__init__", place)
    monkeypatch.setenv("SHOULDERSEG_EPOCHS", "7")
    monkeypatch.setenv("SHOULDERSEG_LEARNING_RATE", "0.002")
    described = {"labels": {"background": 0, "humerus": 1, "glenoid": 2}}
    for trainer in (trainers.nnUNetTrainerShoulderWhole, trainers.nnUNetTrainerScheduled):
        made = trainer({"continue_training": False}, "2d", 0, described)
        assert (made.num_epochs, made.initial_lr) == (7, 0.002)
        made.keep_notes()
        # One that goes on keeps its length whatever is set now.
        monkeypatch.delenv("SHOULDERSEG_EPOCHS")
        assert trainer({"continue_training": True}, "2d", 0, described).num_epochs == 7
        monkeypatch.setenv("SHOULDERSEG_EPOCHS", "7")
