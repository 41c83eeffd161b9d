"""Version of the glenoid against its own vault, where no scapular blade is in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.morphometry.refusal import RefusedError, told

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.morphometry.bone import Bone
    from shoulderseg.morphometry.glenoid import Face

    Floats = NDArray[np.float64]

# The vault is looked at so far above and below the face's middle, and where it is this deep.
_BAND_MM = 6.0
LEAST_DEPTH_MM, _LAYER_MM = 24.0, 3.0
# A glenoid ends 30 mm behind its face by definition (docs/phantom.md), up to 31 behind its middle.
# What is deeper is scapula: on a real one the axis then turned by 7 degrees towards its blade.
MOST_DEPTH_MM = 35.0
# What the vault's version is more than Friedman's, on average (Robertson et al.).
CORRECTION_DEG = 7.0


def vault_end_mm(glenoid: Bone, face: Face) -> Floats:
    """Middle of the vault's deep end, from the face's middle.

    Args:
        glenoid: The glenoid.
        face: Its face.

    Returns:
        LPS mm, (3,).

    Raises:
        RefusedError: If too little of the vault is in the image, or the mask holds more of the
            scapula than the glenoid.
    """
    index = np.argwhere(glenoid.mask)
    places = index @ glenoid.affine[:3, :3].T + glenoid.affine[:3, 3] - face.middle_mm
    near = np.abs(places @ face.superior) <= _BAND_MM
    index, places = index[near], places[near]
    depth = -(places @ face.normal)
    if not len(depth) or depth.max() < LEAST_DEPTH_MM:
        deepest = told(float(depth.max(initial=0.0)), LEAST_DEPTH_MM)
        msg = f"{deepest} mm of the vault are in the image, expected {LEAST_DEPTH_MM:g}"
        raise RefusedError(msg)
    if depth.max() > MOST_DEPTH_MM:
        msg = (
            f"the mask reaches {told(float(depth.max()), MOST_DEPTH_MM)} mm behind the face, "
            f"expected at most {MOST_DEPTH_MM:g}: it holds more of the scapula than the glenoid, "
            "and the axis would be another one; cut it 30 mm behind the face"
        )
        raise RefusedError(msg)
    deep = depth > depth.max() - _LAYER_MM
    if glenoid.touches_border(index[deep]).any():
        msg = "the image's border cuts the vault's deep end"
        raise RefusedError(msg)
    end: Floats = places[deep].mean(axis=0)
    return end


def depth_mm(glenoid: Bone, face: Face) -> float:
    """How far a mask of the glenoid reaches behind the middle of its face, along the normal."""
    places = np.argwhere(glenoid.mask) @ glenoid.affine[:3, :3].T + glenoid.affine[:3, 3]
    return float(-((places - face.middle_mm) @ face.normal).min())


def vault_retroversion_deg(glenoid: Bone, face: Face) -> float:
    """Angle by which the face looks backwards from the vault's axis, less 7 degrees.

    The axis leads from the middle of the vault's deep end to that of the face, in the plane across
    the face's long axis.

    Args:
        glenoid: The glenoid.
        face: Its face.

    Returns:
        Degrees, positive for retroversion.

    Raises:
        RefusedError: As `vault_end_mm`.
    """
    end = vault_end_mm(glenoid, face)
    # From the deep end to the face; the face's normal is 0.
    backwards, outwards = float(end @ face.anterior), float(-end @ face.normal)
    return float(np.degrees(np.arctan2(-backwards, outwards))) - CORRECTION_DEG
