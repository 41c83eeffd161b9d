"""What a bundle is calibrated with: images, label maps, and whose they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.datasets.pair_match import Pair
    from shoulderseg.evaluation.quality.calibration import FlagBelow


@dataclass(frozen=True)
class CalibrationOrder:
    """What a bundle is calibrated with.

    Attributes:
        images: folder of images that the bundle was not trained on.
        labels: folder of their label maps, with the same names.
        negatives: folder of images of anything else; None without.
        copies: degraded copies of each image, for the lower Dice.
        flag_below: predicted Dice under which a bone is flagged, one for both or one each.
        seed: source of all randomness.
        verdicts: `qc.csv` of the report page, whose cases judged fail or artefact are left out.
        patient_pattern: regular expression whose one group is the patient in an image's name; None
            goes by `case_patients.json` beside the folder of images, or else takes each image for
            a patient.
    """

    images: Path
    labels: Path
    negatives: Path | None = None
    copies: int = 2
    flag_below: FlagBelow = 0.85
    seed: int = 1
    verdicts: Path | None = None
    patient_pattern: str | None = None


def check_order(order: CalibrationOrder) -> None:
    """Finds before any image is read that files have no partner or are too few: `ValueError`."""
    patients_of(order, pairs_of(order))
    negatives_of(order.negatives)


def negatives_of(folder: Path | None) -> list[Path]:
    """The images of anything else.

    Raises:
        ValueError: if a folder was given and holds none.
    """
    from shoulderseg.datasets.files import find_volumes, is_segmentation

    if folder is None:
        return []
    others = [path for path in find_volumes(folder) if not is_segmentation(path)]
    if not others:
        msg = f"no images found in {folder}; leave --negatives out, or give a folder of images"
        raise ValueError(msg)
    return others


def pairs_of(order: CalibrationOrder) -> list[Pair]:
    """Files of equal names, but for those to leave out.

    Raises:
        ValueError: names every file without a partner; or the verdicts cannot be read.
    """
    from shoulderseg.datasets.pair_match import match_files
    from shoulderseg.workflows.report.verdicts import bad_cases

    pairs, problems = match_files(order.images, order.labels, bad_cases(order.verdicts))
    if problems:
        raise ValueError("\n".join(problems))
    return pairs


def patients_of(order: CalibrationOrder, pairs: Sequence[Pair]) -> dict[str, str] | None:
    """The patient of each pair; None if nobody told.

    Raises:
        ValueError: if a pair has none, or too few images are left without one patient's.
    """
    from shoulderseg.datasets.case_patients import read_patients
    from shoulderseg.datasets.pair_checks import find_patients
    from shoulderseg.evaluation.quality.calibration import LEAST_CASES

    cases = [pair.case for pair in pairs]
    patients: dict[str, str] | None = None
    problems: list[str] = []
    if order.patient_pattern is not None:
        patients, problems = find_patients(cases, order.patient_pattern)
    else:
        # Beside the folder as it is called, or where a link leads.
        places = order.images.absolute().parent, order.images.resolve().parent
        for folder in dict.fromkeys(places):
            patients = patients or read_patients(folder, cases)
    most = 1 if patients is None else max(Counter(patients.values()).values(), default=0)
    # Those of one patient are left out at a time, and what remains must suffice.
    if not problems and len(pairs) - most < LEAST_CASES:
        problems = [
            f"found {len(pairs)} images with label maps, {most} of them of one patient; expected "
            f"at least {LEAST_CASES} of other patients, since all of one are left out at a time "
            "(--patient-pattern tells who they are)"
        ]
    if problems:
        raise ValueError("\n".join(problems))
    return patients
