"""One phantom: an image, its label map, its tissue map, and everything that is true about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.connected_components import largest_component
from shoulderseg.datasets.phantom.anatomy.shoulder import build_scene, draw_shoulder
from shoulderseg.datasets.phantom.grid import moved_grid
from shoulderseg.datasets.phantom.painting import paint
from shoulderseg.datasets.phantom.planning import plan_grid
from shoulderseg.datasets.phantom.scanner.acquire import acquire
from shoulderseg.datasets.phantom.scanner.margins import view_window
from shoulderseg.datasets.phantom.scanner.protocol import PLANES
from shoulderseg.datasets.phantom.scanner.random_contrast import random_reference, random_signals
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol
from shoulderseg.datasets.phantom.scanner.signals import possible_sequences, structure_signals
from shoulderseg.datasets.phantom.scanner.wrap import rendered_grid
from shoulderseg.datasets.phantom.truth import true_measurements
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.anatomy.shoulder import Shoulder
    from shoulderseg.datasets.phantom.grid import ScanGrid
    from shoulderseg.datasets.phantom.options import PhantomOptions
    from shoulderseg.datasets.phantom.painting import Painted
    from shoulderseg.datasets.phantom.rigid import Rigid
    from shoulderseg.datasets.phantom.scanner.protocol import Protocol
    from shoulderseg.datasets.phantom.scene import Scene

HUMERUS_LABEL, GLENOID_LABEL = 1, 2


@dataclass(frozen=True, eq=False)
class PhantomCase:
    """A phantom.

    Attributes:
        image: The image as a scanner would store it, int16.
        label_map: 0 background, 1 humerus, 2 glenoid (or the whole scapula), uint8, (Z, Y, X).
        tissue_map: Values of `Structure`, uint8, (Z, Y, X).
        protocol: What the scan was set to.
        grid: Its slices, with their thickness.
        parameters: Every drawn value, for JSON: dimensions, findings, protocol, seed-free.
        measurements: What is true about the scanned shoulder, for JSON; lengths in mm.
    """

    image: Volume
    label_map: npt.NDArray[np.uint8]
    tissue_map: npt.NDArray[np.uint8]
    protocol: Protocol
    grid: ScanGrid
    parameters: dict[str, Any]
    measurements: dict[str, Any]


def make_case(
    options: PhantomOptions, rng: np.random.Generator, *, workers: int = 2
) -> PhantomCase:
    """Makes one phantom.

    Args:
        options: What it should be like.
        rng: Source of everything that the options leave open; the same state gives the same bytes.
        workers: Threads; the result does not depend on it.

    Returns:
        The phantom.

    Raises:
        ValueError: If shape and spacing cannot be scanned.
    """
    protocol, shoulder = draw_scan(options, rng)
    return scan_shoulder(options, protocol, shoulder, rng, workers=workers)


def scan_shoulder(
    options: PhantomOptions,
    protocol: Protocol,
    shoulder: Shoulder,
    rng: np.random.Generator,
    *,
    motion: Rigid | None = None,
    scene: Scene | None = None,
    workers: int = 2,
) -> PhantomCase:
    """Scans a shoulder.

    Args:
        options: What contrast and labels should be like.
        protocol: Settings of the scan.
        shoulder: What is scanned.
        rng: Source of where the slices lie, and of noise.
        motion: How the person, coil and all, moved after the slices were laid, in LPS mm.
        scene: The shoulder put together, where that was done otherwise than by `build_scene`.
        workers: Threads; the result does not depend on it.

    Returns:
        The phantom. Its grid is the one that was laid, so the header knows nothing of the motion.
    """
    if scene is None:
        scene = build_scene(shoulder, options.glenoid_depth_mm, whole=options.whole_scapula)
    grid = plan_grid(
        protocol, scene.frames, mirrored=scene.mirrored, joint_mm=scene.joint_mm, rng=rng
    )
    signals, reference = _contrast(options, protocol, rng)
    # Where the slices lie in the person, who took their coil along.
    scanned = grid if motion is None else moved_grid(grid, motion.inverse())
    wide = rendered_grid(scanned, protocol)
    painted = paint(scene, wide, signals, workers)
    parts = (painted.water, painted.fat, scanned, protocol, shoulder.coils_mm, rng)
    magnitude = acquire(*parts, reference=reference, workers=workers)
    inside = _inside(scanned, wide)
    # What lies in a black margin is not seen, so that nothing is labelled there.
    seen = view_window((grid.shape[1], grid.shape[2]), protocol) > 0
    return PhantomCase(
        image=Volume(_stored(magnitude), grid.spacing_mm, grid.origin_mm, grid.direction),
        label_map=_label_map(painted, inside, seen, whole=options.whole_scapula),
        tissue_map=painted.tissue_map[inside] * seen,
        protocol=protocol,
        grid=grid,
        parameters=_drawn(options, protocol, shoulder),
        measurements=true_measurements(scene, shoulder),
    )


def _contrast(
    options: PhantomOptions, protocol: Protocol, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], float | None]:
    """Signals of the structures, and the one that noise is measured by; None for the usual one."""
    if not options.random_contrast:
        return structure_signals(protocol), None
    signals = random_signals(rng)
    return signals, random_reference(signals)


def _drawn(options: PhantomOptions, protocol: Protocol, shoulder: Shoulder) -> dict[str, Any]:
    """Every drawn value of a case, for JSON."""
    return {
        "dimensions": asdict(shoulder.dimensions),
        "findings": asdict(shoulder.findings),
        "protocol": asdict(protocol),
        "contrast": "random" if options.random_contrast else "physical",
        "second_label": "scapula" if options.whole_scapula else "glenoid",
        "glenoid_depth_mm": None if options.whole_scapula else options.glenoid_depth_mm,
    }


def draw_scan(options: PhantomOptions, rng: np.random.Generator) -> tuple[Protocol, Shoulder]:
    """Draws the settings of a scan and the shoulder that is scanned.

    Args:
        options: What they should be like.
        rng: Source of everything that the options leave open.

    Returns:
        The protocol and the shoulder.

    Raises:
        ValueError: If shape and spacing cannot be scanned.
    """
    possible = possible_sequences(options.field_t)
    sequence = options.sequence or possible[rng.integers(len(possible))]
    plane = options.plane or PLANES[rng.integers(len(PLANES))]
    protocol = sample_protocol(
        sequence,
        plane,
        rng,
        shape=options.shape,
        spacing_mm=options.spacing_mm,
        field_t=options.field_t,
        coarsened=options.coarsened,
    )
    return protocol, draw_shoulder(options, rng)


def _inside(grid: ScanGrid, wide: ScanGrid) -> tuple[slice, slice, slice]:
    """Where the image lies in the wider grid that was painted."""
    before = [(large - small) // 2 for small, large in zip(grid.shape, wide.shape, strict=True)]
    first, second, third = (
        slice(start, start + size) for start, size in zip(before, grid.shape, strict=True)
    )
    return first, second, third


def _label_map(
    painted: Painted,
    inside: tuple[slice, slice, slice],
    seen: npt.NDArray[np.bool_],
    *,
    whole: bool,
) -> npt.NDArray[np.uint8]:
    """Labels voxels that are mostly bone; of the glenoid, only the piece that is the joint's."""
    glenoid = (painted.glenoid[inside] >= 0.5) & seen
    if not whole:
        glenoid = largest_component(glenoid)
    label_map = np.zeros(glenoid.shape, np.uint8)
    label_map[glenoid] = GLENOID_LABEL
    label_map[(painted.humerus[inside] >= 0.5) & seen] = HUMERUS_LABEL
    return label_map


def _stored(magnitude: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    """Rounds to what scanners store."""
    return np.clip(np.rint(magnitude), 0, 32767).astype(np.int16)
