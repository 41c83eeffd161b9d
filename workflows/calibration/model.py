"""A bundle that is ready to be calibrated."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.errors import reason_of

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.calibration.int8 import Int8Report
    from shoulderseg.workflows.segmentation.segment import Segmentation

    Segment = Callable[[Volume], Segmentation]


@dataclass(frozen=True)
class Model:
    """A bundle that is ready to be calibrated.

    Attributes:
        folder: of the bundle.
        segment: gives the segmentation of an image, as `predict` does by default.
        labels: value of each bone.
        mirroring: whether mirror images are averaged over.
        cropped: whether the U-Nets see the surroundings of the bones alone.
        three_planes: whether volumes of many thin slices are seen in all three planes.
        slice_context: whether slices are corrected by their neighbours.
        precision: what they are computed in.
        int8: whether they may be computed in eight bits; kept in the bundle with the rest.
    """

    folder: Path
    segment: Segment
    labels: Mapping[str, int]
    mirroring: bool
    cropped: bool
    three_planes: bool
    slice_context: bool
    precision: str
    int8: Int8Report


def load_model(folder: Path, device: str, images: Path, *, mirroring: bool) -> Model:
    """Verifies and loads a bundle, and finds out whether it may be computed in eight bits.

    Args:
        folder: of the bundle.
        device: cpu, cuda or mps.
        images: folder of images that it was not trained on.
        mirroring: whether mirror images are averaged over, where the bundle allows it.

    Raises:
        ValueError: if the bundle is damaged.
        OSError: if it cannot be written.
    """
    from shoulderseg.nnunet_ext.regions import foreground_labels
    from shoulderseg.workflows.bundles.bundle import read_bundle
    from shoulderseg.workflows.calibration.int8 import measure_int8
    from shoulderseg.workflows.segmentation.refining import has_three_planes
    from shoulderseg.workflows.segmentation.run_description import describe_run
    from shoulderseg.workflows.segmentation.segment import prepare
    from shoulderseg.workflows.segmentation.settings import Settings

    bundle, settings = read_bundle(folder), Settings(device, None, mirroring, "majority")
    check_writable(folder)
    int8 = measure_int8(bundle, images)
    bundle = replace(bundle, unets=replace(bundle.unets, ranges=int8.ranges))
    return Model(
        folder,
        prepare(bundle, settings),
        foreground_labels(bundle.unets.dataset_json),
        mirroring and bundle.unets.mirroring_axes is not None,
        bundle.crop,
        has_three_planes(bundle, settings),
        bundle.context is not None,
        describe_run(bundle, settings)["precision"],
        int8,
    )


def check_writable(folder: Path) -> None:
    """Finds out, before hours are spent on it, whether files can be put into a bundle.

    Args:
        folder: of the bundle.

    Raises:
        OSError: if they cannot; says what to do.
    """
    from shoulderseg.datasets.unfinished import unfinished_prefix

    try:
        # Hidden, as what is written there later is at first.
        with tempfile.TemporaryDirectory(dir=folder, prefix=unfinished_prefix()) as place:
            (Path(place) / "part").write_bytes(b"0")
    except OSError as error:
        reason = error.strerror or reason_of(error)
        msg = (
            f"the calibration cannot be kept in {folder}: {reason}; calibrate a copy of the bundle "
            "in a folder that you can write to"
        )
        raise OSError(msg) from error
