"""Options of `shoulderseg phantom`, in the groups of its help."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

ANATOMY, IMAGES, VARIATION = "Anatomy", "Images", "Variation between the cases"
LABELS, FILES, WORK = "Labels", "Files", "Work"
# An option that says how many of the cases, chosen at random, are of a kind.
_share = partial(typer.Option, min=0, max=1, show_default="0", rich_help_panel=VARIATION)


class Format(StrEnum):
    """What the images are written as."""

    nifti = "nifti"
    dicom = "dicom"


class Scapula(StrEnum):
    """How much of the scapula is labelled."""

    glenoid = "glenoid"
    whole = "whole"


@dataclass(frozen=True)
class AnatomyOptions:
    """Who is shown, one option a field; see `as_command`."""

    side: Annotated[
        str | None,
        typer.Option(
            metavar="left|right",
            help="Of the body.",
            show_default="chance",
            rich_help_panel=ANATOMY,
        ),
    ] = None
    sex: Annotated[
        str | None,
        typer.Option(
            metavar="female|male",
            help="Of the person.",
            show_default="chance",
            rich_help_panel=ANATOMY,
        ),
    ] = None
    health: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="healthy, mixed, instability, arthrosis or cuff-tear.",
            show_default="mixed",
            rich_help_panel=ANATOMY,
        ),
    ] = None
    bone_loss: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT",
            help="Missing in front of the glenoid, 0 to 35.",
            show_default="as --health draws it",
            rich_help_panel=ANATOMY,
        ),
    ] = None


@dataclass(frozen=True)
class ImageOptions:
    """How the images are taken, one option a field; see `as_command`."""

    sequence: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="t1-se, pd-tse, pd-fs, t2-tse, t2-fs, stir, gre, dixon-water, dixon-fat, dixon-in "
            "or dixon-out. Several, repeated or comma-separated, take turns.",
            show_default="chance",
            rich_help_panel=IMAGES,
        ),
    ] = None
    plane: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="coronal, sagittal, axial or isotropic; as --sequence.",
            show_default="chance",
            rich_help_panel=IMAGES,
        ),
    ] = None
    field: Annotated[
        float | None,
        typer.Option(
            metavar="TESLA",
            help="1.5 or 3, or 0.2 to 0.5.",
            show_default="chance",
            rich_help_panel=IMAGES,
        ),
    ] = None
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="Z,Y,X",
            help="Voxels. Slices stay as far apart as scanners lay them (3 to 6 mm; a pixel in "
            "isotropic scans), so that fewer make a shorter stack around the joint.",
            show_default="as scanners do",
            rich_help_panel=IMAGES,
        ),
    ] = None
    spacing: Annotated[
        str | None,
        typer.Option(
            metavar="Z,Y,X",
            help="Size of a voxel in mm.",
            show_default="as scanners do",
            rich_help_panel=IMAGES,
        ),
    ] = None


@dataclass(frozen=True)
class VariationOptions:
    """What varies from case to case, one option a field; see `as_command`."""

    random_contrast: Annotated[
        bool,
        typer.Option(
            "--random-contrast",
            help="Random intensities instead of MR physics, as in SynthSeg.",
            rich_help_panel=VARIATION,
        ),
    ] = False
    random_contrast_share: Annotated[
        float | None,
        _share(
            "--random-contrast-share", help="Share of the cases, at random, with random contrast."
        ),
    ] = None
    raised_share: Annotated[
        float | None, _share(help="Share of the cases, at random, with a raised arm.")
    ] = None
    coarse_share: Annotated[
        float | None,
        _share(help="Share of the cases, at random, with pixels up to four times as long."),
    ] = None
    former_wild: Annotated[bool, typer.Option("--wild", hidden=True)] = False
    former_wild_share: Annotated[float | None, typer.Option("--wild-share", hidden=True)] = None

    def __post_init__(self) -> None:
        """Takes what was given under the former names of the options."""
        object.__setattr__(self, "random_contrast", self.random_contrast or self.former_wild)
        if self.random_contrast_share is None:
            object.__setattr__(self, "random_contrast_share", self.former_wild_share)


@dataclass(frozen=True)
class LabelOptions:
    """What the label maps tell, one option a field; see `as_command`."""

    scapula: Annotated[
        Scapula, typer.Option(help="What the second label is.", rich_help_panel=LABELS)
    ] = Scapula.glenoid
    glenoid_depth: Annotated[
        float | None,
        typer.Option(
            metavar="MM",
            help="How far from the joint the scapula is glenoid.",
            show_default="30",
            rich_help_panel=LABELS,
        ),
    ] = None


@dataclass(frozen=True)
class FileOptions:
    """What is written, one option a field; see `as_command`."""

    file_format: Annotated[
        Format,
        typer.Option(
            "--format",
            help="nifti: a dataset for nnU-Net; dicom: OUT/dicom/CASE.",
            rich_help_panel=FILES,
        ),
    ] = Format.nifti
    examination: Annotated[
        bool,
        typer.Option(
            "--examination",
            help="Scan each person several times, as in a visit, and let them move in between: "
            "OUT/exam_0001/images, labels, bones.nii.gz, examination.json.",
            rich_help_panel=FILES,
        ),
    ] = False
    partial_volumes: Annotated[
        bool,
        typer.Option(
            "--partial-volumes",
            help="Also write how much of each voxel each structure fills, for training on images "
            "made anew at every step: about 80 MB a case.",
            rich_help_panel=FILES,
        ),
    ] = False
    partial_volume_spacing: Annotated[
        float | None,
        typer.Option(
            metavar="MM",
            help="Voxels of --partial-volumes.",
            show_default="0.9",
            rich_help_panel=FILES,
        ),
    ] = None
    dataset_id: Annotated[
        int | None,
        typer.Option(help="Number of the dataset.", show_default="900", rich_help_panel=FILES),
    ] = None
    name: Annotated[
        str | None,
        typer.Option(help="Name of the dataset.", show_default="Phantom", rich_help_panel=FILES),
    ] = None
    folds: Annotated[
        int | None,
        typer.Option(
            help="Of the cross-validation.",
            show_default="5, or as many as there are training cases",
            rich_help_panel=FILES,
        ),
    ] = None


@dataclass(frozen=True)
class WorkOptions:
    """How it is made, one option a field; see `as_command`."""

    workers: Annotated[int, typer.Option(min=1, help="Threads a case.", rich_help_panel=WORK)] = 2
    jobs: Annotated[
        int, typer.Option(min=1, help="Cases made at the same time.", rich_help_panel=WORK)
    ] = 1
    overwrite: Annotated[
        bool,
        typer.Option(
            help="Replace earlier phantoms instead of finishing them.", rich_help_panel=WORK
        ),
    ] = False
