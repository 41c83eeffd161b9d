"""Draws docs/measures.png: what each measure is, on the true bones of a phantom.

    python -m benchmarks.measures_picture docs/measures.png

The phantom has an unstable left shoulder that lacks a quarter of its glenoid.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from shoulderseg.datasets.phantom.anatomy.shoulder import build_scene
from shoulderseg.datasets.phantom.case import draw_scan
from shoulderseg.datasets.phantom.examination.truth import fine_bones
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.volume import index_affine
from shoulderseg.morphometry.bone import Bone, take_bone
from shoulderseg.morphometry.bone_loss import find_bone_loss
from shoulderseg.morphometry.face_grid import STEP_MM
from shoulderseg.morphometry.glenoid import Face, find_face
from shoulderseg.morphometry.head import Head, find_head
from shoulderseg.morphometry.hill_sachs import find_hill_sachs
from shoulderseg.morphometry.joint import measure_joint
from shoulderseg.morphometry.shaft import find_shaft
from shoulderseg.morphometry.vault import vault_end_mm
from shoulderseg.morphometry.vectors import unit

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

mpl.use("Agg")
SEED = 42
BONES = ("#9db7d5", "#d5a99d")
INK, LOST, FITTED = "#222222", "#c0392b", "#1f6f3f"


def main() -> None:
    """Makes the phantom and draws it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path, help="the PNG file")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    options = PhantomOptions(
        plane="isotropic", health="instability", bone_loss_percent=25, side="left", sex="male"
    )
    _, shoulder = draw_scan(options, np.random.default_rng(asked.seed))
    truth = fine_bones(build_scene(shoulder, options.glenoid_depth_mm, whole=False), 1.0, 1)
    bones = [take_bone(truth.array == value, index_affine(truth)) for value in (1, 2)]
    humerus, glenoid = [bone for bone in bones if bone is not None]
    head = find_head(humerus, glenoid)
    _draw((humerus, glenoid), head, find_face(glenoid, head), asked.picture)


def _draw(bones: tuple[Bone, Bone], head: Head, face: Face, picture: Path) -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(13, 8.6))
    _head(axes[0, 0], bones, head, face)
    _joint(axes[0, 1], bones, head, face)
    _vault(axes[0, 2], bones, face)
    _face(axes[1, 0], face)
    _loss(axes[1, 1], face)
    _defect(axes[1, 2], bones, head, face)
    for letter, part in zip("ABCDEF", axes.flat, strict=True):
        part.set_title(f"{letter}   {part.get_title()}", loc="left", fontsize=10)
        part.set_title("")
        part.set_aspect("equal")
        part.axis("off")
    figure.tight_layout(pad=0.6)
    figure.savefig(picture, dpi=80)


def _section(
    axes: Any,  # noqa: ANN401
    bones: tuple[Bone, Bone],
    middle: Floats,
    right: Floats,
    up: Floats,
    reach: tuple[float, float, float, float],
) -> None:
    """Both bones where a plane cuts them, `reach` being left, right, lower and upper end in mm."""
    across, rows = np.arange(reach[0], reach[1], 0.5), np.arange(reach[2], reach[3], 0.5)
    grid = middle + across[None, :, None] * right + rows[:, None, None] * up
    for bone, colour in zip(bones, BONES, strict=True):
        depth = bone.at(grid.reshape(-1, 3))
        depth[~bone.shows(grid.reshape(-1, 3))] = 5.0
        level = depth.reshape(grid.shape[:2])
        axes.contourf(across, rows, level, [-100, 0], colors=[colour])
        axes.contour(across, rows, level, [0], colors=[INK], linewidths=0.8)


def _line(axes: Any, points: list[Any], words: str = "", colour: str = INK, **more: Any) -> None:  # noqa: ANN401
    line = np.array(points, dtype=float)
    axes.plot(line[:, 0], line[:, 1], color=colour, lw=1.4, **more)
    if words:
        x, y = line.mean(axis=0)
        axes.annotate(words, (x, y), (3, 3), textcoords="offset points", fontsize=8, color=colour)


def _circle(axes: Any, centre: Any, radius: float, colour: str = FITTED) -> None:  # noqa: ANN401
    turn = np.linspace(0, 2 * np.pi, 200)
    axes.plot(centre[0] + radius * np.cos(turn), centre[1] + radius * np.sin(turn), color=colour)


def _head(axes: Any, bones: tuple[Bone, Bone], head: Head, face: Face) -> None:  # noqa: ANN401
    axes.set_title("sphere of the head, its axis and the shaft's, from the front")
    right, up = face.normal, face.superior
    _section(axes, bones, head.centre_mm, right, up, (-62, 45, -95, 40))
    _circle(axes, (0, 0), head.radius_mm)
    _line(axes, [(0, 0), head.radius_mm * np.array([0.6, 0.8])], "head_radius", FITTED)
    axes.plot(0, 0, "o", color=FITTED)
    axes.annotate("head_centre", (0, 0), (-54, 6), textcoords="offset points", fontsize=8)
    turned = np.array([head.axis @ right, head.axis @ up])
    _line(axes, [(0, 0), 1.4 * head.radius_mm * turned], colour=FITTED, ls="--")
    shaft = find_shaft(bones[0], head)
    along = np.array([shaft.up @ right, shaft.up @ up])
    foot = -shaft.offset_mm * np.array([along[1], -along[0]])
    foot *= np.sign(foot[0]) or 1.0
    _line(axes, [foot - 95 * along, foot + 30 * along], "neck_shaft_angle", ls="--")
    _line(axes, [(0, 0), foot], "head_shaft_offset", LOST)


