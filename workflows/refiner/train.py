"""Training of the edge refiner: one AlexNet a fold, and the rule that held-out patients choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.refiner.files import refiner_folder, write_refiner

if TYPE_CHECKING:
    from shoulderseg.refine.training import TrainingState
    from shoulderseg.workflows.refiner.cases import RefinerCases
    from shoulderseg.workflows.refiner.rule import RuleChoice
    from shoulderseg.workflows.refiner.training import RefinerPlan
    from shoulderseg.workflows.refiner.voters import Voters


@dataclass(frozen=True)
class RefinerOrder:
    """What is to be trained.

    Attributes:
        dataset: a number or DatasetNNN_Name.
        device: cpu, cuda or mps.
        size: of the dataset's own U-Nets, `auto` or `small`.
        unets: a bundle whose U-Nets vote instead; None for the dataset's own.
        folds: which folds; empty for all with votes.
        sees_votes: whether the AlexNet sees the U-Nets' votes beside the image.
        neighbours: slices that it sees on either side of its own.
        patch_size: side of a patch in pixels.
        stride: of the first layer, 1 or 2.
        epochs: of each fold.
        steps: training steps an epoch.
        batch_size: patches a step.
        seed: source of all randomness.
        restart: whether an earlier run is forgotten.
        without_votes: whether to go on where no U-Net can vote, so that nothing shows whether the
            refiner helps.
    """

    dataset: str
    device: str
    size: str = "auto"
    unets: str | None = None
    folds: Sequence[str] = ()
    sees_votes: bool = False
    neighbours: int = 1
    patch_size: int = 32
    stride: int = 1
    epochs: int = 40
    steps: int = 250
    batch_size: int = 256
    seed: int = 1
    restart: bool = False
    without_votes: bool = False


@dataclass(frozen=True)
class TrainedRefiner:
    """What was trained.

    Attributes:
        folder: holds weights and description.
        held_out: number of held-out cases with votes.
        choice: what came out of the cross-validation; None without votes.
    """

    folder: Path
    held_out: int
    choice: RuleChoice | None


def train_refiner(
    order: RefinerOrder, on_fold: Callable[[str, TrainingState], None]
) -> TrainedRefiner:
    """Trains the edge refiner of a dataset, or goes on where an earlier call was stopped.

    Args:
        order: what to train.
        on_fold: is called with each fold and its finished training.

    Raises:
        FileNotFoundError: if no U-Net can vote, or the dataset is not there.
        ValueError: if a fold has no votes, or an earlier run was of something else.
        TimeoutError: if another call is at work on it.
    """
    from shoulderseg.nnunet_ext.folders import RAW, data_folder, dataset_name
    from shoulderseg.workflows.lock import alone_in
    from shoulderseg.workflows.refiner.cases import load_refiner_cases
    from shoulderseg.workflows.refiner.training import finished_fold, train_fold
    from shoulderseg.workflows.refiner.voters import find_voters

    name = dataset_name(order.dataset)
    # Hours of training would show nothing; said before anything else is read.
    if order.unets is None and not order.without_votes and not _has_finished_fold(name, order.size):
        raise FileNotFoundError(_no_votes(name, order))
    if not (data_folder(RAW) / name / "dataset.json").is_file():
        msg = f"{data_folder(RAW) / name} is no raw dataset; give its number or its full name"
        raise FileNotFoundError(msg)
    voters = find_voters(name, order.size, order.unets)
    folder = refiner_folder(name, voters.folder_name)
    with alone_in(folder, "another train-refiner"):
        cases = load_refiner_cases(name, voters, folder / "votes", order.device)
        chosen = _chosen_folds(cases, order.folds)
        plan = _plan(order, cases)
        states = {}
        for fold in cases.voted or chosen:
            place = folder / f"fold_{fold}"
            state = (
                train_fold(cases, fold, plan, place, order.device, restart=order.restart)
                if fold in chosen
                # Of an earlier call: the rule is chosen by all cases that a fold holds out.
                else finished_fold(cases, fold, plan, place)
            )
            if state is not None:
                states[fold] = state
                on_fold(fold, state)
        return _finish(folder, voters, cases, plan, states, order.device)


def _has_finished_fold(name: str, size: str) -> bool:
    """Whether all three U-Nets have finished any numbered fold."""
    from shoulderseg.nnunet_ext.checkpoints import finished_folds
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder, fold_names
    from shoulderseg.nnunet_ext.variants import TRAINERS, model_folder
    from shoulderseg.workflows.training.size import plans_name

    results, identifier = data_folder(RESULTS) / name, plans_name(size)
    folds = set(fold_names(name))
    for variant in TRAINERS:
        folds &= set(finished_folds(model_folder(results, variant, identifier)))
    return bool(folds)


def _no_votes(name: str, order: RefinerOrder) -> str:
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder

    return (
        f"missing in {data_folder(RESULTS) / name}: no fold that all three U-Nets of --size "
        f"{order.size} have finished; run `shoulderseg train {order.dataset} --size {order.size}` "
        "first. Without U-Nets of your own give --unets default (and to `export` too). "
        "--without-votes trains all the same, but nothing then shows whether the refiner helps"
    )


def _chosen_folds(cases: RefinerCases, asked: Sequence[str]) -> list[str]:
    """The folds to train; without any votes one classifier is all that can be made."""
    if not cases.voted:
        asked = asked or ["0"]
    possible = cases.voted or list(cases.held_out)
    missing = [fold for fold in asked if fold not in possible]
    if missing:
        msg = (
            f"fold {missing[0]} has no out-of-fold votes; folds with votes of all three U-Nets: "
            f"{', '.join(possible)}"
        )
        raise ValueError(msg)
    return list(asked) or possible


def _plan(order: RefinerOrder, cases: RefinerCases) -> RefinerPlan:
    from shoulderseg.refine.network import AlexNetConfig
    from shoulderseg.refine.precision import has_fast_half
    from shoulderseg.refine.training import TrainingConfig
    from shoulderseg.workflows.bundles.manifest import VOTES
    from shoulderseg.workflows.refiner.training import RefinerPlan

    network = AlexNetConfig(
        patch_size=order.patch_size,
        stride=order.stride,
        neighbours=order.neighbours,
        votes=VOTES if order.sees_votes else 0,
        classes=cases.classes,
    )
    config = TrainingConfig(
        epochs=order.epochs,
        steps_per_epoch=order.steps,
        batch_size=order.batch_size,
        band_mm=4.0 * cases.pixel_mm,
        pixel_mm=cases.pixel_mm,
        half=has_fast_half(order.device),
    )
    return RefinerPlan(network, config, order.seed)


def _finish(
    folder: Path,
    voters: Voters,
    cases: RefinerCases,
    plan: RefinerPlan,
    states: Mapping[str, TrainingState],
    device: str,
) -> TrainedRefiner:
    """Lets the held-out cases choose the rule, and writes weights and description."""
    from shoulderseg.refine.edges import EdgeRule
    from shoulderseg.workflows.refiner.rule import BANDS_IN_PIXELS, describe_choice

    described: dict[str, Any] = {
        "network": plan.network.to_dict(),
        "pixel_mm": cases.pixel_mm,
        "folds": list(states),
        "rule": vars(EdgeRule(BANDS_IN_PIXELS[1] * cases.pixel_mm)),
        "helps": False,
        "unets": {fold: voters.digests[fold] for fold in cases.voted},
        "cross_validation": None,
        "training": {
            "seed": plan.seed,
            "half": plan.training.half,
            "balanced_accuracy": {f: round(s.best_score, 6) for f, s in states.items()},
            # After each epoch: the mean training loss, and the held-out balanced accuracy.
            "epochs": {
                fold: [
                    {"loss": round(loss, 6), "balanced_accuracy": round(score, 6)}
                    for loss, score in zip(state.loss, state.score, strict=True)
                ]
                for fold, state in states.items()
            },
        },
    }
    choice, held_out = None, 0
    if cases.voted:
        choice, held_out = _cross_validate(cases, plan, states, device)
        described |= {"rule": vars(choice.rule), "helps": choice.helps}
        described["cross_validation"] = describe_choice(choice, held_out)
    write_refiner(folder, described, states)
    return TrainedRefiner(folder, held_out, choice)


def _cross_validate(
    cases: RefinerCases, plan: RefinerPlan, states: Mapping[str, TrainingState], device: str
) -> tuple[RuleChoice, int]:
    """The rule that the held-out cases choose, and the number of these cases."""
    from shoulderseg.refine.ensemble import ClassifyConfig
    from shoulderseg.refine.network import load_alexnet
    from shoulderseg.workflows.refiner.rule import choose_rule, rule_grid
    from shoulderseg.workflows.refiner.training import held_out_dice, judged_patients

    rules = rule_grid(cases.pixel_mm)
    models = {f: load_alexnet(plan.network, s.best_weights) for f, s in states.items()}
    dice = held_out_dice(cases, models, rules, ClassifyConfig(pixel_mm=cases.pixel_mm), device)
    return choose_rule(rules, dice, judged_patients(cases, models)), len(dice)
