"""Trainings that note what they go by, and write checkpoints whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from shoulderseg.nnunet_ext.learned_with import (
    changed_since,
    described_with,
    is_noted,
    keep_learned_with,
    planned_with,
)
from shoulderseg.nnunet_ext.schedule import Schedule, keep_schedule, read_schedule
from shoulderseg.nnunet_ext.trainings import (
    broken_checkpoints,
    has_checkpoint,
    is_whole,
    whole_checkpoint,
)


class NotedTraining(nnUNetTrainer):  # type: ignore[misc]
    """Takes the length and the rate that were asked for, and notes them for whoever goes on.

    Plans and labels are noted too: nnU-Net keeps only those of the fold that began last.

    A trainer is also made to validate, and for a training that is stopped before its first
    checkpoint: neither may change what is noted of the checkpoints that are there.
    """

    schedule: Schedule
    # Of one that goes on without a note it is not known what it began with.
    learned_unnoted = False

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
        folder = Path(self.output_folder)
        keep_schedule(folder, self.schedule)
        if not self.learned_unnoted:
            plans = self.plans_manager.plans
            keep_learned_with(folder, plans, self.configuration_name, self.dataset_json)

    def on_train_start(self) -> None:
        """Begins as nnU-Net does, and notes it unless another training's checkpoints are there."""
        folder = Path(self.output_folder)
        if self.local_rank == 0 and not has_checkpoint(folder):
            for broken in broken_checkpoints(folder):
                self.print_to_log_file(f"{broken} is not whole; the training begins anew")
            self.keep_notes()
        super().on_train_start()

    def save_checkpoint(self, filename: str) -> Any:  # noqa: ANN401 - as nnU-Net has it
        """Saves as nnU-Net does, with the notes, and replaces a checkpoint by a whole one only."""
        if self.local_rank != 0 or self.disable_checkpointing:
            return super().save_checkpoint(filename)
        self.keep_notes()
        target = Path(filename)
        made = target.with_name(f".{target.name}.part")
        try:
            outcome = super().save_checkpoint(str(made))
            with made.open("rb+") as written:
                os.fsync(written.fileno())
            made.replace(target)
        finally:
            made.unlink(missing_ok=True)
        return outcome

    def load_checkpoint(self, filename_or_checkpoint: Any) -> Any:  # noqa: ANN401 - likewise
        """Loads a checkpoint as nnU-Net does, or the next best where it is not whole.

        Raises:
            ValueError: If it learned with other plans or labels than the present ones.
        """
        folder = Path(self.output_folder)
        self._check_learned_with(folder)
        asked = filename_or_checkpoint
        if isinstance(asked, str) and Path(asked).parent == folder and not is_whole(Path(asked)):
            found = whole_checkpoint(folder)
            if found is not None:
                self.print_to_log_file(f"{asked} is not whole; the training goes on from {found}")
                return super().load_checkpoint(str(found))
        return super().load_checkpoint(asked)

    def _check_learned_with(self, folder: Path) -> None:
        plans = self.plans_manager.plans
        present = planned_with(plans, self.configuration_name) | described_with(self.dataset_json)
        changed = changed_since(folder, present)
        if changed:
            msg = (
                f"{folder} was trained with other plans or labels than the present ones "
                f"({', '.join(changed)} differ) and cannot go on; remove it to train anew"
            )
            raise ValueError(msg)
        self.learned_unnoted = not is_noted(folder)
