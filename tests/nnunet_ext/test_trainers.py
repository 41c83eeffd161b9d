from __future__ import annotations

import inspect
import os
from typing import Any

import numpy as np
import pytest
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name

from shoulderseg.nnunet_ext import trainers
from shoulderseg.nnunet_ext.lookup import find_trainers
from shoulderseg.nnunet_ext.trainers import OwnLabelsDataset
from shoulderseg.nnunet_ext.variants import PLUGIN_VARIABLE, TRAINERS, plugin_folder


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


@pytest.mark.parametrize("name", TRAINERS.values())
def test_nnunet_finds_the_very_class_every_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("nnUNet_extTrainer", str(plugin_folder()))
    found = [recursive_find_trainer_class_by_name(name) for _ in range(2)]
    assert found == [getattr(trainers, name)] * 2
    # nnU-Net reads the constructor's parameter names.
    expected = list(inspect.signature(nnUNetTrainer.__init__).parameters)
    assert list(inspect.signature(found[0].__init__).parameters) == expected


def test_lookup_leaves_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("nnUNet_extTrainer", "elsewhere")
    assert find_trainers() == list(TRAINERS.values())
    assert os.environ[PLUGIN_VARIABLE] == "elsewhere"
