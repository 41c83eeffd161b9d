"""A bundle made of a 2d model of stock nnU-Net, which comes as a folder or a zip file."""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path

from shoulderseg.workflows.bundles.limits import LIMITS, Limits
from shoulderseg.workflows.bundles.manifest import MANIFEST, write_manifest
from shoulderseg.workflows.bundles.training_images import model_lies_upright

_LOGGER = logging.getLogger(__name__)
# A zip file comes from anywhere; a dataset of the same name here need not be its own.
_PACKED = "a zip file does not say how its training images lay"
# nnU-Net may have packed the validation's pictures, and networks of five folds in 3D.
ZIP_LIMITS = Limits(
    entries=20_000, size=8 * 2**30, table=8 * 2**20, of="a model of nnU-Net", ratio=LIMITS.ratio
)


def is_stock_model(source: Path) -> bool:
    """Tells whether a folder or a zip file looks like a model that nnU-Net trained.

    Args:
        source: a path, which need not be there.
    """
    from shoulderseg.nnunet_ext.exchange.stock_folder import (
        holds_stock_models,
        is_other_checkpoint,
        is_stock_path,
    )
    from shoulderseg.workflows.bundles.unpack import readable_zip

    if source.is_dir():
        return not (source / MANIFEST).is_file() and holds_stock_models(source)
    if not source.is_file() or not zipfile.is_zipfile(source):
        return False
    try:
        with readable_zip(source, ZIP_LIMITS.table) as (content, _):
            # What such a fold lacks is said when it is read.
            return any(
                is_stock_path(entry) or is_other_checkpoint(entry) for entry in content.namelist()
            )
    except ValueError:
        # Whoever unpacks it says what is wrong.
        return False


def fill_from_stock(source: Path, folder: Path) -> None:
    """Fills a new bundle with what a model of nnU-Net holds, at full precision.

    Args:
        source: a folder or zip file that `is_stock_model` knows.
        folder: the bundle, empty.

    Raises:
        ValueError: if it is another model than one of 2d slices with the labels humerus and
            glenoid, damaged, or would run code; nothing of it has been run then.
        OSError: if it cannot be read.
    """
    from shoulderseg.datasets.temporary_folder import temporary_folder
    from shoulderseg.workflows.bundles.stock_zip import unpack_stock_zip

    try:
        if source.is_dir():
            _fill(source, folder, packed=False)
            return
        with temporary_folder() as root:
            # Messages name the archive.
            unpacked = root / source.name
            unpacked.mkdir()
            unpack_stock_zip(source, unpacked, ZIP_LIMITS)
            _fill(unpacked, folder, packed=True)
    except (ValueError, OSError):
        raise
    except Exception as error:
        # A file from outside may set off anything in the libraries that load it.
        msg = f"{source.name} cannot be loaded: {error!r}; get it from where it was made"
        raise ValueError(msg) from error


def _fill(source: Path, folder: Path, *, packed: bool) -> None:
    from shoulderseg.nnunet_ext.bundle import write_unets
    from shoulderseg.nnunet_ext.exchange.read_stock import read_stock_model
    from shoulderseg.nnunet_ext.exchange.stock_folder import find_model_folder, unfinished_folds

    model = find_model_folder(source)
    unets = read_stock_model(model)
    left_out = unfinished_folds(model)
    if left_out:
        _LOGGER.warning(
            "%s: %s have no checkpoint_final.pth, which a training writes when it ends, and are "
            "left out; the result is of %s alone",
            source.name,
            ", ".join(left_out),
            ", ".join(f"fold_{fold}" for fold in next(iter(unets.weights.values()))),
        )
    # By its plans: a folder may have been renamed, or be given by a path that does not name it.
    dataset = str(unets.plans["dataset_name"])
    write_unets(unets, folder, "float32")
    upright, doubt = (False, _PACKED) if packed else model_lies_upright(dataset, model)
    if upright:
        _LOGGER.info(
            "%s: scans are turned head up, as the images of %s in nnUNet_raw lie",
            source.name,
            dataset,
        )
    else:
        _LOGGER.info(
            "%s: scans are taken as they are stored, and have to lie as its training images did "
            "(%s)",
            source.name,
            doubt,
        )
    write_manifest(
        folder,
        folds=list(next(iter(unets.weights.values()))),
        mirroring_axes=unets.mirroring_axes,
        refiner=None,
        upright=upright,
        one_network=True,
    )