def _joint(axes: Any, bones: tuple[Bone, Bone], head: Head, face: Face) -> None:  # noqa: ANN401
    axes.set_title("gap and offset, from below (front upwards)")
    _section(axes, bones, face.middle_mm, face.normal, face.anterior, (-32, 62, -36, 36))
    joint = measure_joint(*bones, head, face)
    away = head.centre_mm - face.middle_mm
    centre = np.array([away @ face.normal, away @ face.anterior])
    _line(axes, [(0, 0), (55, 0)], ls="--")
    axes.plot(*centre, "o", color=FITTED)
    _circle(axes, centre, head.radius_mm)
    _line(axes, [centre, (centre[0], 0)], "head_offset_anterior", LOST)
    gap = joint.median_gap_mm
    _line(axes, [(0, 0), (gap, 0)], colour=LOST)
    axes.annotate(
        "joint_gap_median", (gap, 0), (8, -24), textcoords="offset points", fontsize=8, color=LOST
    )


def _vault(axes: Any, bones: tuple[Bone, Bone], face: Face) -> None:  # noqa: ANN401
    axes.set_title("vault_retroversion, from below (front upwards)")
    _section(axes, bones, face.middle_mm, face.normal, face.anterior, (-45, 22, -30, 30))
    end = vault_end_mm(bones[1], face)
    deep = np.array([end @ face.normal, end @ face.anterior])
    _line(axes, [deep, (0, 0)], "the vault's axis", LOST)
    _line(axes, [(0, -18), (0, 18)], "face", FITTED)
    _line(axes, [(0, 0), (20, 0)], colour=FITTED, ls="--")
    _line(axes, [(0, 0), -20 * deep / np.linalg.norm(deep)], colour=LOST, ls="--")


def _face(axes: Any, face: Face) -> None:  # noqa: ANN401
    axes.set_title("the face from the head, front to the right")
    outline = face.outline_mm
    axes.fill(*outline.T, color=BONES[1])
    axes.plot(*outline.T, color=INK, lw=0.8)
    low, high = outline[:, 1].min(), outline[:, 1].max()
    _line(axes, [(0, low), (0, high)], "glenoid_height", FITTED)
    levels = np.arange(low + 2, high - 2, STEP_MM)
    rows = [outline[np.abs(outline[:, 1] - level) <= STEP_MM, 0] for level in levels]
    widest = int(np.argmax([np.ptp(row) if len(row) > 1 else 0 for row in rows]))
    ends = (rows[widest].min(), rows[widest].max())
    _line(axes, [(end, levels[widest]) for end in ends], "glenoid_width", LOST)
    axes.annotate("glenoid_area", (-8, high / 2), fontsize=8)


def _loss(axes: Any, face: Face) -> None:  # noqa: ANN401
    axes.set_title("bone loss, front to the right")
    loss = find_bone_loss(face)
    radius, centre = loss.diameter_mm / 2, loss.centre_mm
    turn = np.linspace(0, 2 * np.pi, 400)
    disc = centre + radius * np.column_stack([np.cos(turn), np.sin(turn)])
    axes.fill(*disc.T, color=LOST, alpha=0.5)
    axes.fill(*face.outline_mm.T, color=BONES[1])
    axes.plot(*face.outline_mm.T, color=INK, lw=0.8)
    _circle(axes, centre, radius)
    front, level = centre[0] + radius, centre[1]
    diameter = [(centre[0] - radius, level), (front, level)]
    _line(axes, diameter, "glenoid_circle_diameter", FITTED)
    _line(axes, [(front - loss.missing_mm, level), (front, level)], colour=INK)
    axes.annotate(
        f"bone_loss_linear {loss.linear_percent:.0f} %\nbone_loss_area {loss.area_percent:.0f} %\n"
        f"bone_loss_clock {loss.clock:.1f}",
        (front, level),
        (6, 10),
        textcoords="offset points",
        fontsize=8,
        color=LOST,
    )


def _defect(axes: Any, bones: tuple[Bone, Bone], head: Head, face: Face) -> None:  # noqa: ANN401
    axes.set_title("Hill-Sachs defect, in the plane of the head's axis")
    defect = find_hill_sachs(bones[0], head, face)
    if defect.towards is None:
        msg = "this phantom has no defect of the head; choose another seed"
        raise SystemExit(msg)
    side = unit(defect.towards - head.axis * (defect.towards @ head.axis))
    reach = head.radius_mm + 8
    _section(axes, bones, head.centre_mm, head.axis, side, (-reach, reach + 12, -reach, reach))
    _circle(axes, (0, 0), head.radius_mm)
    towards = np.array([defect.towards @ head.axis, defect.towards @ side])
    _line(axes, [(0, 0), (head.radius_mm, 0)], ls="--")
    _line(axes, [(0, 0), head.radius_mm * towards], "hill_sachs_angle", ls="--")
    inner = (head.radius_mm - defect.depth_mm) * towards
    _line(axes, [inner, head.radius_mm * towards], colour=LOST)
    axes.annotate(
        f"hill_sachs_depth {defect.depth_mm:.1f} mm",
        head.radius_mm * towards,
        (-40, 12),
        textcoords="offset points",
        fontsize=8,
        color=LOST,
    )


if __name__ == "__main__":
    main()
