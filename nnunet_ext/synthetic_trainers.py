"""Trainers that learn from images that are synthesised at every step.

They replace nnU-Net's training data loader and average the weights; schedules, validation,
checkpoints and export stay as they are. The partial volume maps lie in the raw dataset's folder
`partialVolumesTr`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler

from shoulderseg.nnunet_ext.folders import RAW, data_folder
from shoulderseg.nnunet_ext.synthesis.averaging import WeightAverage
from shoulderseg.nnunet_ext.synthesis.loader import MixedLoader, SyntheticBatches
from shoulderseg.nnunet_ext.synthesis.patch_sizes import patch_sizes
from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase, load_case
from shoulderseg.nnunet_ext.synthesis.settings import keep_settings, read_settings
from shoulderseg.nnunet_ext.synthesis.synthesise import Patch
from shoulderseg.nnunet_ext.synthesis.volumes import find_partial_volumes, read_partial_volumes
from shoulderseg.nnunet_ext.trainers import (
    nnUNetTrainerShoulderBase,
    nnUNetTrainerShoulderGlenoid,
    nnUNetTrainerShoulderHumerus,
    nnUNetTrainerShoulderWhole,
)
from shoulderseg.nnunet_ext.unet_set import PARTS
from shoulderseg.nnunet_ext.variants import SHARED_OUTPUTS

NORMALISATION = ["ZScoreNormalization"]
# As PyTorch has it.
_ADAM_WEIGHT_DECAY = 0.01
# nnU-Net's own.
_COMPILE_VARIABLE = "nnUNet_compile"


class SyntheticTraining(nnUNetTrainerShoulderBase):
    """What these trainers do differently.

    The averaged weights are those that nnU-Net validates, and the network's weights in every
    checkpoint: what is exported is then what the pseudo Dice was measured on, and no rule has to
    choose between the two at the end. The weights that training goes on from are in the
    checkpoint's optimizer state.
    """

    network: Any

    # nnU-Net reads the parameter names of this constructor to store them in its checkpoints.
    def __init__(
        self,
        plans: dict[str, Any],
        configuration: str,
        fold: int,
        dataset_json: dict[str, Any],
        device: torch.device = torch.device("cuda"),  # noqa: B008
    ) -> None:
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.synthesis = read_settings(Path(self.output_folder) if self.resuming else None)
        self.average: WeightAverage | None = None
        self.mixed_loader: MixedLoader | None = None

    def keep_notes(self) -> None:
        """Notes the length, the rate and the settings."""
        super().keep_notes()
        keep_settings(Path(self.output_folder), self.synthesis)

    def initialize(self) -> None:
        """Builds the network as ever, and begins to average its weights."""
        super().initialize()
        if self.synthesis.averaging:
            self.average = WeightAverage(self.network, self.synthesis.averaging)

    def configure_optimizers(self) -> tuple[torch.optim.Optimizer, Any]:
        """nnU-Net's SGD, or AdamW where that is asked for, with the rate falling as ever."""
        if not self.synthesis.adam:
            configured: tuple[torch.optim.Optimizer, Any] = super().configure_optimizers()
            return configured
        optimizer = torch.optim.AdamW(
            self.network.parameters(), self.initial_lr, weight_decay=_ADAM_WEIGHT_DECAY
        )
        return optimizer, PolyLRScheduler(optimizer, self.initial_lr, self.num_epochs)

    def get_dataloaders(self) -> tuple[Iterator[dict[str, Any]], Iterator[dict[str, Any]]]:
        """nnU-Net's validation loader, and a training loader that synthesises.

        Raises:
            FileNotFoundError: if the raw dataset has no partial volume maps.
            ValueError: if a map cannot be read, or the plans are not for slices of one channel
                with z-score normalisation.
        """
        patch, lengths = self._patch()
        rendered, validation = super().get_dataloaders()
        cases = self._load_cases()
        stream = f"{self.synthesis.seed:g} {type(self).__name__} {self.fold} {self.local_rank}"
        self.mixed_loader = MixedLoader(
            SyntheticBatches(cases, patch, self.synthesis.variation(), stream, lengths),
            rendered,
            batch_size=self.batch_size,
            rendered_share=self.synthesis.rendered_share,
            scales=self._get_deep_supervision_scales(),
            first_step=self.current_epoch * self.num_iterations_per_epoch,
        )
        return self.mixed_loader, validation

    def train_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Takes a step as nnU-Net does, and the weights into their average."""
        outcome: dict[str, Any] = super().train_step(batch)
        if self.average is not None:
            self.average.update()
        return outcome

    def on_validation_epoch_start(self) -> None:
        """Validates the averaged weights."""
        super().on_validation_epoch_start()
        if self.average is not None:
            self.average.swap()

    def on_validation_epoch_end(self, val_outputs: list[dict[str, Any]]) -> None:
        """Goes on with the trained weights."""
        super().on_validation_epoch_end(val_outputs)
        if self.average is not None:
            self.average.swap()

    def save_checkpoint(self, filename: str) -> None:
        """Saves the averaged weights as the network's, and what training goes on from."""
        if self.average is None:
            super().save_checkpoint(filename)
            return
        with self.average.applied():
            self.average.keep_in(self.optimizer)
            super().save_checkpoint(filename)
            self.average.forget_in(self.optimizer)

    def load_checkpoint(self, filename_or_checkpoint: dict[str, Any] | str) -> None:
        """Loads a checkpoint, and goes on from its trained weights and their average."""
        super().load_checkpoint(filename_or_checkpoint)
        if self.average is not None:
            self.average.take_from(self.optimizer)

    def perform_actual_validation(self, save_probabilities: bool = False) -> None:
        """Predicts the validation cases with the averaged weights."""
        if self.device.type == "cpu":
            # Compiled anew for the shape of every case, it would take longer than as it is.
            self.network = getattr(self.network, "_orig_mod", self.network)
        if self.average is None:
            super().perform_actual_validation(save_probabilities)
            return
        with self.average.applied():
            super().perform_actual_validation(save_probabilities)

    def _do_i_compile(self) -> bool:
        """Whether the network is compiled: on a CPU where `nnUNet_compile` asks for it.

        nnU-Net never compiles on a CPU. Where a C++ compiler is at hand it saves a third of a step.
        """
        if self.device.type != "cpu":
            return bool(super()._do_i_compile())
        if self.was_initialized:
            return hasattr(self.network, "_orig_mod")
        return os.environ.get(_COMPILE_VARIABLE, "").lower() in ("true", "1", "t")

    def on_train_end(self) -> None:
        """Ends the training and nnU-Net's own loader, which it does not see in the mixed one."""
        if self.mixed_loader is not None:
            self.mixed_loader.close()
            self.dataloader_train = self.mixed_loader.rendered
        super().on_train_end()

    def _patch(self) -> tuple[Patch, list[range] | None]:
        """What images this training needs, and the rows and columns they may have if these vary.

        Raises:
            ValueError: if they cannot be synthesised, or the network cannot take them.
        """
        configuration = self.configuration_manager
        planned = tuple(int(length) for length in configuration.patch_size)
        if len(planned) != 2 or configuration.normalization_schemes != NORMALISATION:
            msg = (
                f"the plans have patches of {planned} normalised by "
                f"{configuration.normalization_schemes}; synthesis makes slices of one channel "
                f"normalised by {NORMALISATION}: use a 2d configuration of one-channel images"
            )
            raise ValueError(msg)
        steps = [math.prod(axis) for axis in zip(*configuration.pool_op_kernel_sizes, strict=True)]
        side, least = int(self.synthesis.patch), int(self.synthesis.least_patch)
        shape, lengths = patch_sizes((planned[0], planned[1]), steps, side, least)
        rows_mm, columns_mm = (float(length) for length in configuration.spacing)
        return Patch(shape, (rows_mm, columns_mm), self.regions), lengths

    def _load_cases(self) -> list[ResidentCase]:
        """All maps but those of this fold's validation cases, on the device."""
        raw = data_folder(RAW) / self.plans_manager.dataset_name
        training, validation = self.do_split()
        held_out = set(validation) - set(training)
        paths = {
            name: path for name, path in find_partial_volumes(raw).items() if name not in held_out
        }
        if not paths:
            msg = f"all partial volume maps of {raw} are of validation cases; make more of them"
            raise FileNotFoundError(msg)
        generator = torch.Generator().manual_seed(int(self.synthesis.seed))
        cases = [
            load_case(read_partial_volumes(path), self.device, generator) for path in paths.values()
        ]
        size = sum(case.ids.nbytes + case.shares.nbytes for case in cases) / 2**30
        self.print_to_log_file(f"synthesis: {len(cases)} partial volume maps, {size:.1f} GiB")
        return cases


class nnUNetTrainerShoulderHumerusSynthetic(SyntheticTraining, nnUNetTrainerShoulderHumerus):  # noqa: N801
    """Learns the humerus from synthetic images."""


class nnUNetTrainerShoulderGlenoidSynthetic(SyntheticTraining, nnUNetTrainerShoulderGlenoid):  # noqa: N801
    """Learns the glenoid from synthetic images."""


class nnUNetTrainerShoulderWholeSynthetic(SyntheticTraining, nnUNetTrainerShoulderWhole):  # noqa: N801
    """Learns both bones as one from synthetic images."""


class nnUNetTrainerShoulderSharedSynthetic(SyntheticTraining):  # noqa: N801
    """Learns what the three learn, in one network with an output for each.

    Its weights become three U-Nets that are alike but for their outputs, and can go on apart.
    """

    regions = tuple(PARTS[variant] for variant in SHARED_OUTPUTS)
