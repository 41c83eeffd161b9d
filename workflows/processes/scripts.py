"""Finds the commands that were installed together with this one, and how to call nnU-Net's."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def installed_script(name: str) -> str:
    """Path of a console script beside the running interpreter, or the bare name.

    An environment need not be activated for its commands to work.
    """
    folder = Path(sys.executable).parent
    # Windows calls them so.
    found = [folder / script for script in (name, f"{name}.exe") if (folder / script).exists()]
    return str(found[0]) if found else name


def process_limit() -> dict[str, str]:
    """Keeps nnU-Net from starting eight helpers on a machine with fewer cores.

    Each of them imports torch before it does anything, which takes minutes on two cores.
    """
    variable = "nnUNet_def_n_proc"
    return {variable: os.environ.get(variable) or str(min(8, os.cpu_count() or 1))}
