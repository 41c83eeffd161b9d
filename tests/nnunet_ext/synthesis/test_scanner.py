from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from shoulderseg.nnunet_ext.synthesis.scanner import receive, record
from shoulderseg.nnunet_ext.synthesis.variation import (
    PLAIN_VIEW,
    FieldOfViewVariation,
    ScannerVariation,
)
from shoulderseg.nnunet_ext.synthesis.view import add_foreign_shapes, arm_alone, part_of_patch

CPU = torch.device("cpu")
MM = (0.7, 0.7)
PLAIN = ScannerVariation(
    bias_share=0,
    pixel_mm=(0.2, 0.3),
    usual_share=0,
    pixel_stretch=1,
    filled_share=0,
    noise_share=0,
    gamma_share=0,
    foreign_share=0,
    statistics=0,
)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_plain_scanner_changes_nothing() -> None:
    given = torch.rand((40, 36), generator=generator(0))
    assert torch.allclose(record(given, MM, PLAIN, generator(1)), given, atol=1e-6)
    assert torch.equal(receive(given, MM, PLAIN_VIEW, PLAIN, generator(1)), given)


def test_noise_in_air_is_rician() -> None:
    noisy = replace(PLAIN, noise_share=1, noise=0.1)
    given = torch.zeros((80, 80))
    given[:40] = 1
    deviations = []
    for seed in range(20):
        image = record(given, MM, noisy, generator(seed))
        deviation = float(image[:38].std())
        if deviation > 0.01:
            # Rayleigh: mean of the deviation of each channel times sqrt(pi / 2).
            ratio = float(image[42:].mean()) / deviation
            assert ratio == pytest.approx((torch.pi / 2) ** 0.5, rel=0.1)
        deviations.append(deviation)
    assert max(deviations) < 0.12
    assert max(deviations) > 3 * min(deviations)


def test_half_of_all_images_have_the_pixels_of_usual_scanners() -> None:
    either = replace(PLAIN, pixel_mm=(2.5, 2.5), usual_share=0.5, usual_mm=(0.1, 0.2))
    checks = ((torch.arange(60)[:, None] + torch.arange(60)[None, :]) % 2).float()
    spread = [float(record(checks, MM, either, generator(seed)).std()) for seed in range(60)]
    assert 18 < sum(value > 0.4 for value in spread) < 42
    assert all(value > 0.4 or value < 0.1 for value in spread)


def test_coarse_pixels_blur() -> None:
    coarse = replace(PLAIN, pixel_mm=(2.5, 2.5))
    checks = (torch.arange(60)[:, None] + torch.arange(60)[None, :]) % 2
    seen = record(checks.float(), MM, coarse, generator(0))
    assert float(seen.std()) < 0.1
    assert float(seen.mean()) == pytest.approx(0.5, abs=0.02)


def test_a_coil_fades_away_from_one_place() -> None:
    view = replace(PLAIN_VIEW, coil_share=1, coil_reach_mm=(20, 20))
    for seed in range(5):
        seen = receive(torch.ones((50, 50)), MM, view, PLAIN, generator(seed))
        place = divmod(int(seen.argmax()), 50)
        rows, columns = ((torch.arange(50) - middle).abs() for middle in place)
        away = rows[:, None] ** 2 + columns[None, :] ** 2
        if 0 < place[0] < 49 and 0 < place[1] < 49:
            order = away.reshape(-1).argsort()
            assert (seen.reshape(-1)[order][:2000:200].diff() < 0).all()
        assert float(seen.min()) < 0.7 * float(seen.max())


def test_what_is_left_of_a_patch_is_as_large_as_told() -> None:
    found = 0
    for seed in range(60):
        seen = part_of_patch(1.0, (100, 120), MM, 40.0, generator(seed), CPU)
        if seen is None:
            continue
        found += 1
        rows, columns = torch.nonzero(seen).T
        assert (int(rows.max() - rows.min()) + 2) * MM[0] >= 40
        assert (int(columns.max() - columns.min()) + 2) * MM[1] >= 40
        assert 0 < int(seen.sum()) < 12000
    assert found > 20
    assert part_of_patch(0.0, (100, 120), MM, 40.0, generator(0), CPU) is None


def test_an_arm_alone_keeps_the_middle() -> None:
    view = replace(FieldOfViewVariation(), arm_share=1, arm_mm=(20, 30))
    for seed in range(10):
        arm = arm_alone((120, 120), MM, view, generator(seed), CPU)
        assert arm is not None
        body, rim = arm
        assert bool(body[60, 60])
        assert not bool((rim & ~body).any())
        assert 0.4 < float(body.float().mean()) < 0.95
    assert arm_alone((120, 120), MM, PLAIN_VIEW, generator(0), CPU) is None


def test_foreign_shapes_stay_away_from_the_joint() -> None:
    given = torch.rand((80, 80), generator=generator(0)) + 1
    free = torch.full((80, 80), 30.0)
    free[:, :40] = -30.0
    changed = torch.zeros((80, 80), dtype=torch.bool)
    variation = replace(PLAIN, foreign_share=1)
    for seed in range(10):
        changed |= (
            add_foreign_shapes(given, lambda: free, MM, variation, generator(seed)) - given
        ).abs() > 1e-4
    assert not changed[:, :40].any()
    assert float(changed[:, 40:].float().mean()) > 0.3
