"""Trains one classifier a fold, resumably, and lets the held-out cases choose the edge rule."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.refiner.cases import cases_digest, vote_of

if TYPE_CHECKING:
    from shoulderseg.refine.edges import EdgeRule
    from shoulderseg.refine.ensemble import ClassifyConfig
    from shoulderseg.refine.network import AlexNetConfig, PatchAlexNet
    from shoulderseg.refine.training import TrainingConfig, TrainingState
    from shoulderseg.workflows.refiner.cases import RefinerCases

PROGRESS_FILE = "progress.pt"


@dataclass(frozen=True)
class RefinerPlan:
    """What is to be trained.

    Attributes:
        network: Shape of the classifiers, and what they see.
        training: How each is trained.
        seed: Source of all randomness.
    """

    network: AlexNetConfig
    training: TrainingConfig
    seed: int


def train_fold(
    cases: RefinerCases,
    fold: str,
    plan: RefinerPlan,
    folder: Path,
    device: str,
    *,
    restart: bool = False,
) -> TrainingState:
    """Trains the classifier of one fold, or goes on where an earlier call was stopped.

    It learns from the cases outside the fold with out-of-fold votes; where there are none and it
    does not see votes, from all of them, at the edges of the reference.

    Args:
        cases: The dataset's cases.
        fold: Whose patients are held out.
        plan: What to train.
        folder: Keeps the progress of this fold.
        device: Where to compute.
        restart: Forget an earlier run.

    Returns:
        The finished state.

    Raises:
        ValueError: If the progress in the folder belongs to other settings or cases, or nothing
            is left to learn from.
    """
    from shoulderseg.refine.training import fit_classifier

    learned, held_out = _sides(cases, fold, needs_votes=plan.network.votes > 0)
    described = _describe(cases, fold, plan)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PROGRESS_FILE
    return fit_classifier(
        [cases.cases[name] for name in learned],
        [cases.cases[name] for name in held_out],
        plan.network,
        plan.training,
        # Every fold has weights and draws of its own.
        np.random.default_rng([plan.seed, int(fold)]),
        device=device,
        state=None if restart else _load_progress(path, described),
        on_epoch=lambda reached: _save_progress(path, reached, described),
    )


def finished_fold(
    cases: RefinerCases, fold: str, plan: RefinerPlan, folder: Path
) -> TrainingState | None:
    """The classifier of a fold that an earlier call trained to the end; None without one.

    Args:
        cases: The dataset's cases.
        fold: Whose patients are held out.
        plan: What was to be trained; a classifier of another plan or other cases counts for none.
        folder: Keeps the progress of this fold.
    """
    try:
        state = _load_progress(folder / PROGRESS_FILE, _describe(cases, fold, plan))
    except ValueError:
        return None
    return state if state is not None and state.epoch >= plan.training.epochs else None


def _describe(cases: RefinerCases, fold: str, plan: RefinerPlan) -> dict[str, Any]:
    """What makes a run: progress of another one must not be gone on with."""
    return {
        "network": plan.network.to_dict(),
        "training": asdict(plan.training),
        "seed": plan.seed,
        "fold": fold,
        "cases_sha256": cases_digest(cases),
    }


def _sides(cases: RefinerCases, fold: str, *, needs_votes: bool) -> tuple[list[str], list[str]]:
    """Names of the cases to learn from, and of those to judge by."""
    learned, held_out = cases.learned[fold], cases.held_out[fold]
    if needs_votes or _with_votes(cases, learned):
        learned = _with_votes(cases, learned)
    if needs_votes:
        held_out = _with_votes(cases, held_out)
        if not learned or not held_out:
            msg = (
                f"fold {fold} has {len(learned)} cases with out-of-fold votes to learn from and "
                f"{len(held_out)} held out; train all folds of the U-Nets first, or let the "
                "refiner see images only (--inputs image)"
            )
            raise ValueError(msg)
    return learned, held_out


def held_out_dice(
    cases: RefinerCases,
    classifiers: Mapping[str, PatchAlexNet],
    rules: Sequence[EdgeRule],
    config: ClassifyConfig,
    device: str,
) -> npt.NDArray[np.float64]:
    """Computes each voted held-out case's Dice, refined by the classifier that never saw it.

    The cases are in the order of `judged_patients`.

    Args:
        cases: The dataset's cases.
        classifiers: One for each fold.
        rules: What to try.
        config: How voxels are classified.
        device: Where to compute.

    Returns:
        float64 (cases, 1 + rules), the vote first; see `rule_dice`.
    """
    from shoulderseg.refine.edges import edge_opinions
    from shoulderseg.workflows.refiner.rule import rule_dice

    widest_mm = max(rule.band_mm for rule in rules)
    found = []
    for fold, model in classifiers.items():
        for name in _with_votes(cases, cases.held_out[fold]):
            case = cases.cases[name]
            voted = vote_of(case)
            opinions = edge_opinions(
                case.image, voted, [model], case.spacing_mm, widest_mm, config, device
            )
            found.append(rule_dice(voted, opinions, case.label_map, case.spacing_mm, rules))
    return np.array(found).reshape(-1, 1 + len(rules))


def judged_patients(cases: RefinerCases, folds: Iterable[str]) -> list[str] | None:
    """The patient of each voted held-out case, fold by fold; None where nobody told."""
    if cases.patients is None:
        return None
    names = [name for fold in folds for name in _with_votes(cases, cases.held_out[fold])]
    return [cases.patients[name] for name in names]


def _with_votes(cases: RefinerCases, names: Sequence[str]) -> list[str]:
    return [name for name in names if cases.cases[name].votes is not None]


def _save_progress(path: Path, state: TrainingState, described: dict[str, Any]) -> None:
    import torch

    part = path.with_suffix(".part")
    torch.save({"described": json.dumps(described), "state": state.to_dict()}, part)
    part.replace(path)


def _load_progress(path: Path, described: dict[str, Any]) -> TrainingState | None:
    import torch

    from shoulderseg.refine.training import TrainingState

    if not path.is_file():
        return None
    saved = torch.load(path, map_location="cpu", weights_only=True)
    if _compared(json.loads(saved["described"])) != _compared(described):
        msg = (
            f"{path} belongs to a run with other settings, images or U-Net predictions; "
            f"give --restart to forget it, or remove {path.parent}"
        )
        raise ValueError(msg)
    return TrainingState.from_dict(saved["state"])


def _compared(described: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what JSON makes of it
    """What has to be the same; a computer's way to multiply may change with the computer."""
    training = {key: value for key, value in described["training"].items() if key != "half"}
    return json.loads(json.dumps({**described, "training": training}))
