"""What a prediction needs of a zip file that nnU-Net exported; all else in it stays packed."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from shoulderseg.workflows.bundles.limits import (
    Limits,
    check_count,
    check_ratio,
    check_size,
)
from shoulderseg.workflows.bundles.unpack import readable_zip, refuse_special

_CHUNK = 2**16
# DatasetNNN_Name/TRAINER__PLANS__2d/fold_0/checkpoint_final.pth
_MOST_PARTS = 4
_MOST_LETTERS = 128


def unpack_stock_zip(archive: Path, folder: Path, limits: Limits) -> None:
    """Unpacks checkpoints, plans and descriptions. Sizes count as written.

    Args:
        archive: the zip file.
        folder: an empty folder for them.
        limits: what they may take up.

    Raises:
        ValueError: if the archive is damaged, holds an unsafe path or exceeds the limits; some
            files may then have been written.
    """
    with readable_zip(archive, limits.table) as (content, packed):
        entries = content.infolist()
        check_count(archive.name, len(entries), limits)
        total = 0
        for entry in entries:
            parts = _parts(entry)
            if parts is None:
                _make_unfinished_fold(entry, folder)
                continue
            refuse_special(archive.name, entry)
            target = folder.joinpath(*parts)
            if target.exists():
                msg = f"{archive.name} holds {entry.orig_filename!r} twice; export it again"
                raise ValueError(msg)
            target.parent.mkdir(parents=True, exist_ok=True)
            written = 0
            with content.open(entry) as stream, target.open("xb") as unpacked:
                while chunk := stream.read(_CHUNK):
                    written += len(chunk)
                    total += len(chunk)
                    check_size(archive.name, total, limits)
                    shown = f"{entry.orig_filename} of {archive.name}"
                    check_ratio(shown, written, min(entry.compress_size, packed), limits)
                    unpacked.write(chunk)


def _parts(entry: zipfile.ZipInfo) -> list[str] | None:
    """The parts of an entry's path, or None where it is not needed.

    Raises:
        ValueError: if it would lead out of the folder.
    """
    from shoulderseg.nnunet_ext.exchange.stock_folder import is_of_slices, is_stock_path

    name = entry.orig_filename
    parts = name.split("/")
    if parts[-1] not in ("plans.json", "dataset.json"):
        # Networks of volumes are large, and what there is of them is told by their plans.
        of_slices = len(parts) < 3 or is_of_slices(parts[-3])
        if not (of_slices and is_stock_path(name)):
            return None
    if not _is_sound(parts):
        msg = (
            f"the archive holds {name!r}; expected paths such as "
            "Dataset001_Shoulder/nnUNetTrainer__nnUNetPlans__2d/plans.json"
        )
        raise ValueError(msg)
    return parts


def _is_sound(parts: Sequence[str]) -> bool:
    """Whether a path is short and stays in its folder on every system."""
    return len(parts) <= _MOST_PARTS and all(
        part not in ("", ".", "..")
        and part.isprintable()
        and not set(part) & set("\\:")
        and len(part) <= _MOST_LETTERS
        for part in parts
    )


def _make_unfinished_fold(entry: zipfile.ZipInfo, folder: Path) -> None:
    """Makes the folder of a fold whose last checkpoint is not there, so that it can be named."""
    from shoulderseg.nnunet_ext.exchange.stock_folder import is_of_slices, is_other_checkpoint

    parts = entry.orig_filename.split("/")
    of_slices = len(parts) < 3 or is_of_slices(parts[-3])
    if of_slices and is_other_checkpoint(entry.orig_filename) and _is_sound(parts):
        folder.joinpath(*parts[:-1]).mkdir(parents=True, exist_ok=True)
