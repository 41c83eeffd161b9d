"""Teaches a bundle to correct its U-Nets from slice to slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.workflows.bundles.context_file import CONTEXT_FILE
from shoulderseg.workflows.errors import noted

if TYPE_CHECKING:
    import torch

    from shoulderseg.refine.slice_context import ContextConfig
    from shoulderseg.refine.slice_context_training import ContextCase
    from shoulderseg.workflows.bundles.bundle import Bundle
    from shoulderseg.workflows.calibration.order import CalibrationOrder
    from shoulderseg.workflows.slice_context.judge import Judgement

# Every fourth patient judges what the others taught.
_JUDGES = 4
# Is told what is at work, how much of it is done, and how much there is.
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ContextReport:
    """What came of it.

    Attributes:
        path: the file in the bundle; None where it does not help, and the bundle has none.
        judgement: what held-out patients showed.
        left_out: why an image could not be used, one sentence each.
    """

    path: Path | None
    judgement: Judgement
    left_out: tuple[str, ...]


def learn_context(
    folder: Path,
    order: CalibrationOrder,
    device: str,
    on_progress: OnProgress,
    *,
    steps: int,
    most_share: float = 1.0,
    mirroring: bool = True,
) -> ContextReport:
    """Trains a slice context on images that a bundle's U-Nets never saw, and keeps it if it helps.

    Every fourth patient judges: these choose which share of the corrections is made, and whether
    any. A calibration of predicted Dice that the bundle has is taken out, since it is of other
    results.

    Args:
        folder: of the bundle.
        order: images, label maps, whose they are, and the seed.
        device: cpu, cuda or mps.
        on_progress: is called before the first image and step, and after each.
        steps: of the training.
        most_share: of the corrections that may be chosen; below 0.25 none may.
        mirroring: whether mirror images are averaged over, where the bundle allows it.

    Raises:
        ValueError: if the bundle has an edge refiner or one network for both bones, files have no
            partner, or there are too few images that can be used; names those that cannot.
        OSError: if the bundle cannot be written.
    """
    from shoulderseg.refine.slice_context import ContextConfig
    from shoulderseg.refine.slice_context_training import ContextTraining, fit_context
    from shoulderseg.workflows.bundles.bundle import read_bundle
    from shoulderseg.workflows.calibration.model import check_writable
    from shoulderseg.workflows.slice_context.judge import judge

    bundle = read_bundle(folder)
    _check_bundle(bundle)
    check_writable(folder)
    failed: list[str] = []
    cases, patients = _cases(bundle, order, device, on_progress, failed, mirroring=mirroring)
    teaching, judging = _sides(cases, patients, failed)
    config, training = ContextConfig(), ContextTraining(steps)
    rng, tell = np.random.default_rng(order.seed), _teller(on_progress, steps)
    weights = fit_context(teaching, config, training, rng, device=device, on_step=tell)
    judgement = judge(config, weights, judging, bundle, most_share)
    evidence = {"taught_by": len(teaching), "steps": steps, **judgement.evidence}
    path = _keep(folder, judgement, evidence, config, weights)
    return ContextReport(path, judgement, tuple(failed))


def _teller(on_progress: OnProgress, steps: int) -> Callable[[int], None]:
    return lambda step: on_progress("steps", step, steps)


def _check_bundle(bundle: Bundle) -> None:
    from shoulderseg.nnunet_ext.unet_set import PARTS

    if bundle.refiner is not None:
        msg = (
            "the bundle's edge refiner learned on what its U-Nets say without a slice context; "
            "give a bundle without a refiner"
        )
        raise ValueError(msg)
    if set(bundle.unets.weights) != set(PARTS):
        msg = (
            "a slice context corrects three U-Nets, of each bone and of both as one; found "
            f"{', '.join(sorted(bundle.unets.weights))}"
        )
        raise ValueError(msg)


def _cases(
    bundle: Bundle,
    order: CalibrationOrder,
    device: str,
    on_progress: OnProgress,
    failed: list[str],
    *,
    mirroring: bool,
) -> tuple[dict[str, ContextCase], Mapping[str, str]]:
    """What the U-Nets say of each image that can be used, and whose each is."""
    from shoulderseg.workflows.calibration.order import pairs_of, patients_of
    from shoulderseg.workflows.slice_context.votes import prepare_voters, voted_case

    pairs = pairs_of(order)
    patients = patients_of(order, pairs) or {pair.case: pair.case for pair in pairs}
    segment = prepare_voters(bundle, device, mirroring=mirroring)
    cases = {}
    for number, pair in enumerate(pairs):
        on_progress("images", number, len(pairs))
        with noted(pair.image, failed):
            cases[pair.case] = voted_case(pair, bundle, segment)
    on_progress("images", len(pairs), len(pairs))
    return cases, {name: patients[name] for name in cases}


def _sides(
    cases: Mapping[str, ContextCase], patients: Mapping[str, str], failed: Sequence[str]
) -> tuple[list[ContextCase], list[ContextCase]]:
    """Those that teach, and those of every fourth patient, which judge."""
    known = sorted(set(patients.values()))
    judges = set(known[::_JUDGES])
    teaching = [case for name, case in cases.items() if patients[name] not in judges]
    judging = [case for name, case in cases.items() if patients[name] in judges]
    if not teaching or not judging:
        msg = f"images of {len(known)} patients can be used, expected two at least"
        raise ValueError("; ".join([msg, *failed]))
    return teaching, judging


def _keep(
    folder: Path,
    judgement: Judgement,
    evidence: Mapping[str, Any],
    config: ContextConfig,
    weights: Mapping[str, torch.Tensor],
) -> Path | None:
    """Puts what was learned into the bundle, or takes out what does not help."""
    from shoulderseg.workflows.bundles.context_file import write_context
    from shoulderseg.workflows.bundles.manifest import drop_file, put_file
    from shoulderseg.workflows.bundles.quality_file import QUALITY_FILE

    if judgement.share or (folder / CONTEXT_FILE).is_file():
        drop_file(folder, QUALITY_FILE)
    if not judgement.share:
        drop_file(folder, CONTEXT_FILE)
        return None
    put_file(
        folder,
        CONTEXT_FILE,
        lambda path: write_context(path, config, weights, judgement.share, evidence),
    )
    return folder / CONTEXT_FILE
