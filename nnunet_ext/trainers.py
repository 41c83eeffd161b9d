"""Three nnU-Net trainers that learn one dataset's two bones apart and together.

All three read the same nnU-Net dataset with labels background, humerus and glenoid. nnU-Net's
region mechanism turns the labels each of them is after into one sigmoid output, so nothing is
preprocessed or stored three times.
"""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from nnunetv2.training.data_augmentation.compute_initial_patch_size import get_patch_size
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from shoulderseg.nnunet_ext.augmentation import (
    MIRROR_AXES,
    ROTATION_RAD,
    vary_as_shoulders,
    vary_strongly,
)
from shoulderseg.nnunet_ext.bfloat16_steps import Bfloat16Steps
from shoulderseg.nnunet_ext.folders import SPLITS_FILE, adopt_splits
from shoulderseg.nnunet_ext.noted_training import NotedTraining
from shoulderseg.nnunet_ext.regions import foreground_labels, region_dataset_json
from shoulderseg.nnunet_ext.schedule import STRONG
from shoulderseg.nnunet_ext.trainings import has_checkpoint
from shoulderseg.nnunet_ext.warm_start import load_start


class PreprocessedDataset(Protocol):
    """What nnU-Net's data loader asks of a dataset."""

    identifiers: list[str]

    def load_case(self, identifier: str) -> tuple[Any, Any, Any, dict[str, Any]]:
        """Loads image, label map, label map of a previous stage, and properties."""


class OwnLabelsDataset:
    """A preprocessed dataset whose foreground is that of one U-Net only.

    Foreground oversampling draws patches around the places that a case's properties list for
    each label. Places of the other bone would be background to this U-Net.
    """

    def __init__(self, dataset: PreprocessedDataset, labels: tuple[int, ...]) -> None:
        self.dataset = dataset
        self.labels = labels
        self.identifiers = dataset.identifiers

    def load_case(self, identifier: str) -> tuple[Any, Any, Any, dict[str, Any]]:
        """Loads a case as nnU-Net does, with the locations of this U-Net's labels only."""
        image, label_map, previous, properties = self.dataset.load_case(identifier)
        locations = properties["class_locations"]
        own = {label: places for label, places in locations.items() if label in self.labels}
        return image, label_map, previous, {**properties, "class_locations": own}


class nnUNetTrainerShoulderBase(Bfloat16Steps, NotedTraining):  # noqa: N801
    """What the trainers share; a subclass names the labels it learns.

    The label values come from the dataset.json: the first foreground label stands for the
    humerus, the second for the glenoid. Any other anatomy of two parts works too.
    """

    regions: ClassVar[tuple[tuple[int, ...], ...]] = ()

    # nnU-Net reads the parameter names of this constructor to store them in its checkpoints.
    def __init__(
        self,
        plans: dict[str, Any],
        configuration: str,
        fold: int,
        dataset_json: dict[str, Any],
        device: torch.device = torch.device("cuda"),  # noqa: B008
    ) -> None:
        values = tuple(foreground_labels(dataset_json).values())
        self.own_labels = tuple(values[part] for part in sorted(set(chain(*self.regions))))
        described = region_dataset_json(dataset_json, *self.regions)
        self.resuming = bool(plans["continue_training"])
        super().__init__(plans, configuration, fold, described, device)
        self.take_schedule(resuming=self.resuming)

    def initialize(self) -> None:
        """Builds the network, and starts it from a bundle where that is asked for.

        Going on with a training loads its own checkpoint afterwards.

        Raises:
            FileNotFoundError: If the bundle has no weights for this U-Net.
            ValueError: If its network is another one.
        """
        # Told to go on, nnU-Net begins anew where there is nothing to go on from.
        going_on = self.resuming and has_checkpoint(Path(self.output_folder))
        new = not self.was_initialized and not going_on
        super().initialize()
        if not new:
            return
        # Wrapped where training is spread over devices or compiled.
        network: Any = getattr(self.network, "module", self.network)
        start = load_start(getattr(network, "_orig_mod", network), type(self).__name__, self.fold)
        if start is not None:
            self.print_to_log_file(f"started from the weights in {start}")

    def do_split(self) -> tuple[list[str], list[str]]:
        """Returns training and validation cases of this fold, by the folds of the raw dataset.

        Raises:
            ValueError: If the fold does not exist. nnU-Net would draw a random split of cases,
                with the same patients on both sides.
        """
        adopt_splits(self.plans_manager.dataset_name)
        splits = Path(self.preprocessed_dataset_folder_base) / SPLITS_FILE
        if self.fold != "all" and splits.is_file():
            folds = len(json.loads(splits.read_text()))
            if self.fold >= folds:
                msg = f"fold {self.fold} does not exist; {SPLITS_FILE} has {folds} folds, from 0"
                raise ValueError(msg)
        split: tuple[list[str], list[str]] = super().do_split()
        return split

    def configure_rotation_dummyDA_mirroring_and_inital_patch_size(  # noqa: N802
        self,
    ) -> tuple[tuple[float, float], bool, Any, tuple[int, ...]]:
        """Turns and mirrors that shoulders show; the names and the order are nnU-Net's."""
        _, dummy_2d, planned, axes = (
            super().configure_rotation_dummyDA_mirroring_and_inital_patch_size()
        )
        patch = self.configuration_manager.patch_size
        if len(patch) != 2:
            return ROTATION_RAD, dummy_2d, planned, axes
        self.inference_allowed_mirroring_axes = MIRROR_AXES
        turned = get_patch_size(patch, ROTATION_RAD, ROTATION_RAD, ROTATION_RAD, (0.85, 1.25))
        return ROTATION_RAD, dummy_2d, turned, MIRROR_AXES

    def get_training_transforms(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """nnU-Net's training transforms, as shoulders vary; strong ones where asked for."""
        transforms = vary_as_shoulders(nnUNetTrainer.get_training_transforms(*args, **kwargs))
        strong = self.schedule.augmentation == STRONG
        return vary_strongly(transforms) if strong else transforms

    def get_tr_and_val_datasets(self) -> tuple[OwnLabelsDataset, OwnLabelsDataset]:
        """Returns training and validation cases, oversampled around this trainer's labels."""
        training, validation = super().get_tr_and_val_datasets()
        return (
            OwnLabelsDataset(training, self.own_labels),
            OwnLabelsDataset(validation, self.own_labels),
        )


class nnUNetTrainerShoulderHumerus(nnUNetTrainerShoulderBase):  # noqa: N801
    """Learns the humerus, or the first foreground label of another dataset."""

    regions = ((0,),)


class nnUNetTrainerShoulderGlenoid(nnUNetTrainerShoulderBase):  # noqa: N801
    """Learns the glenoid, or the second foreground label of another dataset."""

    regions = ((1,),)


class nnUNetTrainerShoulderWhole(nnUNetTrainerShoulderBase):  # noqa: N801
    """Learns both bones as one."""

    regions = ((0, 1),)


class nnUNetTrainerScheduled(Bfloat16Steps, NotedTraining):  # noqa: N801
    """Stock nnU-Net with the length and the learning rate that this project's trainers are given.

    It computes in bfloat16 where these do. Nothing else differs, so that an experiment compares
    both at equal iterations.
    """

    # nnU-Net reads the parameter names of this constructor to store them in its checkpoints.
    def __init__(
        self,
        plans: dict[str, Any],
        configuration: str,
        fold: int,
        dataset_json: dict[str, Any],
        device: torch.device = torch.device("cuda"),  # noqa: B008
    ) -> None:
        resuming = bool(plans["continue_training"])
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.take_schedule(resuming=resuming)
