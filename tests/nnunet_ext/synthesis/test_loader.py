from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import torch
from batchgeneratorsv2.transforms.utils.deep_supervision_downsampling import (
    DownsampleSegForDSTransform,
)

from shoulderseg.nnunet_ext.synthesis.loader import (
    MixedLoader,
    SyntheticBatches,
    scaled_targets,
)
from shoulderseg.nnunet_ext.synthesis.synthesise import Patch
from shoulderseg.nnunet_ext.synthesis.variation import Variation

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase

PATCH = Patch((32, 48), (1.5, 1.5), ((0, 1),))
# Of what nnU-Net's own loader gives here.
RENDERED = 77.0
SCALES = [[1.0, 1.0], [0.5, 0.5], [0.25, 0.125]]


@pytest.fixture
def stream(case: ResidentCase) -> SyntheticBatches:
    return SyntheticBatches([case], PATCH, Variation(), "seed")


def rendered(asked: list[int]) -> Iterator[dict[str, Any]]:
    """Batches larger than the patch, each counted."""
    while True:
        asked.append(1)
        data = torch.full((3, 1, 40, 52), RENDERED)
        yield {"data": data, "target": [torch.ones((3, 1, 40, 52), dtype=torch.bool)]}


def test_a_step_alone_decides_its_batch(case: ResidentCase, stream: SyntheticBatches) -> None:
    images, targets = stream.batch(5, 2)
    again = SyntheticBatches([case], PATCH, Variation(), "seed").batch(5, 2)
    assert torch.equal(images, again[0])
    assert torch.equal(targets, again[1])
    assert images.shape == targets.shape == (2, 1, 32, 48)
    others = stream.batch(6, 2), SyntheticBatches([case], PATCH, Variation(), "2").batch(5, 2)
    assert not any(torch.equal(images, other) for other, _ in others)
    assert not torch.equal(images[0], images[1])


def test_going_on_gives_what_an_uninterrupted_stream_gives(stream: SyntheticBatches) -> None:
    whole, rest = (
        MixedLoader(
            stream, rendered([]), batch_size=2, rendered_share=0, scales=None, first_step=first
        )
        for first in (0, 2)
    )
    three = [next(whole)["data"] for _ in range(3)]
    assert torch.equal(three[2], next(rest)["data"])


def test_sizes_are_drawn_for_a_step_and_all_its_images_have_them(case: ResidentCase) -> None:
    stream = SyntheticBatches([case], PATCH, Variation(), "seed", (range(16, 33, 8), (24, 48)))
    shapes = []
    loader = MixedLoader(stream, rendered([]), batch_size=3, rendered_share=0.5, scales=SCALES)
    for batch in (next(loader) for _ in range(24)):
        rows, columns = batch["data"].shape[2:]
        assert batch["data"].shape == (3, 1, rows, columns)
        assert batch["target"][0].shape == batch["data"].shape
        assert batch["target"][1].shape == (3, 1, rows // 2, columns // 2)
        shapes.append((rows, columns))
    assert set(shapes) == {(rows, columns) for rows in (16, 24, 32) for columns in (24, 48)}
    # A step alone decides them, as it decides the images.
    again = MixedLoader(
        stream, rendered([]), batch_size=3, rendered_share=0, scales=None, first_step=7
    )
    assert tuple(next(again)["data"].shape[2:]) == shapes[7]


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_the_share_of_rendered_images_comes_out_over_the_batches(
    stream: SyntheticBatches, share: float
) -> None:
    asked: list[int] = []
    loader = MixedLoader(stream, rendered(asked), batch_size=4, rendered_share=share, scales=SCALES)
    batches = [next(loader) for _ in range(10)]
    assert all(batch["data"].shape == (4, 1, 32, 48) for batch in batches)
    assert [tuple(target.shape) for target in batches[0]["target"]] == [
        (4, 1, 32, 48),
        (4, 1, 16, 24),
        (4, 1, 8, 6),
    ]
    shown = sum(int((batch["data"] == RENDERED).all(dim=(1, 2, 3)).sum()) for batch in batches)
    assert shown == round(40 * share)
    # No more is asked of nnU-Net's loader than is shown.
    assert sum(asked) == -(-shown // 3)


def test_targets_are_scaled_as_nnunet_does() -> None:
    generator = torch.Generator().manual_seed(1)
    target = torch.rand((3, 1, 32, 48), generator=generator) > 0.5
    scaled = scaled_targets(target, SCALES)
    transform = DownsampleSegForDSTransform(SCALES)
    for number in range(3):
        expected = transform(segmentation=target[number])["segmentation"]
        assert all(
            torch.equal(own[number], other) for own, other in zip(scaled, expected, strict=True)
        )
    assert scaled_targets(target, None) is target


def test_synthesis_without_maps_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one partial volume map"):
        SyntheticBatches([], PATCH, Variation(), "seed")
