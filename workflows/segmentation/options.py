"""How a bundle is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.engines.choice import EngineChoice, PrecisionChoice
    from shoulderseg.refine.voting import Rule
    from shoulderseg.workflows.segmentation.settings import Settings

Voters = Literal["unets", "all"]


@dataclass(frozen=True)
class Options:
    """How a bundle is used; the defaults are those of `shoulderseg predict`.

    Attributes:
        device: cuda, mps or cpu; auto takes the first of these that is there.
        folds: folds of the U-Nets, None for all.
        mirroring: whether the U-Nets average over mirror images.
        vote: how the voters of a bone are fused.
        voters: the three U-Nets, or all: with the AlexNet as the fourth.
        refine: whether the AlexNet decides the edges; None asks the bundle whether that helps.
        as_stored: whether volumes keep the orientation of their files.
        engine: what computes the U-Nets on a CPU: torch, openvino, or auto for the faster one that
            is there.
        precision: what they are computed in: float32, bfloat16, int8, or auto for the fastest that
            the CPU has instructions for and the bundle allows.
        crop: whether the U-Nets see the surroundings of the bones alone; None asks the bundle.
        three_planes: whether volumes of many thin slices are seen in all three planes; None asks
            the bundle.
        slice_context: whether slices are corrected by their neighbours; None where the bundle can.

    Raises:
        ValueError: if a choice is none of those that there are.
    """

    device: str = "auto"
    folds: tuple[str, ...] | None = None
    mirroring: bool = True
    vote: Rule = "majority"
    voters: Voters = "unets"
    refine: bool | None = None
    as_stored: bool = False
    engine: EngineChoice = "auto"
    precision: PrecisionChoice = "auto"
    crop: bool | None = None
    three_planes: bool | None = None
    slice_context: bool | None = None

    def __post_init__(self) -> None:
        """Checks the choices before anything is loaded."""
        from shoulderseg.nnunet_ext.engines.choice import EngineChoice, PrecisionChoice
        from shoulderseg.refine.voting import Rule

        _check_choice("vote", self.vote, get_args(Rule))
        _check_choice("voters", self.voters, get_args(Voters))
        _check_choice("mirroring", self.mirroring, (True, False))
        _check_choice("refine", self.refine, (True, False, None))
        _check_choice("as_stored", self.as_stored, (True, False))
        _check_choice("crop", self.crop, (True, False, None))
        _check_choice("three_planes", self.three_planes, (True, False, None))
        _check_choice("slice_context", self.slice_context, (True, False, None))
        _check_choice("engine", self.engine, get_args(EngineChoice))
        _check_choice("precision", self.precision, get_args(PrecisionChoice))


def folds_of(folds: Sequence[str] | Sequence[int] | None) -> tuple[str, ...] | None:
    """Folds as bundles name them: "0", not 0; None for all.

    Args:
        folds: as the user gave them; None or none at all for all.

    Raises:
        ValueError: if it is one text, in which each letter would be a fold.
    """
    if isinstance(folds, str):
        msg = f'folds is {folds!r}, expected several, such as ["0", "1"]'
        raise ValueError(msg)
    return tuple(str(fold) for fold in folds) if folds else None


def settings_of(options: Options) -> Settings:
    """What the segmentation of a case goes by.

    Args:
        options: as the user chose them.

    Raises:
        ValueError: if there is no such device.
    """
    from shoulderseg.workflows.device import resolve_device

    return settings_on(options, resolve_device(options.device))


def settings_on(options: Options, device: str) -> Settings:
    """What the segmentation of a case goes by on a device.

    Args:
        options: as the user chose them.
        device: its name.
    """
    from shoulderseg.workflows.segmentation.settings import Settings

    return Settings(
        device=device,
        folds=list(options.folds) if options.folds else None,
        mirroring=options.mirroring,
        vote=options.vote,
        refine=options.refine,
        all_voters=options.voters == "all",
        as_stored=options.as_stored,
        engine=options.engine,
        precision=options.precision,
        crop=options.crop,
        three_planes=options.three_planes,
        slice_context=options.slice_context,
    )


def _check_choice(name: str, chosen: object, known: Sequence[object]) -> None:
    # By identity too, since 1 == True.
    if not any(chosen == choice and type(chosen) is type(choice) for choice in known):
        msg = f"{name} is {chosen!r}, expected one of {', '.join(map(repr, known))}"
        raise ValueError(msg)
