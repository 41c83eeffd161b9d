"""Finds what `predict` is to work on, and refuses places where results must not go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.inputs.discover import find_inputs

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.discover import Inputs


def collect_inputs(
    folder: Path, images: Path, out: Path, participants: Sequence[str] = ()
) -> Inputs:
    """Finds the input cases, and checks that results can go where they shall.

    Args:
        folder: what is searched.
        images: what the user named, a zip file perhaps.
        out: folder for the results.
        participants: labels of the subjects of a BIDS dataset to take; empty for all.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        ValueError: if nothing is found, participants are not there, or the output would lie among
            the input.
    """
    inputs = find_inputs(folder, participants, from_archive=folder != images)
    inputs.require_images(images)
    among = images.is_dir() and out.resolve().is_relative_to(images.resolve())
    if among and not _is_derivative(out, inputs):
        msg = f"{out} lies in the folder of the input; choose another folder for the output"
        raise ValueError(msg)
    if out.resolve() == images.parent.resolve():
        msg = f"{out} holds the input; choose another folder for the output"
        raise ValueError(msg)
    for case in inputs.cases:
        if case.path.is_symlink() and case.path.resolve().parent == out.resolve():
            msg = f"{out} holds the image that {case.shown} links to; choose another folder"
            raise ValueError(msg)
    if out.exists() and not out.is_dir():
        msg = f"{out} is a file; expected a folder for the output"
        raise ValueError(msg)
    if folder == images:
        return inputs
    return replace(inputs, cases=tuple(replace(c, archive=images) for c in inputs.cases))


def _is_derivative(out: Path, inputs: Inputs) -> bool:
    """Whether results go where a BIDS dataset has them, which is no input."""
    root = inputs.bids_root
    return root is not None and (root.resolve() / "derivatives") in out.resolve().parents
