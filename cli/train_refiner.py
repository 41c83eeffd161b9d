"""`shoulderseg train-refiner`: the AlexNet that decides the bones' edges."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.options import (
    DatasetArgument,
    Device,
    DeviceOption,
    NetworkSize,
    SizeOption,
    split_list,
)

if TYPE_CHECKING:
    from shoulderseg.refine.training import TrainingState
    from shoulderseg.workflows.refiner.cases import RefinerCases
    from shoulderseg.workflows.refiner.training import RefinerPlan
    from shoulderseg.workflows.refiner.voters import Voters

DESCRIPTION_FILE = "refiner.json"


class Inputs(StrEnum):
    """What the AlexNet sees."""

    image = "image"
    votes = "votes"


def train_refiner(
    dataset: DatasetArgument,
    size: SizeOption = NetworkSize.auto,
    inputs: Annotated[
        Inputs, typer.Option(help="Image patches alone, or also the U-Nets' votes there.")
    ] = Inputs.image,
    neighbours: Annotated[
        int,
        typer.Option(min=0, max=2, help="Slices it sees on either side; 0 is the paper's way."),
    ] = 1,
    patch_size: Annotated[int, typer.Option(help="Side of a patch in pixels.")] = 32,
    stride: Annotated[
        int, typer.Option(min=1, max=2, help="2 lets larger patches cost what smaller ones do.")
    ] = 1,
    folds: Annotated[
        str, typer.Option(help="Folds; default: those that all three U-Nets have finished.")
    ] = "",
    unets: Annotated[
        str | None,
        typer.Option(
            metavar="BUNDLE",
            help="Learn on what the U-Nets of a bundle say (default, an imported one, or a "
            "folder); none of this dataset's patients may have trained them.",
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs.")] = 40,
    steps: Annotated[int, typer.Option(min=1, help="Training steps an epoch.")] = 250,
    batch_size: Annotated[int, typer.Option(min=2, help="Patches a step.")] = 256,
    seed: Annotated[int, typer.Option(help="Source of all randomness.")] = 1,
    device: DeviceOption = Device.auto,
    restart: Annotated[bool, typer.Option("--restart", help="Forget an earlier run.")] = False,
) -> None:
    """Train the edge refiner on a dataset; call it again after an interruption.

    Run it after `shoulderseg train`: it learns on what U-Nets say about patients they never saw,
    one AlexNet a fold, and the held-out patients choose which voxels it decides and how far it is
    trusted. Unless that clearly beats the vote, `predict` keeps the vote by default. The votes are
    those without mirror images, which take half the time. With --unets no U-Nets need be trained;
    give it to `export` too.
    """
    from shoulderseg.nnunet_ext.folders import dataset_name
    from shoulderseg.refine.network import AlexNetConfig
    from shoulderseg.refine.precision import has_fast_half
    from shoulderseg.refine.training import TrainingConfig
    from shoulderseg.workflows.bundles.manifest import VOTES
    from shoulderseg.workflows.refiner.cases import load_refiner_cases
    from shoulderseg.workflows.refiner.training import RefinerPlan, train_fold

    with reported():
        where = device.resolve()
        name = dataset_name(dataset)
        voters = find_voters(name, size, unets)
        folder = refiner_folder(name, voters.folder_name)
        cases = load_refiner_cases(name, voters, folder / "votes", where)
        chosen = _chosen_folds(cases, split_list(folds))
        network = AlexNetConfig(
            patch_size=patch_size,
            stride=stride,
            neighbours=neighbours,
            votes=VOTES if inputs is Inputs.votes else 0,
            classes=cases.classes,
        )
        config = TrainingConfig(
            epochs=epochs,
            steps_per_epoch=steps,
            batch_size=batch_size,
            band_mm=4.0 * cases.pixel_mm,
            pixel_mm=cases.pixel_mm,
            half=has_fast_half(where),
        )
        plan = RefinerPlan(network, config, seed)
        states = {}
        for fold in chosen:
            states[fold] = train_fold(
                cases, fold, plan, folder / f"fold_{fold}", where, restart=restart
            )
            typer.echo(
                f"fold {fold}: {states[fold].epoch} epochs, balanced accuracy at the edges of "
                f"its held-out cases {states[fold].best_score:.4f}"
            )
        typer.echo(_finish(folder, voters, cases, plan, states, where))


def _chosen_folds(cases: RefinerCases, asked: list[str]) -> list[str]:
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
    return asked or possible


def find_voters(dataset_name: str, size: NetworkSize, bundle: str | None) -> Voters:
    """The U-Nets of a bundle, or those that were trained on the dataset itself."""
    from shoulderseg.nnunet_ext.folders import fold_names
    from shoulderseg.workflows.bundles.store import find_bundle
    from shoulderseg.workflows.refiner.voters import bundle_voters, trained_voters

    folds = fold_names(dataset_name)
    if bundle is not None:
        return bundle_voters(find_bundle(bundle), folds)
    return trained_voters(dataset_name, size.plans_name, folds)


def refiner_folder(dataset_name: str, folder_name: str) -> Path:
    """Where a refiner of a dataset is kept, beside nnU-Net's models."""
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder

    return data_folder(RESULTS) / dataset_name / folder_name


def _finish(
    folder: Path,
    voters: Voters,
    cases: RefinerCases,
    plan: RefinerPlan,
    states: Mapping[str, TrainingState],
    device: str,
) -> str:
    """Chooses the rule, writes weights and description, and says what came out."""
    from safetensors.torch import save_file

    from shoulderseg.refine.edges import EdgeRule
    from shoulderseg.refine.ensemble import ClassifyConfig
    from shoulderseg.refine.network import load_alexnet
    from shoulderseg.workflows.bundles.bundle import classifier_file
    from shoulderseg.workflows.refiner.rule import (
        BANDS_IN_PIXELS,
        choose_rule,
        describe_choice,
        rule_grid,
    )
    from shoulderseg.workflows.refiner.training import held_out_dice

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
        },
    }
    summary = "no out-of-fold votes, so nothing shows whether it helps; `predict` keeps the vote"
    if cases.voted:
        rules = rule_grid(cases.pixel_mm)
        models = {f: load_alexnet(plan.network, s.best_weights) for f, s in states.items()}
        config = ClassifyConfig(pixel_mm=cases.pixel_mm)
        dice = held_out_dice(cases, models, rules, config, device)
        choice = choose_rule(rules, dice)
        described |= {"rule": vars(choice.rule), "helps": choice.helps}
        described["cross_validation"] = describe_choice(choice, len(dice))
        verdict = "refines" if choice.helps else "keeps the vote"
        summary = (
            f"{len(dice)} held-out cases: Dice {choice.vote_dice:.4f} by the vote, "
            f"{choice.gain:+.4f} (standard error {choice.standard_error:.4f}) by rules that the "
            f"other cases chose; `predict` {verdict} by default; rule {choice.rule}"
        )
    # Without its description the refiner counts as not trained, so the two never mix.
    (folder / DESCRIPTION_FILE).unlink(missing_ok=True)
    for fold, state in states.items():
        weights = {key: tensor.contiguous() for key, tensor in state.best_weights.items()}
        save_file(weights, folder / classifier_file(fold))
    (folder / DESCRIPTION_FILE).write_text(json.dumps(described, indent=2) + "\n")
    return f"{folder}: {summary}"
