"""Finds the commands that were installed together with this one."""

from __future__ import annotations

import sys
from pathlib import Path


def installed_script(name: str) -> str:
    """Path of a console script beside the running interpreter, or the bare name.

    An environment need not be activated for its commands to work.
    """
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else name
