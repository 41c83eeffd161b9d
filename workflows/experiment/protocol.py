"""What an experiment is, and who is trained on and who is tested."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.experiment.same_patient import refuse_doubles

if TYPE_CHECKING:
    import numpy as np

MOST_FOLDS = 5
STOCK = ("2d", "3d_fullres")


@dataclass(frozen=True)
class Protocol:
    """What makes an experiment: the same protocol draws the same patients of the same dataset.

    Its figures differ a little from run to run, since nnU-Net seeds nothing.

    Attributes:
        dataset: a number or DatasetNNN_Name.
        train: patients that are trained on, in as many folds, at most five.
        test: patients that nothing is trained on.
        seed: of the drawing of patients and folds, the AlexNet and the bootstrap.
        patient_pattern: regular expression whose one group is the patient in a case's name; None
            goes by the dataset's `case_patients.json`, or else makes each case its own patient.
        size: of the U-Nets, `auto` or `small`.
        epochs: of each U-Net, as of `train`; None for nnU-Net's own.
        iterations: training steps an epoch, likewise.
        learning_rate: at the beginning, likewise; of stock nnU-Net only where our U-Nets begin with
            random weights, too.
        start_from: a bundle whose weights the three U-Nets begin with; None for random ones.
        refiner_epochs: of each AlexNet.
        refiner_steps: training steps an epoch of each AlexNet.
        stock: configurations of stock nnU-Net that are trained beside ours.
        tolerance_mm: of the normalised surface Dice.
        test_on: patients to test, or cases of theirs; empty to draw as many as `test` says.
        augmentation: of our U-Nets' training images, `usual` or `strong`; None is `usual`.

    Raises:
        ValueError: if a number is out of range, or a configuration unknown.
    """

    dataset: str
    train: int = 5
    test: int = 3
    seed: int = 1
    patient_pattern: str | None = None
    size: str = "auto"
    epochs: int | None = None
    iterations: int | None = None
    learning_rate: float | None = None
    start_from: str | None = None
    refiner_epochs: int = 40
    refiner_steps: int = 250
    stock: tuple[str, ...] = ("2d",)
    tolerance_mm: float = 1.0
    test_on: tuple[str, ...] = ()
    augmentation: str | None = None

    def __post_init__(self) -> None:
        from shoulderseg.workflows.training.train import Schedule

        Schedule(self.epochs, self.iterations, self.learning_rate, self.augmentation)
        if not (math.isfinite(self.tolerance_mm) and self.tolerance_mm >= 0):
            msg = f"the tolerance is {self.tolerance_mm:g} mm; expected a number from 0 on"
            raise ValueError(msg)
        if self.train < 2 or self.test < 1:
            msg = (
                f"{self.train} patients to train and {self.test} to test; expected at least 2, "
                "so that there are two folds, and 1"
            )
            raise ValueError(msg)
        unknown = [name for name in self.stock if name not in STOCK]
        if unknown:
            msg = f"stock nnU-Net's configuration is {unknown[0]!r}, expected some of {STOCK}"
            raise ValueError(msg)

    def as_record(self) -> dict[str, Any]:
        """Gives the fields by name, as JSON has them."""
        return asdict(self) | {"stock": list(self.stock), "test_on": list(self.test_on)}


@dataclass(frozen=True)
class Assignment:
    """Who is trained on and who is tested.

    Attributes:
        train: case to patient.
        test: case to patient; no patient is in both.
        folds: nnU-Net's splits of the training cases, by patient.
    """

    train: Mapping[str, str]
    test: Mapping[str, str]
    folds: Sequence[Mapping[str, list[str]]]

    def as_record(self) -> dict[str, Any]:
        """Gives the fields by name, as JSON has them."""
        folds = [dict(fold) for fold in self.folds]
        return {"train": dict(self.train), "test": dict(self.test), "folds": folds}


def assign_patients(
    cases: Sequence[str],
    protocol: Protocol,
    rng: np.random.Generator,
    known: Mapping[str, str] | None = None,
) -> Assignment:
    """Draws the patients to train on and those to test, and makes folds of the former.

    Args:
        cases: names of the dataset's training cases; their order does not matter.
        protocol: how many of each, and what tells a patient.
        rng: draws them.
        known: the patient of each case; a pattern goes before it.

    Raises:
        ValueError: if the pattern finds no patient in a case, there are too few patients, or
            without either names tell that cases are of one patient.
    """
    from shoulderseg.datasets.pair_checks import find_patients
    from shoulderseg.datasets.splits import patient_folds

    patients, problems = find_patients(sorted(cases), protocol.patient_pattern)
    if protocol.patient_pattern is None and known is not None:
        patients = {case: known[case] for case in sorted(cases)}
    elif protocol.patient_pattern is None:
        refuse_doubles(cases)
    if problems:
        raise ValueError("\n".join(problems))
    asked = [patients.get(name, name) for name in protocol.test_on]
    tested, learned = _draw(sorted(set(patients.values())), asked, protocol, rng)
    training = {case: name for case, name in patients.items() if name in learned}
    testing = {case: name for case, name in patients.items() if name in tested}
    folds = patient_folds(training, rng=rng, folds=min(MOST_FOLDS, protocol.train))
    return Assignment(training, testing, folds)


def _draw(
    names: Sequence[str], asked: Sequence[str], protocol: Protocol, rng: np.random.Generator
) -> tuple[set[str], set[str]]:
    """Patients to test, those that are asked for or as many as the protocol says, and to train."""
    unknown = [name for name in asked if name not in names]
    if unknown:
        shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        msg = f"there is no patient or case {unknown[0]!r} to test; the patients are {shown}"
        raise ValueError(msg)
    tested = set(asked)
    others = [name for name in names if name not in tested]
    wanted = protocol.train + (0 if tested else protocol.test)
    if len(others) < wanted:
        msg = (
            f"found {len(names)} patients, expected {protocol.train} to train and "
            f"{len(tested) or protocol.test} to test; give fewer by --train-patients and "
            "--test-patients, or --patient-pattern if patients are told apart wrongly (without it "
            "the dataset's case_patients.json does, or else each case is a patient)"
        )
        raise ValueError(msg)
    drawn = [others[index] for index in rng.permutation(len(others))[:wanted]]
    count = wanted - protocol.train
    return tested | set(drawn[:count]), set(drawn[count:])
