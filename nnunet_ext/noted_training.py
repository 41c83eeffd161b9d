"""Trainings that note their length and rate beside the checkpoints which these belong to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from shoulderseg.nnunet_ext.schedule import Schedule, keep_schedule, read_schedule
from shoulderseg.nnunet_ext.trainings import has_checkpoint


class NotedTraining(nnUNetTrainer):  # type: ignore[misc]
    """Takes the length and the rate that were asked for, and notes them for whoever goes on.

    A trainer is also made to validate, and for a training that is stopped before its first
    checkpoint: neither may change what is noted of the checkpoints that are there.
    """

    schedule: Schedule

    def take_schedule(self, *, resuming: bool) -> None:
        """Takes the length and the learning rate; nnU-Net's constructor comes first."""
        self.schedule = read_schedule(Path(self.output_folder) if resuming else None)
        self.num_epochs = self.schedule.epochs
        self.num_iterations_per_epoch = self.schedule.iterations
        self.num_val_iterations_per_epoch = self.schedule.validation_iterations
        self.save_every = self.schedule.save_every
        self.initial_lr = self.schedule.learning_rate

    def keep_notes(self) -> None:
        """Notes them in the training's folder."""
        keep_schedule(Path(self.output_folder), self.schedule)

    def on_train_start(self) -> None:
        """Begins as nnU-Net does, and notes it unless another training's checkpoints are there."""
        if self.local_rank == 0 and not has_checkpoint(Path(self.output_folder)):
            self.keep_notes()
        super().on_train_start()

    def save_checkpoint(self, filename: str) -> Any:  # noqa: ANN401 - as nnU-Net has it
        """Saves as nnU-Net does, with the notes."""
        if self.local_rank == 0 and not self.disable_checkpointing:
            self.keep_notes()
        return super().save_checkpoint(filename)
