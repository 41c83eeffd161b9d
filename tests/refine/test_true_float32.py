"""torch's switches of TF32, which hold for all threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import torch

from shoulderseg.refine.true_float32 import true_float32

CUDA = torch.device("cuda")


def allowed() -> tuple[bool, bool]:
    return torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32


@pytest.fixture(autouse=True, params=[(True, False), (True, True)])
def before(request: pytest.FixtureRequest) -> Iterator[tuple[bool, bool]]:
    """Some way in which they stand before anybody asks."""
    kept = allowed()
    found: tuple[bool, bool] = request.param
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = found
    yield found
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = kept


@pytest.mark.parametrize("first_leaves_first", [True, False])
def test_they_are_off_until_the_last_thread_ends(
    before: tuple[bool, bool], *, first_leaves_first: bool
) -> None:
    users = [ExitStack(), ExitStack()]
    # One thread each, in turn, so that nothing depends on time.
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        pools = [first, second]
        for pool, user in zip(pools, users, strict=True):
            pool.submit(user.enter_context, true_float32(CUDA)).result()
            assert allowed() == (False, False)
        order = [0, 1] if first_leaves_first else [1, 0]
        pools[order[0]].submit(users[order[0]].close).result()
        assert allowed() == (False, False)
        pools[order[1]].submit(users[order[1]].close).result()
    assert allowed() == before


def test_an_error_gives_them_back(before: tuple[bool, bool]) -> None:
    with pytest.raises(ZeroDivisionError), true_float32(CUDA):
        raise ZeroDivisionError
    assert allowed() == before


def test_on_a_cpu_they_are_left_alone(before: tuple[bool, bool]) -> None:
    with true_float32(torch.device("cpu")):
        assert allowed() == before
