"""Where in a folder from anywhere the 2d model of stock nnU-Net lies."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from shoulderseg.nnunet_ext.dataset_checks import DATASET_FILE
from shoulderseg.nnunet_ext.exchange.stock_labels import bone_labels
from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.variants import CHECKPOINT

# A model's folder, a dataset's, or a folder of results.
_DEPTHS = ("", "*/", "*/*/")
_MOST_SHOWN = 6


def is_stock_path(entry: str) -> bool:
    """Tells whether a path in an archive is that of a checkpoint of a trained fold.

    Args:
        entry: The path, with `/` between its parts.
    """
    *_, fold, name = ("", *entry.split("/"))
    return name == CHECKPOINT and fold.startswith("fold_")


def is_other_checkpoint(entry: str) -> bool:
    """Tells whether a path in an archive is a checkpoint of a fold that nnU-Net predicts without.

    Args:
        entry: The path, with `/` between its parts.
    """
    *_, fold, name = ("", *entry.split("/"))
    return name.endswith(".pth") and name != CHECKPOINT and fold.startswith("fold_")


def holds_stock_models(folder: Path) -> bool:
    """Tells whether a folder is, or holds, what a training by nnU-Net leaves."""
    return any(any(folder.glob(f"{depth}fold_*/*.pth")) for depth in _DEPTHS)


def unfinished_folds(folder: Path) -> list[str]:
    """Names the numbered folds of a model that no prediction can use, such as `fold_3`.

    Args:
        folder: One that `find_model_folder` finds.
    """
    found = (path for path in folder.glob("fold_*") if path.is_dir())
    names = [path.name for path in found if not (path / CHECKPOINT).is_file()]
    # `fold_all` is read only where there is no other.
    numbered = [name for name in names if name.removeprefix("fold_").isdecimal()]
    return sorted(numbered, key=lambda name: int(name.removeprefix("fold_")))


def is_of_slices(model: str) -> bool:
    """Tells whether the name of a model's folder is that of a 2d model."""
    return model.rpartition("__")[2] == CONFIGURATION


def find_model_folder(folder: Path) -> Path:
    """Finds the one 2d model in a folder, or of several the one with humerus and glenoid.

    Args:
        folder: A model's folder, a dataset's among nnU-Net's results, or a folder of these.

    Raises:
        ValueError: If there is none, or several; says what was found.
    """
    found = {path.parent for depth in _DEPTHS for path in folder.glob(f"{depth}plans.json")}
    # A model's own folder may have been renamed; its checkpoints tell what it is.
    planned = sorted(path for path in found if path == folder or is_of_slices(path.name))
    if len(planned) == 1:
        return planned[0]
    # `models export --as nnunet` packs one of both bones beside those of each alone.
    of_both = [path for path in planned if _has_both_bones(path)]
    if len(of_both) == 1:
        return of_both[0]
    if planned:
        msg = (
            f"{folder.name} holds several 2d models: {_named(folder, planned)}; give the folder of "
            "one of them (of a zip file, unpack it first)"
        )
        raise ValueError(msg)
    msg = (
        f"{folder.name} holds no 2d model, found {_named(folder, found) or 'no model at all'}; "
        "expected a folder TRAINER__PLANS__2d with fold_0 in it, as `nnUNetv2_train ID 2d 0` "
        "leaves it"
    )
    raise ValueError(msg)


def _has_both_bones(model: Path) -> bool:
    """Whether a model's description has labels of both bones; False where it cannot be read."""
    try:
        described = json.loads((model / DATASET_FILE).read_text(encoding="utf-8"))
        bone_labels(described)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def _named(folder: Path, models: Iterable[Path]) -> str:
    names = sorted(path.relative_to(folder).as_posix() for path in models)
    return ", ".join(names[:_MOST_SHOWN]) + (", ..." if len(names) > _MOST_SHOWN else "")
