"""Training cases of the refiner, from a raw nnU-Net dataset and the U-Nets' out-of-fold votes."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.segmentation.slices import slices_first, spacing_first

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.refine.edges import Voted
    from shoulderseg.refine.training import TrainingCase
    from shoulderseg.workflows.refiner.voters import Voters

# Bands are this much wider than whole pixels. Voxels exactly so many pixels away would else be lost
# to rounding (as at 0.3125 mm), or where a case is up to 1 % coarser than the plans, which
# resampling leaves as it is.
BAND_SLACK = 1.02
# How far from the vote's edge it learns; as far as any rule may let it decide. Three pixels were
# better than one and two in most comparisons of benchmarks/refiner_study.py.
REGION_PIXELS = 3 * BAND_SLACK

_LOGGER = logging.getLogger(__name__)


class RefinerCases(NamedTuple):
    """What the refiner learns from, and what it is judged on.

    Attributes:
        cases: Every training case of the dataset by name; a case has votes where U-Nets that
            never saw its patient have been trained.
        learned: For each fold the names of the cases to learn from.
        held_out: For each fold the names of its held-out cases.
        voted: Folds whose held-out cases have votes.
        patients: The patient of each case; None where the dataset does not tell.
        pixel_mm: In-plane pixel size of the U-Nets' plans.
        classes: Background and the bones.
    """

    cases: dict[str, TrainingCase]
    learned: dict[str, list[str]]
    held_out: dict[str, list[str]]
    voted: list[str]
    patients: Mapping[str, str] | None
    pixel_mm: float
    classes: int


def load_refiner_cases(
    name: str,
    voters: Voters,
    cache: Path,
    device: str,
) -> RefinerCases:
    """Reads the training cases of a raw dataset, with out-of-fold votes where U-Nets can give them.

    Args:
        name: Full dataset name.
        voters: The U-Nets, and the slice axis and pixel size that they were planned with.
        cache: Folder that keeps the votes.
        device: Where the U-Nets vote.

    Raises:
        FileNotFoundError: If folds or images are missing.
        ValueError: If a case cannot be read, the dataset's bones are called otherwise than those
            of the U-Nets, or a fold holds out a patient from whom it learns.
    """
    from shoulderseg.nnunet_ext.plans import CONFIGURATION
    from shoulderseg.workflows.refiner.out_of_fold import out_of_fold_votes, read_case

    learned, held_out = (_read_folds(name, side) for side in ("train", "val"))
    voted = [fold for fold in held_out if fold in voters.digests]
    names = sorted({case for fold in (*learned.values(), *held_out.values()) for case in fold})
    patients = _patients(name, learned, held_out)
    votes = out_of_fold_votes(name, voters, _voted_on(voters, names, held_out), cache, device)
    _LOGGER.info("out-of-fold votes: %d cases of folds %s", len(votes), ", ".join(voted) or "-")
    values = _bone_values(name, voters)
    axis = int(voters.plans["transpose_forward"][0])
    pixel_mm = math.sqrt(math.prod(voters.plans["configurations"][CONFIGURATION]["spacing"]))
    reach_mm = REGION_PIXELS * pixel_mm
    return RefinerCases(
        cases={
            case: _as_learned(
                *read_case(name, case, upright=voters.upright),
                values,
                axis,
                votes.get(case),
                reach_mm,
            )
            for case in names
        },
        learned=learned,
        held_out=held_out,
        voted=voted,
        patients=patients,
        pixel_mm=pixel_mm,
        classes=len(values) + 1,
    )


def _patients(
    name: str, learned: dict[str, list[str]], held_out: dict[str, list[str]]
) -> dict[str, str] | None:
    """The patient of each case; None where the dataset does not tell.

    Raises:
        ValueError: If a fold learns from a patient whom it holds out.
    """
    from shoulderseg.datasets.case_patients import PATIENTS_FILE, read_patients
    from shoulderseg.nnunet_ext.folders import RAW, SPLITS_FILE, data_folder

    cases = {case for fold in (*learned.values(), *held_out.values()) for case in fold}
    patients = read_patients(data_folder(RAW) / name, cases)
    if patients is None:
        return None
    for fold, out in held_out.items():
        of_learned = {patients[case]: case for case in learned[fold]}
        for case in out:
            if patients[case] in of_learned:
                msg = (
                    f"fold {fold} of {SPLITS_FILE} learns from {of_learned[patients[case]]} and "
                    f"holds out {case}, which {PATIENTS_FILE} says are of one patient; put them on "
                    "one side, or correct that file"
                )
                raise ValueError(msg)
    return patients


def _bone_values(name: str, voters: Voters) -> list[int]:
    """Values of the bones in the dataset's label maps, in the order of the votes."""
    from shoulderseg.nnunet_ext.folders import RAW, data_folder
    from shoulderseg.nnunet_ext.regions import foreground_labels

    described = json.loads((data_folder(RAW) / name / "dataset.json").read_text())
    labels = foreground_labels(described)
    if set(labels) != set(voters.labels):
        msg = (
            f"{name} labels {', '.join(labels)}, the U-Nets find {', '.join(voters.labels)}; "
            "convert the dataset with the same names"
        )
        raise ValueError(msg)
    return [labels[bone] for bone in voters.labels]


