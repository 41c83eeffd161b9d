"""What a drawn shoulder is made of at given places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.phantom.anatomy.shoulder import Shoulder, build_scene, draw_shoulder
from shoulderseg.datasets.phantom.coats import lay_coats
from shoulderseg.datasets.phantom.frames import Frame, FrameName, Points
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from shoulderseg.datasets.phantom.options import Health

FINE_MM = 0.1


def drawn(health: Health, seed: int, **findings: float) -> Shoulder:
    options = PhantomOptions(side="left", health=health)
    shoulder = draw_shoulder(options, np.random.default_rng(seed))
    changed: dict[str, Any] = {**findings}
    return replace(shoulder, findings=replace(shoulder.findings, **changed))


def frames_of(shoulder: Shoulder) -> Mapping[FrameName, Frame]:
    """The frames of a shoulder before it is bent."""
    return build_scene(shoulder, 30.0, whole=False).frames


def tissue_at(
    shoulder: Shoulder, frame: FrameName, places: npt.NDArray[np.float64]
) -> tuple[list[Structure], Points]:
    """The topmost structure at places (3, n) of a frame."""
    scene = build_scene(shoulder, 30.0, whole=False)
    points = Points(scene.frames[frame].to_body(places), scene.frames)
    laid = lay_coats(scene.layers, points, lambda _: FINE_MM)
    return [Structure(value) for value in laid.tissue], points


def block(
    low: tuple[float, ...], high: tuple[float, ...], step_mm: float = 0.7
) -> npt.NDArray[np.float64]:
    lines = [np.arange(first, last, step_mm) for first, last in zip(low, high, strict=True)]
    return np.stack([part.ravel() for part in np.meshgrid(*lines, indexing="ij")])


def across_joint(shoulder: Shoulder, height_mm: float) -> list[Structure]:
    """What a line from the glenoid's marrow to that of the head meets, every 0.05 mm."""
    across = np.arange(-1.0, 12.0, 0.05)
    line = np.stack([across, np.zeros_like(across), np.full_like(across, height_mm)])
    return tissue_at(shoulder, "glenoid", line)[0]
