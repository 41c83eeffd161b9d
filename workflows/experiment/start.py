"""Which bundle the U-Nets of an experiment begin with, so that no two of them are mixed."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.bundles.manifest import MANIFEST, sha256_of, verified_manifest
from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.training.size import plans_name

if TYPE_CHECKING:
    from shoulderseg.workflows.experiment.protocol import Protocol

_LOGGER = logging.getLogger(__name__)
# Of the weights alone: `calibrate` changes a bundle, and no training that starts from it.
WEIGHTS = "weights_sha256"


def start_fingerprint(bundle: str) -> dict[str, str]:
    """Gives what tells a bundle that trainings start from.

    Args:
        bundle: `default`, the name of an imported one, or a folder.

    Returns:
        `bundle_sha256`, which run reports call `model_sha256`, and that of the U-Nets' weights.

    Raises:
        FileNotFoundError: if there is no such bundle.
        ValueError: if a file of it is missing or changed.
    """
    from shoulderseg.nnunet_ext.variants import TRAINERS

    folder = find_bundle(bundle)
    files = verified_manifest(folder)["files"]
    weights = sorted(
        f"{name} {digest}\n"
        for name, digest in files.items()
        if name.startswith(tuple(f"{variant}_fold_" for variant in TRAINERS))
    )
    digest = hashlib.sha256("".join(weights).encode()).hexdigest()
    return {"bundle_sha256": sha256_of(folder / MANIFEST), WEIGHTS: digest}


def checked_start(
    results: Path, protocol: Protocol, folds: int, noted: Mapping[str, str] | None
) -> dict[str, str] | None:
    """Sees that U-Nets that have not begun start from the same weights as those that have.

    Args:
        results: the experiment's trainings: its dataset's folder in nnUNet_results.
        protocol: of the experiment.
        folds: how many there are.
        noted: fingerprint of the bundle at an earlier call; None where none was noted.

    Returns:
        The fingerprint of the bundle that the U-Nets begin with; None for random weights.

    Raises:
        FileNotFoundError: if there is no such bundle.
        ValueError: if some have begun with other weights, and some are still to begin; or the
            bundle is damaged.
    """
    from shoulderseg.nnunet_ext.variants import TRAINERS

    if protocol.start_from is None:
        return None
    waiting = count_waiting(results, protocol, folds)
    if not waiting and noted is not None:
        # The bundle may be gone by now; nothing begins with it any more.
        return dict(noted)
    now = start_fingerprint(protocol.start_from)
    begun = len(TRAINERS) * folds - waiting
    if not begun:
        return now
    if noted is None:
        _LOGGER.warning(
            "%s: trainings began before the bundle's fingerprint was noted; the present %s is "
            "taken for the one that they began with",
            results,
            protocol.start_from,
        )
        return now
    if waiting and noted.get(WEIGHTS) != now[WEIGHTS]:
        msg = (
            f"the bundle {protocol.start_from} has other weights than when this experiment began "
            f"(fingerprint {now[WEIGHTS][:12]}, then {str(noted.get(WEIGHTS))[:12]}): {begun} "
            f"trainings began with those, and {waiting} would with these; give the bundle of then "
            "its place again, or give another folder for the experiment"
        )
        raise ValueError(msg)
    return dict(noted)


def count_waiting(results: Path, protocol: Protocol, folds: int) -> int:
    """Counts the U-Nets whose training has not begun.

    Args:
        results: the experiment's trainings: its dataset's folder in nnUNet_results.
        protocol: of the experiment.
        folds: how many there are.
    """
    from shoulderseg.nnunet_ext.trainings import training_state
    from shoulderseg.nnunet_ext.variants import TRAINERS, model_folder

    plans = plans_name(protocol.size)
    models = [model_folder(results, variant, plans) for variant in TRAINERS]
    states = [training_state(model / f"fold_{fold}") for model in models for fold in range(folds)]
    return states.count("new")
