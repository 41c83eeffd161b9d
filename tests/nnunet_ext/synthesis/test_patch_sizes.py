from __future__ import annotations

import pytest

from shoulderseg.nnunet_ext.synthesis.patch_sizes import patch_sizes


def test_without_wishes_patches_are_as_planned() -> None:
    assert patch_sizes((64, 96), (8, 16)) == ((64, 96), None)
    assert patch_sizes((64, 96), (8, 16), side=48) == ((48, 48), None)


def test_rows_and_columns_go_up_by_the_strides() -> None:
    shape, lengths = patch_sizes((64, 96), (8, 16), least=32)
    assert shape == (64, 96)
    assert lengths is not None
    assert [list(known) for known in lengths] == [[32, 40, 48, 56, 64], [32, 48, 64, 80, 96]]
    same = patch_sizes((64, 96), (8, 16), side=48, least=48)[1]
    assert same is not None
    assert [list(known) for known in same] == [[48], [48]]


@pytest.mark.parametrize(
    ("side", "least", "told"),
    [
        (40, 0, r"\(40, 40\) .* multiples of \(8, 16\), .* up to \(64, 96\)"),
        (80, 0, r"\(80, 80\)"),
        (48, 40, r"\(40, 40\) .* up to \(48, 48\)"),
        (48, 64, r"\(64, 64\) .* up to \(48, 48\)"),
    ],
)
def test_sizes_that_the_network_cannot_take_are_refused(side: int, least: int, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        patch_sizes((64, 96), (8, 16), side, least)


def test_a_deepest_layer_of_one_pixel_is_refused() -> None:
    # Instance normalisation has no variance there.
    for side, least in ((16, 0), (32, 16)):
        with pytest.raises(ValueError, match=r"\(16, 16\) .* more than \(16, 16\) itself"):
            patch_sizes((64, 96), (16, 16), side, least)
    assert patch_sizes((64, 96), (8, 16), least=16)[1] == [range(16, 65, 8), range(16, 97, 16)]