def _voted_on(
    voters: Voters, names: list[str], held_out: dict[str, list[str]]
) -> dict[str, list[str]]:
    """The cases that the U-Nets of each fold vote on."""
    voted = {fold: cases for fold, cases in held_out.items() if fold in voters.digests}
    if voters.trained_elsewhere and voted:
        # The same U-Nets for every fold: cases that no fold holds out have votes too.
        first = next(iter(voted))
        covered = {case for cases in voted.values() for case in cases}
        voted[first] = [*voted[first], *(case for case in names if case not in covered)]
    return voted


def vote_of(case: TrainingCase) -> Voted:
    """Returns the majority vote on a case that has out-of-fold votes.

    Raises:
        ValueError: If it has none.
    """
    from shoulderseg.refine.edges import Voted
    from shoulderseg.refine.voting import fuse

    if case.votes is None:
        msg = "the case has no out-of-fold votes; train its fold's three U-Nets first"
        raise ValueError(msg)
    first, second, whole = case.votes
    fusion = fuse([[first], [second]], whole=[whole])
    return Voted(fusion.label_map, fusion.disagreement, case.votes)


def cases_digest(cases: RefinerCases) -> str:
    """Returns a fingerprint of all the refiner learns from, to tell whether it changed."""
    digest = hashlib.sha256(repr((cases.learned, cases.held_out, cases.pixel_mm)).encode())
    for name, case in cases.cases.items():
        digest.update(repr((name, case.image.shape, case.spacing_mm)).encode())
        for array in (case.image, case.label_map, case.votes, case.region):
            digest.update(b"-" if array is None else array.tobytes())
    return digest.hexdigest()


def _read_folds(name: str, side: str) -> dict[str, list[str]]:
    """Cases of each fold: those of its `train` or its `val` side."""
    from shoulderseg.nnunet_ext.folders import (
        PREPROCESSED,
        RAW,
        SPLITS_FILE,
        adopt_splits,
        data_folder,
    )

    raw, preprocessed = (data_folder(base) / name / SPLITS_FILE for base in (RAW, PREPROCESSED))
    # Without U-Nets of its own a dataset need not be preprocessed.
    if preprocessed.parent.is_dir():
        adopt_splits(name)
    path = next((path for path in (preprocessed, raw) if path.is_file()), None)
    if path is None:
        msg = (
            f"{raw} is missing; it says which patients to hold out. Write one as nnU-Net "
            "describes, or let nnU-Net write it by training any numbered fold"
        )
        raise FileNotFoundError(msg)
    splits = json.loads(path.read_text())
    return {str(fold): list(split[side]) for fold, split in enumerate(splits)}


def _as_learned(
    image: Volume,
    label_map: Volume,
    values: list[int],
    axis: int,
    votes: Path | None,
    reach_mm: float,
) -> TrainingCase:
    from shoulderseg.refine.boundary import refinement_region
    from shoulderseg.refine.normalise import normalise_volume
    from shoulderseg.refine.training import TrainingCase
    from shoulderseg.workflows.refiner.out_of_fold import read_votes

    # Class k + 1 of the refiner is the dataset's k-th foreground label.
    classes: npt.NDArray[Any] = np.zeros_like(label_map.array, dtype=np.uint8)
    for position, value in enumerate(values, start=1):
        classes[label_map.array == value] = position
    plain = TrainingCase(
        image=slices_first(normalise_volume(image.array), axis),
        label_map=slices_first(classes, axis),
        spacing_mm=spacing_first(image.spacing_mm, axis),
    )
    if votes is None:
        return plain
    stacked = np.stack([slices_first(vote, axis) for vote in read_votes(votes)])
    with_votes = TrainingCase(plain.image, plain.label_map, plain.spacing_mm, stacked)
    voted = vote_of(with_votes)
    region = refinement_region(voted.label_map, voted.disagreement, plain.spacing_mm, reach_mm)
    return TrainingCase(plain.image, plain.label_map, plain.spacing_mm, stacked, region)
