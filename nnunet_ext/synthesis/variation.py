"""How far synthetic images vary: shares of images, and ranges, of everything that is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from shoulderseg.nnunet_ext.augmentation import ROTATION_RAD

Range = tuple[float, float]


@dataclass(frozen=True)
class CutVariation:
    """Where slices lie.

    Attributes:
        free_share: Share of slices turned far out of their plane.
        free_tilt_rad: How far these are turned.
        tilt_rad: Deviation of all other slices' tilt from what is prescribed.
        turned_share: Share of slices turned in their plane.
        turn_rad: How far; the trainers' own.
        scale: Deviation of the logarithm of the scale of a slice.
        stretch: Deviation of the logarithm of the ratio of its sides.
        mirrored_share: Share of slices with their columns reversed.
        thickness_mm: Of slices.
        profile_edge: Longest fall of the slice profile as a share of the thickness.
        on_bone_share: Share of slices that pass through the bone that is learned.
        other_bone_share: Share of slices that pass through the other bone, whether they show the
            one that is learned or not. In a real sagittal stack most slices show one bone alone.
        beyond_share: Share of slices just beyond an end of both bones, as stacks begin and end.
        beyond_mm: How far beyond at most.
        reach_mm: How far from the joint, across the slice, all others lie at most.
        off_centre_mm: How far from the middle of the slice the joint, or the bone, lies at most,
            along rows and columns.
        warped_share: Share of slices that are warped.
        warp_mm: Greatest deviation of the warp.
    """

    free_share: float = 0.12
    free_tilt_rad: Range = (math.radians(15), math.radians(50))
    tilt_rad: float = math.radians(7)
    turned_share: float = 0.6
    turn_rad: Range = ROTATION_RAD
    scale: float = 0.12
    stretch: float = 0.04
    mirrored_share: float = 0.5
    thickness_mm: Range = (1.0, 6.0)
    profile_edge: float = 0.5
    on_bone_share: float = 0.5
    other_bone_share: float = 0.27
    beyond_share: float = 0.15
    beyond_mm: float = 25.0
    reach_mm: float = 75.0
    off_centre_mm: float = 30.0
    warped_share: float = 0.7
    warp_mm: float = 3.5


@dataclass(frozen=True)
class ContrastVariation:
    """How structures look.

    Attributes:
        random_share: Share of images with random intensities; the others follow signal equations.
        alike_share: How often the structures of one kind share their mean, by kind.
        dark_level: Brightest mean of what is dark: cortical bone, tendons, ligaments.
        air_level: Brightest mean of air.
        merged_share: How often each pair of neighbours looks the same.
        texture: Deviation of the texture within a structure.
        most_splits: Greatest number of structures that are split into random regions.
        split: Deviation of the step between these regions.
        zoned_share: How often marrow differs between the joint's side and what lies beyond, as
            red and yellow marrow do on both sides of the growth plate's scar.
        zone_mm: How far from the middle of the head that is.
        septa_share: How often muscle is crossed by lines of fat along its fibres.
        field_t: Of the signal equations.
        relaxation: Deviation of the logarithm of each relaxation time and density.
        remixed_share: How often red and yellow marrow of a bone are mixed anew.
        lean: How much of a muscle's fat is left.
        transfer: Share of muscle's water that the pulses of other slices saturate
            (magnetisation transfer).
        fat_shift_share: How often fat lies beside its place along rows or columns (chemical shift).
        fat_shift_pixels: How far at most.
        contrast_agent_share: Share of fat-saturated T1 images with gadolinium in the joint's fluid.
        agent_t1_ms: T1 of that fluid.
    """

    random_share: float = 2 / 3
    alike_share: dict[str, float] = field(
        default_factory=lambda: {
            "marrow": 0.5,
            "dark": 0.8,
            "muscle": 0.8,
            "fat": 0.85,
            "fluid": 0.8,
            "cartilage": 0.7,
        }
    )
    dark_level: float = 0.25
    air_level: float = 0.08
    merged_share: float = 0.12
    texture: Range = (0.01, 0.12)
    most_splits: int = 4
    split: float = 0.25
    zoned_share: float = 0.4
    zone_mm: Range = (14.0, 36.0)
    septa_share: float = 0.4
    field_t: Range = (0.2, 3.0)
    relaxation: float = 0.1
    remixed_share: float = 0.6
    lean: Range = (0.2, 1.2)
    transfer: Range = (0.0, 0.3)
    fat_shift_share: float = 0.6
    fat_shift_pixels: float = 2.0
    contrast_agent_share: float = 0.6
    agent_t1_ms: Range = (60.0, 300.0)


@dataclass(frozen=True)
class FieldOfViewVariation:
    """What of a slice is seen, and from where: set every share to 0 to leave it out.

    Attributes:
        coil_share: Share of images with a surface coil that fades from a random place.
        coil_reach_mm: Distance at which its sensitivity has fallen to half.
        end_share: Share of images that end within the patch; nnU-Net pads them with zeros.
        blank_share: Share of images with black margins.
        map_black_share: Share of images that are black beyond the map, where the others end.
        least_mm: Shortest side of what is left by either.
        arm_share: Share of images with air beyond a line.
        arm_mm: How far from the middle of the patch that line is.
        rim_share: How often a rim of fat lies before that air, as under skin.
        rim_mm: How thick it is.
        most_cut: Greatest share of what is labelled that the line may cut off.
    """

    coil_share: float = 0.5
    coil_reach_mm: Range = (40.0, 170.0)
    end_share: float = 0.15
    blank_share: float = 0.25
    map_black_share: float = 0.5
    least_mm: float = 70.0
    arm_share: float = 0.15
    arm_mm: Range = (15.0, 60.0)
    rim_share: float = 0.75
    rim_mm: Range = (2.0, 14.0)
    most_cut: float = 0.2


@dataclass(frozen=True)
class ScannerVariation:
    """How the scanner records a slice.

    Attributes:
        bias_share: Share of images with a smooth bias.
        bias: Greatest deviation of its logarithm.
        pixel_mm: Pixels before resampling; finer ones than the patch's count as these.
        usual_share: Share of images with pixels as scanners of 1.5 and 3 T make them.
        usual_mm: Those pixels.
        pixel_stretch: Greatest ratio of their sides.
        filled_share: Share of images whose k-space ends early and is filled with zeros.
        filled_from: Share of each side of k-space that is measured in these.
        noise_share: Share of images with noise.
        noise: Greatest deviation of the noise as a share of the brightest signal.
        gamma_share: Share of images with a changed gamma.
        gamma: Deviation of the gamma's logarithm.
        foreign_share: Share of images with foreign shapes away from the joint.
        foreign_mm: Least distance of these from the joint.
        statistics: Deviation of mean and of the deviation's logarithm, with which an image is
            normalised, from its own: a volume is normalised as a whole.
    """

    bias_share: float = 0.7
    bias: float = 0.45
    pixel_mm: Range = (0.2, 2.5)
    usual_share: float = 0.5
    usual_mm: Range = (0.3, 0.8)
    pixel_stretch: float = 2.0
    filled_share: float = 0.4
    filled_from: Range = (0.5, 0.95)
    noise_share: float = 0.85
    noise: float = 0.15
    gamma_share: float = 0.3
    gamma: float = 0.3
    foreign_share: float = 0.25
    foreign_mm: float = 45.0
    statistics: float = 0.15


@dataclass(frozen=True)
class Variation:
    """Everything that is drawn for an image."""

    cut: CutVariation = field(default_factory=CutVariation)
    contrast: ContrastVariation = field(default_factory=ContrastVariation)
    view: FieldOfViewVariation = field(default_factory=FieldOfViewVariation)
    scanner: ScannerVariation = field(default_factory=ScannerVariation)


PLAIN_VIEW = FieldOfViewVariation(
    coil_share=0, end_share=0, blank_share=0, map_black_share=0, arm_share=0
)
