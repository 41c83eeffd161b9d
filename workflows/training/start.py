"""A bundle whose weights trainings begin with, looked at before the first of them begins."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.trainings import Training


def start_environment(
    bundle: str | None, trainings: Iterable[Training], plans: Path
) -> dict[str, str]:
    """Gives what makes the trainers start from a bundle, once its files have their fingerprints.

    Args:
        bundle: `default`, the name of an imported one, or a folder; None for random weights.
        trainings: those that may run.
        plans: file of their plans.

    Raises:
        FileNotFoundError: if there is no such bundle, or it lacks weights.
        ValueError: if it is damaged, or of another network than is planned.
    """
    if bundle is None:
        return {}
    from shoulderseg.nnunet_ext.variants import START_VARIABLE
    from shoulderseg.workflows.bundles.manifest import verified_manifest
    from shoulderseg.workflows.bundles.store import find_bundle

    folder = find_bundle(bundle)
    verified_manifest(folder)
    check_start(trainings, folder, plans)
    return {START_VARIABLE: str(folder.resolve())}


def check_start(trainings: Iterable[Training], bundle: Path, plans: Path) -> None:
    """Looks whether a bundle has weights of the planned network for all U-Nets and folds.

    Args:
        trainings: of which those that have not begun are looked at.
        bundle: its folder.
        plans: file of the plans of the trainings.

    Raises:
        FileNotFoundError: if it lacks some.
        ValueError: if they are those of another network.
    """
    from shoulderseg.nnunet_ext.start_weights import start_weights

    new = [training for training in trainings if training.state == "new"]
    found = {
        tuple(start_weights(bundle, training.variant, training.fold)): training for training in new
    }
    if not found:
        return
    from shoulderseg.nnunet_ext.warm_start import find_misfit

    planned = json.loads(plans.read_text(encoding="utf-8"))
    for paths, training in found.items():
        misfit = find_misfit(planned, paths)
        if misfit is not None:
            msg = (
                f"the bundle {bundle} cannot start the {training.variant} U-Net: {misfit} "
                f"({plans}); give a bundle of a network planned with the same patch size and "
                "--size, or train without --start-from"
            )
            raise ValueError(msg)
