"""Work is spread over threads, and torch's settings come back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import torch

from shoulderseg.refine.engines.threads import run_threaded, worker_count


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_all_items_are_handled_once_by_single_threaded_workers() -> None:
    seen: list[tuple[int, int, int]] = []
    meeting = threading.Barrier(3)

    def start() -> Callable[[int], None]:
        meeting.wait()

        def handle(item: int) -> None:
            assert torch.is_inference_mode_enabled()
            seen.append((item, threading.get_ident(), torch.get_num_threads()))

        return handle

    run_threaded(start, range(50), 3)
    assert sorted(item for item, _, _ in seen) == list(range(50))
    assert {threads for _, _, threads in seen} == {1}
    assert threading.get_ident() not in {thread for _, thread, _ in seen}
    assert worker_count() == 3


@pytest.mark.parametrize(("items", "workers"), [(1, 3), (4, 1), (0, 3)])
def test_one_worker_is_the_caller(items: int, workers: int) -> None:
    seen: list[tuple[int, int]] = []

    def start() -> Callable[[int], None]:
        return lambda item: seen.append((threading.get_ident(), torch.get_num_threads()))

    run_threaded(start, range(items), workers)
    assert seen == [(threading.get_ident(), 3)] * items


def test_failure_reaches_the_caller_and_stops_the_rest() -> None:
    seen: list[int] = []
    broken: list[threading.Thread] = []
    breaking = threading.Event()

    def start() -> Callable[[int], None]:
        def handle(item: int) -> None:
            if item == 2:
                broken.append(threading.current_thread())
                breaking.set()
                msg = "broken slice"
                raise ArithmeticError(msg)
            if item > 2:
                breaking.wait()
                broken[0].join()
            seen.append(item)

        return handle

    with pytest.raises(ArithmeticError, match="broken slice"):
        run_threaded(start, range(50), 2)
    # The other worker may have begun one item before it could know.
    assert sorted(seen) in ([0, 1], [0, 1, 3])
    assert torch.get_num_threads() == 3


def test_failing_start_reaches_the_caller() -> None:
    def start() -> Callable[[int], None]:
        msg = "no room"
        raise MemoryError(msg)

    with pytest.raises(MemoryError, match="no room"):
        run_threaded(start, range(5), 2)
    assert torch.get_num_threads() == 3


def test_callers_at_the_same_time_do_not_take_each_others_settings() -> None:
    counts: list[int] = []

    def call() -> None:
        for _ in range(20):
            run_threaded(lambda: lambda item: None, range(4), worker_count())
            counts.append(torch.get_num_threads())

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert counts == [3] * 80
    late: list[int] = []
    thread = threading.Thread(target=lambda: late.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert late == [3]
