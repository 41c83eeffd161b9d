"""Asks nnU-Net itself for the trainers, the way its commands do."""

from __future__ import annotations

import contextlib
import io
import os

from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name

from shoulderseg.nnunet_ext.variants import (
    PLUGIN_VARIABLE,
    SYNTHETIC_TRAINERS,
    TRAINERS,
    plugin_folder,
)


def find_trainers() -> list[str]:
    """Names of the trainers as nnU-Net finds them with the plugin folder set.

    Raises:
        RuntimeError: If nnU-Net does not find one of them.
    """
    before = os.environ.get(PLUGIN_VARIABLE)
    os.environ[PLUGIN_VARIABLE] = str(plugin_folder())
    try:
        # nnU-Net prints where it looks.
        with contextlib.redirect_stdout(io.StringIO()):
            return [
                recursive_find_trainer_class_by_name(name).__name__
                for name in (*TRAINERS.values(), *SYNTHETIC_TRAINERS.values())
            ]
    finally:
        if before is None:
            del os.environ[PLUGIN_VARIABLE]
        else:
            os.environ[PLUGIN_VARIABLE] = before
