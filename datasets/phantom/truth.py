"""What is true about a scanned shoulder, measured on its landmarks after deformation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.phantom.anatomy.glenoid import discs_mm, loss_plane_mm, surface_mm
from shoulderseg.datasets.phantom.anatomy.humerus import canal, head_axis
from shoulderseg.datasets.phantom.anatomy.scapula_landmarks import landmarks
from shoulderseg.datasets.phantom.scene import patient_points

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.anatomy.shoulder import Shoulder
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import FrameName
    from shoulderseg.datasets.phantom.scene import Scene

    Spots = npt.NDArray[np.float64]


def true_measurements(scene: Scene, shoulder: Shoulder) -> dict[str, Any]:
    """Measures a shoulder where its landmarks ended up in the patient.

    Args:
        scene: The shoulder put together.
        shoulder: What was drawn.

    Returns:
        For JSON: landmarks in LPS mm, lengths in mm, angles in degrees, bone loss in percent of
        the lower glenoid's circle. Version (positive for retroversion) is that of the line between
        the front and the back rim against the line from the trigonum to the joint's middle
        (Friedman 1992), inclination (positive for a joint that faces up) that of the line between
        the upper and the lower rim. Size and angles of the glenoid are those it had before any
        bone loss.
    """
    dimensions, findings = shoulder.dimensions, shoulder.findings
    spots = _landmarks(scene, dimensions)
    version, inclination = _joint_angles(spots)
    centre, radius = fit_sphere(_moved(scene, "humerus", _cap(dimensions)))
    spots["head_centre"] = centre
    return {
        "landmarks_lps_mm": {name: [float(v) for v in spot] for name, spot in spots.items()},
        "head_radius_mm": radius,
        "glenoid_height_mm": _apart(spots["glenoid_superior"], spots["glenoid_inferior"]),
        "glenoid_width_mm": _apart(spots["glenoid_anterior"], spots["glenoid_posterior"]),
        "glenoid_retroversion_deg": version,
        "glenoid_inclination_deg": inclination,
        "glenoid_bone_loss_percent": _bone_loss(scene, shoulder),
        "critical_shoulder_angle_deg": _shoulder_angle(spots),
        "hill_sachs_depth_mm": findings.hill_sachs_depth_mm,
        "hill_sachs_width_mm": findings.hill_sachs_width_mm
        if findings.hill_sachs_depth_mm
        else 0.0,
        "cuff_tear_retraction_mm": findings.cuff_tear_mm,
    }


def fit_sphere(spots: Spots) -> tuple[Spots, float]:
    """Sphere nearest to points (n, 3) in the least-squares sense, as centre (3,) and radius.

    |p|^2 = 2 c p + (r^2 - |c|^2) is linear in the centre and the bracket.
    """
    system = np.concatenate([2 * spots, np.ones((len(spots), 1))], axis=1)
    solution = np.linalg.lstsq(system, np.square(spots).sum(axis=1), rcond=None)[0]
    centre = solution[:3]
    return centre, float(np.sqrt(solution[3] + centre @ centre))


def _moved(scene: Scene, frame: FrameName, spots: Spots) -> Spots:
    """Points (n, 3) of a frame in the patient, (n, 3)."""
    return patient_points(scene, scene.frames[frame].to_body(spots.T)).T


def _landmarks(scene: Scene, dimensions: Dimensions) -> dict[str, Spots]:
    marks = landmarks(dimensions)
    half = dimensions.glenoid_height_mm / 2
    (low, radius), _ = discs_mm(dimensions)
    flat = np.array([[0, 0], [0, half], [0, -half], [-radius, low], [radius, low]], dtype=float)
    place = np.concatenate([np.zeros((5, 1)), flat], axis=1)
    place[:, 0] = surface_mm(dimensions, place.T)
    names = ("middle", "superior", "inferior", "anterior", "posterior")
    joint = _moved(scene, "glenoid", place)
    spots = {f"glenoid_{name}": spot for name, spot in zip(names, joint, strict=True)}
    bone = _moved(scene, "scapula", np.array(marks, dtype=float))
    spots.update(zip(marks._fields, bone, strict=True))
    x, y = canal(dimensions)
    shaft = np.array([[x, y, -60.0], [x, y, -100.0]])
    upper, lower = _moved(scene, "humerus", shaft)
    return spots | {"shaft_upper": upper, "shaft_lower": lower}


def _cap(dimensions: Dimensions) -> Spots:
    """Points all over the articular surface of the head, humerus frame, a Fibonacci lattice."""
    count = 400
    depth = dimensions.head_height_mm - 3
    along = dimensions.head_radius_mm - depth * (np.arange(count) + 0.5) / count
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    off = np.sqrt(dimensions.head_radius_mm**2 - along**2)
    axis = head_axis(dimensions)
    side = np.array([0.0, 1.0, 0.0])
    third = np.cross(axis, side)
    spots: Spots = (
        along[:, None] * axis
        + (off * np.cos(turn))[:, None] * side
        + (off * np.sin(turn))[:, None] * third
    )
    return spots


def _joint_angles(spots: dict[str, Spots]) -> tuple[float, float]:
    middle = spots["glenoid_middle"]
    lateral = _unit(middle - spots["trigonum"])
    down = spots["inferior_angle"] - middle
    up = -_unit(down - lateral * (down @ lateral))
    front_to_back = spots["glenoid_posterior"] - spots["glenoid_anterior"]
    low_to_high = spots["glenoid_superior"] - spots["glenoid_inferior"]
    # Of the two directions across the scapular plane the one that points backwards.
    posterior = np.cross(lateral, up)
    posterior = posterior * np.sign(front_to_back @ posterior)
    version = np.arctan2(-front_to_back @ lateral, front_to_back @ posterior)
    inclination = np.arctan2(-low_to_high @ lateral, low_to_high @ up)
    return float(np.degrees(version)), float(np.degrees(inclination))


def _shoulder_angle(spots: dict[str, Spots]) -> float:
    """Angle at the lower rim between the joint and the acromion, in the scapular plane."""
    middle = spots["glenoid_middle"]
    across = _unit(np.cross(spots["trigonum"] - middle, spots["inferior_angle"] - middle))
    arms = [
        spots[name] - spots["glenoid_inferior"] for name in ("glenoid_superior", "acromion_lateral")
    ]
    first, second = (_unit(arm - across * (arm @ across)) for arm in arms)
    return float(np.degrees(np.arccos(np.clip(first @ second, -1, 1))))


def _bone_loss(scene: Scene, shoulder: Shoulder) -> float:
    """Share of the lower glenoid's disc that is missing, after deformation."""
    if shoulder.findings.glenoid_bone_loss_percent == 0:
        return 0.0
    (low, radius), _ = discs_mm(shoulder.dimensions)
    angles = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    cut = loss_plane_mm(shoulder.dimensions, shoulder.findings)
    areas = []
    for front in (-radius, cut):
        across = np.maximum(radius * np.cos(angles), front)
        place = np.stack([np.zeros_like(across), across, low + radius * np.sin(angles)], axis=1)
        areas.append(_area(_moved(scene, "glenoid", place)))
    return 100 * (1 - areas[1] / areas[0])


def _area(ring: Spots) -> float:
    """Area of a nearly flat polygon (n, 3)."""
    offset = ring - ring.mean(axis=0)
    crossed = np.cross(offset, np.roll(offset, -1, axis=0)).sum(axis=0)
    return float(np.linalg.norm(crossed) / 2)


def _unit(vector: Spots) -> Spots:
    scaled: Spots = vector / np.linalg.norm(vector)
    return scaled


def _apart(first: Spots, second: Spots) -> float:
    return float(np.linalg.norm(first - second))
