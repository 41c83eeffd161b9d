"""Whether this installation can train and predict."""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        sound: whether nothing is wrong with it.
        told: what was found.
    """

    name: str
    sound: bool
    told: str


def diagnose() -> Iterator[Check]:
    """Looks at packages, devices, trainers and nnU-Net's folders, one after the other."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("versions", _versions),
        ("torch and torchvision", _torchvision),
        ("devices", _devices),
        ("trainers", _trainers),
        ("nnU-Net folders", _folders),
    ]
    for name, check in checks:
        yield _run(name, check)


def _run(name: str, check: Callable[[], str]) -> Check:
    with warnings.catch_warnings():
        # What other packages say of their own future is no finding about this installation.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return Check(name, True, check())
        except (ImportError, RuntimeError, OSError, ValueError) as error:
            return Check(name, False, str(error))


def _versions() -> str:
    packages = ("shoulderseg", "nnunetv2", "torch", "torchvision", "SimpleITK", "numpy")
    found = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"Python {platform.python_version()}, {found}"


def _torchvision() -> str:
    try:
        import torchvision  # type: ignore[import-untyped]
    except RuntimeError as error:
        msg = (
            f"torchvision cannot be imported ({error}); nnU-Net needs it to find any trainer but "
            "its own, so install torch and torchvision of the same build"
        )
        raise RuntimeError(msg) from error
    return f"torchvision {torchvision.__version__} imports"


def _devices() -> str:
    import torch

    found = [
        f"cuda:{index} {torch.cuda.get_device_name(index)}"
        for index in range(torch.cuda.device_count())
    ]
    if torch.backends.mps.is_available():
        found.append("mps")
    return ", ".join([*found, f"cpu with {torch.get_num_threads()} threads"])


def _trainers() -> str:
    from shoulderseg.nnunet_ext.lookup import find_trainers
    from shoulderseg.nnunet_ext.variants import PLUGIN_VARIABLE, plugin_folder

    names = ", ".join(find_trainers())
    shared = plugin_folder() in map(Path, os.environ.get(PLUGIN_VARIABLE, "").split(os.pathsep))
    how = "also by nnUNetv2_train" if shared else 'for nnUNetv2_train: eval "$(shoulderseg env)"'
    return f"{names} ({how})"


def _folders() -> str:
    from shoulderseg.nnunet_ext.folders import PREPROCESSED, RAW, RESULTS, data_folder

    unset = [name for name in (RAW, PREPROCESSED, RESULTS) if not os.environ.get(name)]
    if unset:
        return f"{', '.join(unset)} not set; needed for training only"
    missing = [name for name in (RAW, PREPROCESSED, RESULTS) if not data_folder(name).is_dir()]
    return f"set; not there yet: {', '.join(missing) or 'none'}"
