"""`shoulderseg env`: what a shell needs for nnU-Net to find the trainers."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer


def env(
    root: Annotated[
        Path | None,
        typer.Option(help="Also set nnU-Net's raw, preprocessed and results folders below this."),
    ] = None,
) -> None:
    """Print shell exports; use it as `eval "$(shoulderseg env)"`."""
    from shoulderseg.nnunet_ext.folders import PREPROCESSED, RAW, RESULTS
    from shoulderseg.nnunet_ext.variants import PLUGIN_VARIABLE, plugin_folder

    plugin = str(plugin_folder())
    present = [entry for entry in os.environ.get(PLUGIN_VARIABLE, "").split(os.pathsep) if entry]
    searched = present if plugin in present else [plugin, *present]
    exports = {PLUGIN_VARIABLE: os.pathsep.join(searched)}
    if root is not None:
        for variable in (RAW, PREPROCESSED, RESULTS):
            exports[variable] = str(root.resolve() / variable)
    for variable, value in exports.items():
        typer.echo(f"export {variable}={shlex.quote(value)}")
