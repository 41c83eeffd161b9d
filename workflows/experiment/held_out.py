"""How well an experiment's networks segment the training patients that they never saw."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Held(NamedTuple):
    """What the training patients say, each held out by the networks that never saw them.

    Attributes:
        dice: of what `predict` does without options, over patients; a patient has the mean of all
            images and bones.
        patients: how many there are.
    """

    dice: float
    patients: int


def held_out_training(bundle: Path) -> Held | None:
    """How well a bundle's own networks segment the training patients that they never saw.

    Args:
        bundle: of an experiment.

    Returns:
        None where no bundle is, or its cross-validation is not told.

    Raises:
        ValueError: if the bundle is damaged.
    """
    from shoulderseg.workflows.bundles.manifest import verified_manifest

    try:
        refiner = verified_manifest(bundle)["refiner"]
    except FileNotFoundError:
        return None
    found = (refiner or {}).get("cross_validation")
    if found is None:
        return None
    # `predict` refines where that helped, by the rule that others of the training patients choose.
    dice = found["vote_dice"] + (found["gain"] if refiner["helps"] else 0.0)
    return Held(float(dice), int(found.get("patients") or found["cases"]))
