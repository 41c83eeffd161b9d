"""`shoulderseg env`: what a shell needs for nnU-Net to find the trainers."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.terminal import echo


def env(
    root: Annotated[
        Path | None,
        typer.Option(help="Also set nnU-Net's raw, preprocessed and results folders below this."),
    ] = None,
) -> None:
    """Print shell exports; use it as `eval "$(shoulderseg env)"`."""
    from shoulderseg.nnunet_ext.folders import PREPROCESSED, RAW, RESULTS
    from shoulderseg.nnunet_ext.variants import PLUGIN_VARIABLE, trainer_search_path

    exports = {PLUGIN_VARIABLE: trainer_search_path()}
    if root is not None:
        for variable in (RAW, PREPROCESSED, RESULTS):
            exports[variable] = str(root.resolve() / variable)
    for variable, value in exports.items():
        echo(f"export {variable}={shlex.quote(value)}")
