"""Out-of-fold votes: what U-Nets that never saw a patient say about that patient's images."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.refiner.voters import Voters

# Votes of other kinds are not kept: larger slices were seen in pieces once, and crops were padded
# to the patch, or seen once.
_KIND = "whole slices, or crops padded to the strides alone and seen again, not mirrored, float32"

_LOGGER = logging.getLogger(__name__)


def out_of_fold_votes(
    name: str,
    voters: Voters,
    cases: Mapping[str, Sequence[str]],
    cache: Path,
    device: str,
) -> dict[str, Path]:
    """Lets each fold's U-Nets vote on patients whom they never saw.

    Without mirroring, so that a machine without a GPU gets through; votes that are there already
    and come from the same weights and images are kept.

    Args:
        name: Full dataset name.
        voters: The U-Nets.
        cases: For each fold its held-out cases.
        cache: Folder for one file a case.
        device: Where the U-Nets run.

    Returns:
        For each case the file that `read_votes` reads.
    """
    found: dict[str, Path] = {}
    cache.mkdir(parents=True, exist_ok=True)
    for fold, held_out in cases.items():
        keys = {
            case: f"{_KIND} {voters.digests[fold]} {_image_digest(name, case)}" for case in held_out
        }
        paths = {case: cache / f"{case}.npz" for case in held_out}
        missing = [case for case in held_out if not _is_current(paths[case], keys[case])]
        if missing:
            targets = {case: (paths[case], keys[case]) for case in missing}
            _vote(name, voters, fold, targets, device)
        found |= paths
    return found


def read_votes(path: Path) -> npt.NDArray[np.float32]:
    """Reads the probabilities of humerus, glenoid and whole, float32 (3, Z, Y, X)."""
    with np.load(path, allow_pickle=False) as stored:
        votes: npt.NDArray[np.float32] = stored["votes"].astype(np.float32)
    return votes


def _vote(
    name: str,
    voters: Voters,
    fold: str,
    targets: Mapping[str, tuple[Path, str]],
    device: str,
) -> None:

    from shoulderseg.nnunet_ext.inference import predict_probabilities, slice_axis
    from shoulderseg.nnunet_ext.predictors import build_predictors
    from shoulderseg.nnunet_ext.variants import TRAINERS
    from shoulderseg.workflows.segmentation.planes import add_other_planes, suits_three_planes
    from shoulderseg.workflows.segmentation.second_look import bone_finder

    unets = voters.load(fold)
    predictors = build_predictors(
        unets,
        device,
        mirroring=False,
        precision="float32" if device == "cpu" else "auto",
        crop=voters.crop,
    )
    for case, (path, key) in targets.items():
        image, _ = read_case(name, case, upright=voters.upright)
        bones_of = bone_finder(voters.one_piece, image, slice_axis(unets))
        found = predict_probabilities(predictors, image.array, image.spacing_mm, bones_of=bones_of)
        if voters.three_planes and suits_three_planes(image):
            add_other_planes(found, predictors, image, voters.one_piece)
        votes = np.stack([found[variant] for variant in TRAINERS])
        part = path.with_suffix(".part")
        with part.open("wb") as stream:
            np.savez_compressed(stream, votes=votes.astype(np.float16), key=np.array(key))
        part.replace(path)
        _LOGGER.info("fold %s voted on %s", fold, case)


def read_case(name: str, case: str, *, upright: bool) -> tuple[Volume, Volume]:
    """Reads a case's image and label map as the U-Nets see them.

    Args:
        name: Full dataset name.
        case: Of its training cases.
        upright: Whether volumes are turned upright.

    Raises:
        ValueError: If one of them cannot be read, or they lie on different grids.
    """
    from shoulderseg.datasets.orientation import find_reorientation, reorient
    from shoulderseg.datasets.reader import read_image, read_label_map
    from shoulderseg.datasets.volume import describe_grid_difference
    from shoulderseg.nnunet_ext.folders import RAW, data_folder, file_ending

    image = read_image(_image_path(name, case))
    path = data_folder(RAW) / name / "labelsTr" / f"{case}{file_ending(name)}"
    label_map = read_label_map(path)
    difference = describe_grid_difference(label_map, image)
    if difference:
        msg = (
            f"labelsTr/{path.name} does not lie on the grid of its image ({difference}); give both "
            "the same header, or convert the case again"
        )
        raise ValueError(msg)
    if not upright:
        return image, label_map
    turn = find_reorientation(image)
    return reorient(image, turn), reorient(label_map, turn)


def _image_path(name: str, case: str) -> Path:
    from shoulderseg.nnunet_ext.folders import RAW, data_folder, file_ending

    return data_folder(RAW) / name / "imagesTr" / f"{case}_0000{file_ending(name)}"


def _image_digest(name: str, case: str) -> str:
    with _image_path(name, case).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_current(path: Path, key: str) -> bool:
    if not path.is_file():
        return False
    try:
        # numpy leaves a file open that it opened itself and cannot read.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            kept: Any = stored["key"]
            return bool(str(kept) == key)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return False
