"""Every way to a result that an experiment compares, on one test case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.segmentation.edges import classifier_opinions, refiner_case
from shoulderseg.workflows.segmentation.finish import Scan, finish
from shoulderseg.workflows.segmentation.segment import Segment, prepare
from shoulderseg.workflows.segmentation.settings import Settings

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.refine.voting import Rule
    from shoulderseg.workflows.bundles.bundle import Bundle, Refiner

UNETS, ALEXNET = "unets", "alexnet"
REFINED = "_refined"
# The vote of the U-Nets, and the paper's way: four voters, edges decided by the AlexNet.
VOTE, PAPER = "vote3", "vote4_refined"
# Who votes by which rule; each with and without refined edges.
_VOTES: tuple[tuple[str, Rule, bool], ...] = (
    (VOTE, "majority", False),
    ("vote3_mean", "mean", False),
    ("vote3_staple", "staple", False),
    ("vote4", "majority", True),
)
TITLES = {
    UNETS: "each U-Net alone",
    ALEXNET: "AlexNet alone",
    VOTE: "vote of three U-Nets",
    "vote3_mean": "mean of three U-Nets",
    "vote3_staple": "STAPLE of three U-Nets",
    "vote4": "vote of U-Nets and AlexNet",
    "stock_2d": "stock nnU-Net 2d",
    "stock_3d_fullres": "stock nnU-Net 3d_fullres",
}


class Masks(NamedTuple):
    """What a row says of a case.

    Attributes:
        label_map: uint8 (Z, Y, X), 1 and 2 for both bones.
        whole: both bones as one, bool (Z, Y, X).
    """

    label_map: npt.NDArray[np.uint8]
    whole: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Models:
    """What a test case is segmented with.

    Attributes:
        bundle: the trained U-Nets.
        refiner: its AlexNets.
        settings: how they are used, without refined edges.
        segment: runs the U-Nets.
    """

    bundle: Bundle
    refiner: Refiner
    settings: Settings
    segment: Segment


def load_models(bundle: Bundle, device: str) -> Models:
    """Loads the networks once.

    Raises:
        ValueError: if the bundle has no AlexNet.
    """
    refiner = bundle.refiner
    if refiner is None:
        msg = "the experiment's bundle has no AlexNet"
        raise ValueError(msg)
    # Whether somebody calibrates the bundle in between changes no figure.
    bundle = replace(bundle, unets=replace(bundle.unets, ranges={}))
    settings = Settings(device, None, True, "majority", refine=False)
    return Models(bundle, refiner, settings, prepare(bundle, settings))


def usual_row(models: Models) -> str:
    """The row of what `predict` does without options: edges are refined where that helped."""
    return VOTE + REFINED if models.refiner.helps else VOTE


def row_title(row: str) -> str:
    """What a row is called in a table."""
    plain = row.removesuffix(REFINED)
    return TITLES[plain] + (", edges refined" if plain != row else "")


class CaseRows(NamedTuple):
    """What all ways say of a case.

    Attributes:
        rows: a row's name and what it says in the image's orientation, in the table's order.
        axis: of the image along which the networks' slices lie.
    """

    rows: dict[str, Masks]
    axis: int


def case_rows(volume: Volume, models: Models) -> CaseRows:
    """Segments a case in each of our ways.

    Args:
        volume: the image.
        models: what `load_models` gives.

    """
    from shoulderseg.datasets.orientation import reorient, restore
    from shoulderseg.nnunet_ext.inference import slice_axis

    found, axis = models.segment(volume), slice_axis(models.bundle.unets)
    turn = found.reorientation
    if turn is None:
        return CaseRows(_rows(volume, found.network_output, models), axis)
    rows = _rows(reorient(volume, turn), found.network_output, models)
    restored = {
        name: Masks(restore(masks.label_map, turn), restore(masks.whole, turn))
        for name, masks in rows.items()
    }
    return CaseRows(restored, turn.order[axis])


def _rows(
    volume: Volume, said: Mapping[str, npt.NDArray[np.float32]], models: Models
) -> dict[str, Masks]:
    """The rows in the orientation that the networks see."""
    from shoulderseg.nnunet_ext.inference import slice_axis
    from shoulderseg.nnunet_ext.regions import foreground_labels
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
    from shoulderseg.refine.padding import scanned_region
    from shoulderseg.refine.voting import fuse

    axis = slice_axis(models.bundle.unets)
    seen = refiner_case(volume, said, axis)
    scanned = scanned_region(volume.array, axis)
    opinions = [
        opinion * scanned
        for opinion in classifier_opinions(models.refiner, seen, None, models.settings.device)
    ]
    own = [[said[FIRST]], [said[SECOND]]]
    rows = {
        UNETS: _masks(fuse(own).label_map)._replace(whole=said[WHOLE] > 0.5),
        ALEXNET: _masks(fuse([[opinion] for opinion in opinions]).label_map),
    }
    with_alexnet = [[*bone, opinion] for bone, opinion in zip(own, opinions, strict=True)]
    numbers = bone_numbers(foreground_labels(models.bundle.unets.dataset_json))
    for name, rule, fourth in _VOTES:
        fusion = fuse(with_alexnet if fourth else own, rule, whole=[said[WHOLE]])
        done = finish(
            models.bundle, models.settings, fusion, seen, Scan(scanned, volume.spacing_mm)
        )
        rows[name] = _masks(numbers[done.voted])
        rows[name + REFINED] = _masks(numbers[done.label_map])
    return rows


def _masks(label_map: npt.NDArray[np.uint8]) -> Masks:
    return Masks(label_map, label_map > 0)


def bone_numbers(labels: Mapping[str, int]) -> npt.NDArray[np.uint8]:
    """A table from label values to the numbers of the bones, from 1; 0 for any other value."""
    numbers = np.zeros(256, np.uint8)
    for number, value in enumerate(labels.values(), start=1):
        numbers[value] = number
    return numbers
