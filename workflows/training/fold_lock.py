"""One process at a time trains a fold, whoever started it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shoulderseg.workflows.cohort.presence import BusyError
from shoulderseg.workflows.lock import held_open

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.trainings import Training


@contextmanager
def fold_held(training: Training) -> Iterator[tuple[Training, list[int]]]:
    """Keeps other processes from a fold while the block runs.

    Args:
        training: of the fold.

    Yields:
        The training as it stands now, and the open files to hand to the process that trains: it
        may outlive this one, and then still keeps others out.

    Raises:
        BusyError: if another process trains it.
        OSError: if its folder cannot be written to.
    """
    from shoulderseg.nnunet_ext.trainings import looked_at_again

    busy = BusyError(f"another process trains {training.variant} fold {training.fold}")
    lock = training.folder.parent / f".fold_{training.fold}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with held_open(lock, busy) as opened:
        yield looked_at_again(training), [opened] * (opened >= 0)
