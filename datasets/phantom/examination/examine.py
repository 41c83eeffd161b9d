"""Examines a phantom: one person, several series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.anatomy.shoulder import build_scene, draw_shoulder
from shoulderseg.datasets.phantom.case import scan_shoulder
from shoulderseg.datasets.phantom.examination.motion import (
    draw_move,
    humerus_motion,
    move_arm,
    no_move,
)
from shoulderseg.datasets.phantom.examination.series import draw_field, draw_series
from shoulderseg.datasets.phantom.examination.truth import fine_bones
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.case import PhantomCase
    from shoulderseg.datasets.phantom.options import PhantomOptions
    from shoulderseg.datasets.phantom.rigid import Rigid
    from shoulderseg.datasets.volume import Volume


@dataclass(frozen=True, eq=False)
class ExaminedSeries:
    """One series.

    Attributes:
        name: Plane and sequence.
        case: Image and truth on its own grid.
        motions: How each bone, `humerus` and `glenoid`, moved since the first series, in LPS mm.
    """

    name: str
    case: PhantomCase
    motions: dict[str, Rigid]


@dataclass(frozen=True, eq=False)
class Examination:
    """A person's series.

    Attributes:
        series: In the order in which they were taken.
        bones: Both bones as they lay in the first series, on a fine grid.
    """

    series: tuple[ExaminedSeries, ...]
    bones: Volume


def examine(options: PhantomOptions, rng: np.random.Generator, *, workers: int = 2) -> Examination:
    """Scans one person several times.

    Args:
        options: What the person and the images should be like; planes and sequences are those of
            an examination.
        rng: Source of everything else; the same state gives the same bytes.
        workers: Threads; the result does not depend on it.

    Returns:
        The examination.

    Raises:
        ValueError: If a plane, a sequence or a raised arm is asked for.
    """
    if options.plane or options.sequence or options.raised:
        msg = (
            "an examination has its own planes and sequences, with the arm at rest; leave them out"
        )
        raise ValueError(msg)
    shoulder = draw_shoulder(options, rng)
    field_t = draw_field(rng) if options.field_t is None else options.field_t
    wanted = replace(options, field_t=field_t)
    first = build_scene(shoulder, options.glenoid_depth_mm, whole=options.whole_scapula)
    series = []
    for number, prescribed in enumerate(draw_series(field_t, rng)):
        move = draw_move(shoulder, rng) if number else no_move()
        moved = move_arm(shoulder, move)
        now = build_scene(moved, options.glenoid_depth_mm, whole=options.whole_scapula)
        protocol = sample_protocol(
            prescribed.sequence,
            prescribed.plane,
            rng,
            shape=options.shape,
            spacing_mm=options.spacing_mm,
            field_t=field_t,
            coarsened=options.coarsened,
        )
        case = scan_shoulder(wanted, protocol, moved, rng, motion=move.body, workers=workers)
        motions = {"humerus": humerus_motion(first, now, move), "glenoid": move.body}
        series.append(ExaminedSeries(prescribed.name, case, motions))
    return Examination(tuple(series), fine_bones(first, workers=workers))
