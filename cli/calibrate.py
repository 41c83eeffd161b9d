"""`shoulderseg calibrate`: teaches a bundle how good its own segmentations are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.failure import BROKEN_ENVIRONMENT, SOME_CASES_FAILED, complain, reported
from shoulderseg.cli.options import Device, DeviceOption

if TYPE_CHECKING:
    from rich.progress import Progress

    from shoulderseg.datasets.pair_checks import Pair
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.evaluation.quality.calibration import Example
    from shoulderseg.workflows.segmentation.segment import Segmentation

    Segment = Callable[[Volume], Segmentation]

_LOGGER = logging.getLogger(__name__)
# As `predict` works by default, with the edges where the bundle's refiner helps.
_USUAL = {"vote": "majority", "voters": "unets", "folds": "all", "refine": "default"}


def calibrate(
    bundle: Annotated[Path, typer.Argument(help="Bundle made by `shoulderseg export`.")],
    images: Annotated[Path, typer.Argument(help="Images that the bundle was not trained on.")],
    labels: Annotated[Path, typer.Argument(help="Their label maps, with the same names.")],
    negatives: Annotated[
        Path | None, typer.Option(help="Images of anything else; all should be flagged.")
    ] = None,
    copies: Annotated[
        int, typer.Option(min=0, help="Degraded copies of each image, for the lower Dice.")
    ] = 2,
    flag_below: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Predicted Dice under which a bone is flagged.")
    ] = 0.85,
    mirroring: Annotated[bool, typer.Option(help="As for `predict`.")] = True,
    seed: Annotated[int, typer.Option(min=0, help="Source of all randomness.")] = 1,
    device: DeviceOption = Device.auto,
) -> None:
    """Fit predicted Dice and what is usual, and write both into the bundle.

    Each image and its degraded copies are segmented as `predict` does by default and compared
    with the label map. The printed figures are of images left out from the fit. A second call
    replaces the first one's result. Exit code 1: some images could not be used and were left out.
    """
    with reported(BROKEN_ENVIRONMENT):
        from shoulderseg.nnunet_ext.regions import foreground_labels
        from shoulderseg.workflows.bundles.bundle import read_bundle
        from shoulderseg.workflows.bundles.manifest import put_file
        from shoulderseg.workflows.segmentation.segment import Settings, prepare

        where = device.resolve()
        model = read_bundle(bundle)
        segment = prepare(model, Settings(where, None, mirroring, "majority"))
        values = foreground_labels(model.unets.dataset_json)
    with reported():
        from shoulderseg.datasets.reader import read_image
        from shoulderseg.evaluation.quality.calibration import fit_calibration
        from shoulderseg.workflows.bundles.quality_file import QUALITY_FILE, write_quality
        from shoulderseg.workflows.calibration.evidence import (
            cross_validate,
            describe_evidence,
            evidence,
        )
        from shoulderseg.workflows.segmentation.case_quality import reasons

        names = list(values)
        pairs = _pairs(images, labels)
        others = _negatives(negatives)
        failed: list[str] = []
        with _progress() as progress:
            examples: list[Example] = []
            for number, pair in enumerate(progress.track(pairs, description="images")):
                with _noted(pair.image, failed):
                    examples += list(
                        _examples(pair, values.values(), copies, segment, (seed, number))
                    )
            calibration = fit_calibration(examples, flag_below)
            judged = cross_validate(examples, flag_below, names)
            flagged = []
            for path in progress.track(others, description="negatives"):
                with _noted(path, failed):
                    quality = segment(read_image(path)).quality
                    flagged.append(bool(reasons(quality, calibration, names)))
        found = evidence(judged, flag_below, names, flagged)
        used = {"mirroring": mirroring and model.unets.mirroring_axes is not None, **_USUAL}
        put_file(
            bundle,
            QUALITY_FILE,
            lambda path: write_quality(path, calibration, names, used, found),
        )
    for line in describe_evidence(found, flag_below, names):
        typer.echo(line)
    typer.echo(f"written to {bundle / QUALITY_FILE}")
    for line in failed:
        complain(f"left out: {line}")
    if failed:
        raise typer.Exit(SOME_CASES_FAILED)


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


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True))


def _pairs(images: Path, labels: Path) -> list[Pair]:
    """Files of equal names.

    Raises:
        ValueError: names every file without a partner, and too small a number of pairs.
    """
    from shoulderseg.datasets.pair_checks import match_files
    from shoulderseg.evaluation.quality.calibration import LEAST_CASES

    pairs, problems = match_files(images, labels)
    # One is left out at a time, and what remains must suffice.
    if not problems and len(pairs) <= LEAST_CASES:
        problems = [f"found {len(pairs)} images with label maps, expected more than {LEAST_CASES}"]
    if problems:
        raise ValueError("\n".join(problems))
    return pairs


def _examples(
    pair: Pair, values: Iterable[int], copies: int, segment: Segment, seed: tuple[int, int]
) -> Iterator[Example]:
    """The image of a pair and its worse copies, segmented and scored."""
    import numpy as np

    from shoulderseg.datasets.reader import read_image, read_label_map
    from shoulderseg.datasets.volume import describe_grid_difference
    from shoulderseg.evaluation.overlap import count_voxels, dice
    from shoulderseg.evaluation.quality.calibration import Example
    from shoulderseg.evaluation.quality.degradation import degraded_copies

    image, reference = read_image(pair.image), read_label_map(pair.label)
    difference = describe_grid_difference(reference, image)
    if difference:
        msg = f"{pair.label.name}: not on the grid of its image: {difference}"
        raise ValueError(msg)
    rng = np.random.default_rng(seed)
    worse = [array for _, array in degraded_copies(image.array, copies, rng)]
    for number, array in enumerate([image.array, *worse]):
        result = segment(replace(image, array=array))
        first, second = (
            dice(count_voxels(result.label_map == value, reference.array == value))
            for value in values
        )
        yield Example(pair.case, result.quality, (first, second), degraded=number > 0)
