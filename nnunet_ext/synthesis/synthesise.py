"""Makes one training image and its target from the partial volumes of a shoulder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor
from torch.nn import functional

from shoulderseg.nnunet_ext.synthesis.appearance import Appearance, mean_level, signal
from shoulderseg.nnunet_ext.synthesis.draws import chance, normal
from shoulderseg.nnunet_ext.synthesis.physical_contrast import physical_appearance
from shoulderseg.nnunet_ext.synthesis.prescription import draw_slab
from shoulderseg.nnunet_ext.synthesis.random_contrast import random_appearance
from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase
from shoulderseg.nnunet_ext.synthesis.scanner import receive, record
from shoulderseg.nnunet_ext.synthesis.slab import Cut, Slab, cut_slab
from shoulderseg.nnunet_ext.synthesis.variation import Variation
from shoulderseg.nnunet_ext.synthesis.view import add_foreign_shapes, arm_alone, part_of_patch

# Least share of a pixel that a bone fills where it is labelled, and of a pixel in the map.
_HALF = 0.5
# Foreign shapes keep this far from labelled bones.
_BONE_MARGIN_PIXELS = 9
_FLAT = 1e-6


@dataclass(frozen=True)
class Patch:
    """What images are to be made.

    Attributes:
        shape: Rows and columns.
        spacing_mm: From row to row, from column to column.
        regions: What is labelled, a target for each: which of humerus (0) and glenoid (1) belong
            to it.
    """

    shape: tuple[int, int]
    spacing_mm: tuple[float, float]
    regions: tuple[tuple[int, ...], ...]

    @property
    def bones(self) -> tuple[int, ...]:
        """Those that any region holds."""
        return tuple(sorted(set(chain(*self.regions))))


def synthesise(
    case: ResidentCase, patch: Patch, variation: Variation, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Makes a training image of a shoulder.

    Args:
        case: The shoulder's map.
        patch: Size and regions.
        variation: How far images vary.
        generator: On the CPU; the same state gives the same image on the same device.

    Returns:
        Image, (rows, columns), float32, normalised as nnU-Net's z-score does and zero where the
        image has ended; targets, (regions, rows, columns), bool, where the bones of a region fill
        half of a pixel's slab or more. Nothing is labelled where the image is blank, has ended or
        was turned to air. Both on the map's device.
    """
    slab = draw_slab(case, (patch.shape, patch.spacing_mm), patch.bones, variation.cut, generator)
    away_mm = _away_mm(case.head_mm, slab, patch.shape, case.ids.device)
    appearance = _draw_appearance(case, away_mm, variation, generator)
    cut = cut_slab(case, slab, patch.shape, appearance.table)
    return _image_of(cut, (case, slab, appearance), patch, variation, generator)


def _draw_appearance(
    case: ResidentCase, away_mm: Tensor, variation: Variation, generator: torch.Generator
) -> Appearance:
    random = chance(variation.contrast.random_share, generator)
    draw = random_appearance if random else physical_appearance
    return draw(case.tissues, away_mm, variation.contrast, generator)


def _image_of(
    cut: Cut,
    made_of: tuple[ResidentCase, Slab, Appearance],
    patch: Patch,
    variation: Variation,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    case, slab, appearance = made_of
    shape, spacing, view = patch.shape, patch.spacing_mm, variation.view
    device = cut.covered.device
    given = signal(cut.values, appearance)
    given = add_foreign_shapes(
        given,
        lambda: _free_mm(cut, case, slab, variation.scanner.foreign_mm),
        spacing,
        variation.scanner,
        generator,
    )
    target = torch.stack([cut.bones[list(bones)].sum(dim=0) >= _HALF for bones in patch.regions])
    arm = arm_alone(shape, spacing, view, generator, device)
    if arm is not None:
        given, target = _cut_to_arm((given, target), arm, (case, appearance), variation)
    given = receive(given, spacing, view, variation.scanner, generator)
    image = record(given, spacing, variation.scanner, generator)
    black = part_of_patch(view.blank_share, shape, spacing, view.least_mm, generator, device)
    if black is not None:
        image, target = image * black, target & black
    seen = cut.covered >= _HALF
    if chance(view.map_black_share, generator):
        # Beyond the map there is a margin then, not the end of the image.
        image, target = image * seen, target & seen
        seen = torch.ones_like(seen)
    ended = part_of_patch(view.end_share, shape, spacing, view.least_mm, generator, device)
    if ended is not None:
        seen = seen & ended
    return _normalised(image, seen, variation.scanner.statistics, generator), target & seen


def _free_mm(cut: Cut, case: ResidentCase, slab: Slab, least_mm: float) -> Tensor:
    """How far pixels are beyond a distance from the joint; far below zero at labelled bones."""
    rows, columns = cut.covered.shape
    distance = _away_mm(case.joint_mm, slab, (rows, columns), cut.covered.device)
    bone = functional.max_pool2d(
        cut.bones.sum(dim=0)[None, None],
        _BONE_MARGIN_PIXELS,
        stride=1,
        padding=_BONE_MARGIN_PIXELS // 2,
    )[0, 0]
    return torch.where(bone > 0, torch.full_like(distance, -30.0), distance - least_mm)


def _away_mm(place_mm: Tensor, slab: Slab, shape: tuple[int, int], device: torch.device) -> Tensor:
    """How far pixels are from a place in the patient, (rows, columns)."""
    across, down, right = (float(value) for value in slab.axes @ (place_mm - slab.centre_mm))
    row_mm, column_mm = (
        (torch.arange(count, device=device) - (count - 1) / 2) * step - place
        for count, step, place in zip(shape, slab.pixel_mm, (down, right), strict=True)
    )
    return torch.sqrt(row_mm[:, None] ** 2 + column_mm[None, :] ** 2 + across**2)


def _cut_to_arm(
    made: tuple[Tensor, Tensor],
    arm: tuple[Tensor, Tensor],
    of: tuple[ResidentCase, Appearance],
    variation: Variation,
) -> tuple[Tensor, Tensor]:
    """Lays air and a rim of fat around an arm; not where that would cut much of a bone off."""
    (given, target), (body, rim), (case, appearance) = made, arm, of
    fat = case.tissues.kinds.get("fat", [])
    left = body & ~rim if fat else body
    lost = (target & ~left).sum() > variation.view.most_cut * target.sum()
    if bool(lost):
        return made
    air = variation.contrast.air_level * float(given.mean())
    given = torch.where(body, given, torch.full_like(given, air))
    if fat:
        given = torch.where(rim, mean_level(appearance, fat).expand_as(given), given)
    return given, target & left


def _normalised(
    image: Tensor, seen: Tensor, deviation: float, generator: torch.Generator
) -> Tensor:
    """Brings an image to zero mean and a deviation of one, about, and pads what is not seen."""
    values = image[seen]
    if values.numel() < 2:
        return torch.zeros_like(image)
    spread, mean = torch.std_mean(values)
    # A volume is normalised as a whole: a slice of it is brighter or flatter than that.
    factor = (
        1 + 0 * spread
        if deviation == 0
        else torch.exp(torch.tensor(normal(0, deviation, generator), device=image.device))
    )
    shift = normal(0, deviation, generator)
    scaled: Tensor = (image - mean) / spread.clamp_min(_FLAT) * factor + shift
    return torch.where(seen, scaled, torch.zeros_like(scaled))


def draw_case(cases: Sequence[ResidentCase], generator: torch.Generator) -> ResidentCase:
    """Draws one of the shoulders, each as likely as the others."""
    return cases[int(torch.randint(len(cases), (), generator=generator))]
