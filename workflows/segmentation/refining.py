"""What of a bundle is used, where neither the user nor the other settings say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoulderseg.workflows.segmentation.context import check_context

if TYPE_CHECKING:
    from shoulderseg.workflows.bundles.bundle import Bundle
    from shoulderseg.workflows.segmentation.settings import Settings


def is_refining(bundle: Bundle, settings: Settings) -> bool:
    """Whether edges will be refined: as asked for, or else where the bundle's refiner helps.

    That it helps was shown for the majority of the three U-Nets, so only for that is it a default.
    """
    if bundle.refiner is None:
        return False
    if settings.refine is not None:
        return settings.refine
    usual = settings.vote == "majority" and not settings.all_voters
    return usual and bundle.refiner.helps


def is_cropping(bundle: Bundle, settings: Settings) -> bool:
    """Whether the U-Nets see the surroundings of the bones alone: as asked for, or as they learned.

    Args:
        bundle: the models.
        settings: how they are used.
    """
    return bundle.crop if settings.crop is None else settings.crop


def has_three_planes(bundle: Bundle, settings: Settings) -> bool:
    """Whether the U-Nets see volumes of thin slices in three planes: as asked for, or as learned.

    Not where volumes stay as stored: nobody knows how slices of another plane would lie then.

    Args:
        bundle: the models.
        settings: how they are used.
    """
    asked = bundle.three_planes if settings.three_planes is None else settings.three_planes
    return asked and bundle.upright and not settings.as_stored


def check_settings(bundle: Bundle, settings: Settings) -> None:
    """Sees that a bundle has all that is asked for.

    Raises:
        ValueError: if it lacks something; says what to do.
    """
    check_refiner(bundle, settings)
    check_planes(bundle, settings)
    check_context(bundle, settings)


def check_planes(bundle: Bundle, settings: Settings) -> None:
    """Sees that three planes can be had if they are asked for.

    Raises:
        ValueError: if volumes are not turned upright.
    """
    if settings.three_planes and not has_three_planes(bundle, settings):
        why = "--as-stored" if settings.as_stored else "a bundle that is not upright"
        msg = (
            "three planes need volumes that are turned upright, so that the slices of each lie as "
            f"scanners store them, and {why} leaves them as stored; leave one of both out"
        )
        raise ValueError(msg)


def check_refiner(bundle: Bundle, settings: Settings) -> None:
    """Sees that the bundle has an edge refiner if one is asked for.

    Raises:
        ValueError: if it has none.
    """
    if bundle.refiner is not None:
        return
    wanted = "to vote" if settings.all_voters else "to refine edges" if settings.refine else ""
    if wanted:
        msg = (
            f"the bundle has no AlexNet {wanted}; make one with `shoulderseg "
            "train-refiner`, or leave the option out"
        )
        raise ValueError(msg)
