"""Calibration: teaches a bundle how good its own segmentations are."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from shoulderseg.workflows.bundles.quality_file import QUALITY_FILE

if TYPE_CHECKING:
    from shoulderseg.datasets.pair_checks import Pair
    from shoulderseg.evaluation.quality.calibration import Calibration, Example, FlagBelow
    from shoulderseg.workflows.calibration.model import Model

_Item = TypeVar("_Item")
_LOGGER = logging.getLogger(__name__)
# As `predict` works by default, with the edges where the bundle's refiner helps.
_USUAL = {"vote": "majority", "voters": "unets", "folds": "all", "refine": "default"}

# Is told what is at work, how many of them are done, and how many there are.
OnImage = Callable[[str, int, int], None]


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


@dataclass(frozen=True)
class CalibrationReport:
    """What came out of a calibration.

    Attributes:
        path: the file in the bundle.
        evidence: figures of patients left out from the fit; see `describe_evidence`.
        left_out: why an image could not be used, one sentence each.
    """

    path: Path
    evidence: Mapping[str, Any]
    left_out: tuple[str, ...]


def check_order(order: CalibrationOrder) -> None:
    """Finds before any image is read that files have no partner or are too few: `ValueError`."""
    _patients(order, _pairs(order))
    _negatives(order.negatives)


def calibrate_bundle(model: Model, order: CalibrationOrder, on_image: OnImage) -> CalibrationReport:
    """Fits predicted Dice and what is usual, and writes both and what int8 needs into the bundle.

    Each image and its degraded copies are segmented and compared with the label map.

    Args:
        model: the bundle.
        order: what to calibrate it with.
        on_image: is called before the first image and after each.

    Raises:
        ValueError: if files have no partner, or there are too few images that can be used.
        OSError: if the bundle cannot be written.
    """
    from shoulderseg.evaluation.quality.calibration import fit_calibration
    from shoulderseg.workflows.bundles.manifest import put_file
    from shoulderseg.workflows.bundles.quality_file import write_quality
    from shoulderseg.workflows.calibration.evidence import cross_validate, evidence
    from shoulderseg.workflows.calibration.int8 import keep_int8

    names = list(model.labels)
    failed: list[str] = []
    pairs, others = _pairs(order), _negatives(order.negatives)
    patients = _patients(order, pairs)
    examples: list[Example] = []
    for number, pair in enumerate(_counted(pairs, "images", on_image)):
        with _noted(pair.image, failed):
            examples += list(_examples(pair, model, order.copies, (order.seed, number)))
    calibration = fit_calibration(examples, order.flag_below)
    judged = cross_validate(examples, order.flag_below, names, patients)
    flagged = []
    for path in _counted(others, "negatives", on_image):
        with _noted(path, failed):
            flagged.append(_is_flagged(path, model, calibration))
    found = evidence(judged, order.flag_below, names, flagged, patients)
    used = {
        "mirroring": model.mirroring,
        "cropped": model.cropped,
        "precision": model.precision,
        **_USUAL,
    }
    keep_int8(model.folder, model.int8.ranges)
    put_file(
        model.folder,
        QUALITY_FILE,
        lambda path: write_quality(path, calibration, names, used, found),
    )
    return CalibrationReport(model.folder / QUALITY_FILE, found, tuple(failed))


def _counted(items: Sequence[_Item], what: str, on_image: OnImage) -> Iterator[_Item]:
    """Gives items one after the other, and tells how many are done."""
    for done, item in enumerate(items):
        on_image(what, done, len(items))
        yield item
    on_image(what, len(items), len(items))


def _is_flagged(path: Path, model: Model, calibration: Calibration) -> bool:
    from shoulderseg.datasets.reader import read_image
    from shoulderseg.workflows.segmentation.case_quality import reasons

    quality = model.segment(read_image(path)).quality
    return bool(reasons(quality, calibration, list(model.labels)))


@contextmanager
def _noted(path: Path, failed: list[str]) -> Iterator[None]:
    """Lets the other images go on when one cannot be used."""
    try:
        yield
    except Exception as error:
        _LOGGER.debug("traceback", exc_info=True)
        reason = str(error) or type(error).__name__
        failed.append(reason if reason.startswith(path.name) else f"{path.name}: {reason}")


def _negatives(folder: Path | None) -> list[Path]:
    """The images of anything else.

    Raises:
        ValueError: if a folder was given and holds none.
    """
    from shoulderseg.datasets.files import find_volumes

    if folder is None:
        return []
    others = find_volumes(folder)
    if not others:
        msg = f"no images found in {folder}; leave --negatives out, or give a folder of images"
        raise ValueError(msg)
    return others


def _pairs(order: CalibrationOrder) -> list[Pair]:
    """Files of equal names, but for those to leave out.

    Raises:
        ValueError: names every file without a partner; or the verdicts cannot be read.
    """
    from shoulderseg.datasets.pair_checks import match_files
    from shoulderseg.workflows.report.verdicts import bad_cases

    pairs, problems = match_files(order.images, order.labels, bad_cases(order.verdicts))
    if problems:
        raise ValueError("\n".join(problems))
    return pairs


def _patients(order: CalibrationOrder, pairs: Sequence[Pair]) -> dict[str, str] | None:
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


def _examples(pair: Pair, model: Model, copies: int, seed: tuple[int, int]) -> Iterator[Example]:
    """The image of a pair and its worse copies, segmented and scored."""
    import numpy as np

    from shoulderseg.datasets.named_labels import read_named_labels
    from shoulderseg.datasets.reader import read_image
    from shoulderseg.datasets.volume import describe_grid_difference
    from shoulderseg.evaluation.overlap import count_voxels, dice
    from shoulderseg.evaluation.quality.calibration import Example
    from shoulderseg.evaluation.quality.degradation import degraded_copies

    values = {value: name for name, value in model.labels.items()}
    image, reference = read_image(pair.image), read_named_labels(pair.label, values)
    difference = describe_grid_difference(reference, image)
    if difference:
        msg = f"{pair.label.name}: not on the grid of its image: {difference}"
        raise ValueError(msg)
    rng = np.random.default_rng(seed)
    worse = [array for _, array in degraded_copies(image.array, copies, rng)]
    for number, array in enumerate([image.array, *worse]):
        result = model.segment(replace(image, array=array))
        first, second = (
            dice(count_voxels(result.label_map == value, reference.array == value))
            for value in model.labels.values()
        )
        yield Example(pair.case, result.quality, (first, second), degraded=number > 0)
