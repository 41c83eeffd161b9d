"""A set of phantoms as it is ordered, and sets that are known by a name."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.options import PhantomOptions

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.scanner.protocol import Plane, Sequence


# Finer maps do not fit into memory, coarser ones show no glenoid.
PARTIAL_VOLUMES_MM = (0.4, 5.0)


@dataclass(frozen=True)
class PhantomSet:
    """How many phantoms of which kind.

    A phantom depends on its number, the seed and the options, not on how many others there are.

    Attributes:
        options: What all phantoms should be like; `sequences` and `planes` go before theirs.
        sequences: The phantoms go round these kinds of contrast; none leaves it to `options`.
        planes: The phantoms go round these orientations; none leaves it to `options`. Of several
            sequences and planes each pair gets its turn.
        cases: How many phantoms, each a person of their own.
        test_cases: How many of them, the last ones, are kept for test.
        seed: Of everything that is drawn.
        random_contrast_share: Share of the phantoms, chosen at random, that get random intensities
            instead of a physical contrast, 0 to 1; all of them do if `options` say so.
        raised_share: Likewise, of those with a raised arm.
        coarse_share: Likewise, of those with pixels up to four times as long.
        partial_volumes_mm: Voxel length of the partial volume maps that come with the phantoms;
            None for no maps.

    Raises:
        ValueError: If a number is out of range or a name is not known.
    """

    options: PhantomOptions = field(default_factory=PhantomOptions)
    sequences: tuple[Sequence, ...] = ()
    planes: tuple[Plane, ...] = ()
    cases: int = 8
    test_cases: int = 0
    seed: int = 1
    random_contrast_share: float = 0.0
    raised_share: float = 0.0
    coarse_share: float = 0.0
    partial_volumes_mm: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.cases <= 9999:
            msg = f"cases is {self.cases}, expected 1 to 9999"
            raise ValueError(msg)
        if not 0 <= self.test_cases < self.cases:
            msg = (
                f"test_cases is {self.test_cases} of {self.cases} cases, expected 0 to "
                f"{self.cases - 1}: at least one case is for training"
            )
            raise ValueError(msg)
        if self.seed < 0:
            msg = f"seed is {self.seed}, expected 0 or more"
            raise ValueError(msg)
        for name in ("random_contrast_share", "raised_share", "coarse_share"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                msg = f"{name} is {share}, expected 0 to 1"
                raise ValueError(msg)
        finest, coarsest = PARTIAL_VOLUMES_MM
        step_mm = self.partial_volumes_mm
        if step_mm is not None and not finest <= step_mm <= coarsest:
            msg = f"partial_volumes_mm is {step_mm}, expected {finest:g} to {coarsest:g}"
            raise ValueError(msg)
        for number in range(1, 1 + len(self.sequences or (None,)) * len(self.planes or (None,))):
            case_options(self, number)


def case_name(number: int) -> str:
    """Gives the name of the phantom with a number from 1 on."""
    return f"phantom_{number:04d}"


def is_test_case(phantoms: PhantomSet, number: int) -> bool:
    """Tells whether the phantom with a number from 1 on is kept for test."""
    return number > phantoms.cases - phantoms.test_cases


def case_options(phantoms: PhantomSet, number: int) -> PhantomOptions:
    """Gives the options of the phantom with a number from 1 on.

    Raises:
        ValueError: If its sequence or plane is not known.
    """
    pairs = list(
        itertools.product(
            phantoms.sequences or (phantoms.options.sequence,),
            phantoms.planes or (phantoms.options.plane,),
        )
    )
    sequence, plane = pairs[(number - 1) % len(pairs)]
    chances = [
        np.random.default_rng(np.random.SeedSequence(phantoms.seed, spawn_key=(number, kind)))
        for kind in (1, 2, 3)
    ]
    shares = (phantoms.random_contrast_share, phantoms.raised_share, phantoms.coarse_share)
    drawn, raised, coarse = (
        bool(chance.random() < share) for chance, share in zip(chances, shares, strict=True)
    )
    options = phantoms.options
    return replace(
        options,
        sequence=sequence,
        plane=plane,
        random_contrast=options.random_contrast or drawn,
        raised=options.raised or raised,
        # As many of twice to four times as of one to twice.
        coarsened=4 ** float(chances[2].random()) if coarse else options.coarsened,
    )


def case_rng(phantoms: PhantomSet, number: int) -> np.random.Generator:
    """Gives the generator of a phantom; number 0 is for what concerns the whole set."""
    return np.random.default_rng(np.random.SeedSequence(phantoms.seed, spawn_key=(number,)))


# The paper publishes counts alone: 8 patients of about 100 slices, 5 for five-fold training and 3
# for test. The rest is our choice. So many slices mean a volume scan; the gradient echo is the
# usual one for bone. Slices of 1 mm reach over the whole joint with 100 of them, and 384 pixels of
# 0.45 mm make a field of view of 173 mm, in the middle of what shoulder protocols use.
PAPER = PhantomSet(
    PhantomOptions(
        sequence="gre", plane="isotropic", shape=(100, 384, 384), spacing_mm=(1.0, 0.45, 0.45)
    ),
    cases=8,
    test_cases=3,
)
PRESETS = {"paper": PAPER}
