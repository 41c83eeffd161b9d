"""Workers of a Dask cluster that are fit for a run, one task in the hands of each."""

from __future__ import annotations

import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic

from shoulderseg.workflows.cohort.duty import Duty, Given, Item
from shoulderseg.workflows.cohort.members import Member, result_of, told_of
from shoulderseg.workflows.errors import BrokenEnvironmentError, reason_of

if TYPE_CHECKING:
    from distributed import Client, Future

_LOGGER = logging.getLogger(__name__)
_PACKAGE = "shoulderseg"
# How often the scheduler is asked for its workers, and a task that another process has is tried.
_LOOK_S = 1.0


@dataclass
class Pool(Generic[Item, Given]):
    """Gives each fit worker one item at a time; an item whose worker dies goes to another.

    Each worker is asked for its version, and then examined, before it gets an item; also one that
    joins later, or is started anew after it was killed.

    Attributes:
        client: of the cluster.
        duty: what workers are asked.
        on_given: is told of each item that a worker is given, with the worker's address.
    """

    client: Client
    duty: Duty[Item, Given]
    on_given: Callable[[Item, str], None] = lambda item, address: None
    _members: dict[str, Member[Item]] = field(default_factory=dict)
    _waiting: deque[Item] = field(default_factory=deque)
    _busy: list[tuple[float, Item]] = field(default_factory=list)
    _deaths: dict[int, int] = field(default_factory=dict)
    _events: SimpleQueue[tuple[str, Future[Any]]] = field(default_factory=SimpleQueue)
    _looked: float = float("-inf")
    _lonely_since: float | None = None
    _had_good: bool = False

    def run(
        self, items: Iterable[Item]
    ) -> Generator[tuple[Item, Given | Exception] | None, None, None]:
        """Has all items done.

        Args:
            items: no two of them the same object.

        Yields:
            Each item with what came of it, or why nothing did; None now and then meanwhile.

        Raises:
            BrokenEnvironmentError: if no worker is fit, or the scheduler is lost.
        """
        self._waiting.extend(items)
        try:
            while self._waiting or self._busy or self._in_hand():
                yield from self._look()
                self._hand_out()
                yield self._settled()
        finally:
            futures = [one.future for one in self._members.values() if one.future is not None]
            # The connection may be what was lost.
            with suppress(Exception):
                self.client.cancel(futures, force=True)

    def _in_hand(self) -> bool:
        return any(one.item is not None for one in self._members.values())

    def _look(self) -> Iterator[tuple[Item, Exception]]:
        """Finds out which workers have come and gone, and gives what fails with the latter."""
        now = time.monotonic()
        if now < self._looked + _LOOK_S:
            return
        self._looked = now
        found = told_of(self.client)
        for address, member in list(self._members.items()):
            if address not in found or found[address].life != member.life:
                del self._members[address]
                yield from self._buried(member)
        for address, member in found.items():
            if address not in self._members:
                self._members[address] = member
                self._ask(address, version, _PACKAGE)
        due = [item for at, item in self._busy if at <= now]
        self._busy = [(at, item) for at, item in self._busy if at > now]
        self._waiting.extend(due)
        self._check_some(now)

    def _buried(self, member: Member[Item]) -> Iterator[tuple[Item, Exception]]:
        """Puts the item of a worker that has gone back, unless too many have gone with it."""
        from dask import config

        if member.future is not None:
            self.client.cancel([member.future], force=True)
        if member.item is None:
            return
        deaths = self._deaths[id(member.item)] = self._deaths.get(id(member.item), 0) + 1
        if deaths <= config.get("distributed.scheduler.allowed-failures"):
            # Others first, so that a bad one does not take one worker after the other from them.
            self._waiting.append(member.item)
            return
        msg = (
            f"each of the {deaths} workers that took it has died or was lost, as for lack of "
            "memory; try it alone, without a cluster"
        )
        yield member.item, BrokenEnvironmentError(msg)

    def _check_some(self, now: float) -> None:
        """Sees that somebody works, or may soon.

        Raises:
            BrokenEnvironmentError: if nobody does.
        """
        if any(not member.refused for member in self._members.values()):
            self._lonely_since = None
            return
        if self._lonely_since is None:
            self._lonely_since = now
        refused = [f"{where}: {one.refused}" for where, one in self._members.items()]
        waited = now - self._lonely_since
        if (refused and not self._had_good) or waited > self.duty.patience_s:
            msg = f"none of the {len(refused)} workers can be used: {'; '.join(refused)}"
            if not refused:
                msg = f"the cluster has had no worker for {waited:.0f} s; start some"
            msg += ". What is done is kept; the same command goes on"
            raise BrokenEnvironmentError(msg)

    def _hand_out(self) -> None:
        for address, member in self._members.items():
            if member.good and member.future is None and self._waiting:
                member.item = self._waiting.popleft()
                self._ask(address, self.duty.work, member.item)
                self.on_given(member.item, address)

    def _ask(self, address: str, task: Callable[..., Any], *arguments: object) -> None:
        member = self._members[address]
        future = self.client.submit(
            task,
            *arguments,
            # Shown to all who look at the cluster, so it names no case.
            key=f"{_PACKAGE}-{self.duty.name}-{uuid.uuid4().hex}",
            workers=[address],
            allow_other_workers=False,
            resources={"GPU": 1} if member.gpu else None,
        )
        member.future = future
        future.add_done_callback(partial(self._note, address))

    def _note(self, address: str, future: Future[Any]) -> None:
        self._events.put((address, future))

    def _settled(self) -> tuple[Item, Given | Exception] | None:
        """Waits a while for an answer, and gives the item that it is about."""
        try:
            address, future = self._events.get(timeout=_LOOK_S)
        except Empty:
            return None
        member = self._members.get(address)
        if member is None or member.future is None or member.future.key != future.key:
            return None
        item, member.item, member.future = member.item, None, None
        if item is None:
            self._judge(address, member, result_of(future))
            return None
        if member.proven and future.status == "finished":
            # It need not wait until the answer is here, which is hardly that it is no longer fit.
            self._hand_out()
        return self._sort(address, member, item, result_of(future))

    def _judge(self, address: str, member: Member[Item], answer: Any) -> None:  # noqa: ANN401
        """Takes an answer of a worker that is not known to be fit yet."""
        own = version(_PACKAGE)
        if answer is None:
            # Asked anew.
            del self._members[address]
        elif isinstance(answer, Exception):
            said = reason_of(answer)
            self._refuse(address, member, f"it has no {_PACKAGE} {own} that works: {said}")
        elif not member.same_version:
            member.same_version = answer == own
            if member.same_version:
                self._ask(address, self.duty.examine)
            else:
                why = f"it has {_PACKAGE} {answer}, the run has {own}"
                self._refuse(address, member, why)
        elif answer:
            self._refuse(address, member, str(answer))
        else:
            member.good = self._had_good = True

    def _refuse(self, address: str, member: Member[Item], reason: str) -> None:
        member.good, member.refused = False, reason
        _LOGGER.warning("worker %s is refused: %s", address, reason)
        self._looked = float("-inf")

    def _sort(
        self,
        address: str,
        member: Member[Item],
        item: Item,
        answer: Given | Exception | None,
    ) -> tuple[Item, Given | Exception] | None:
        """Gives the item with its answer, unless somebody has to try it again."""
        if answer is None:
            self._waiting.append(item)
            return None
        if isinstance(answer, Exception):
            return item, answer
        if answer.unfit:
            self._refuse(address, member, answer.unfit)
            self._waiting.append(item)
            return None
        if answer.busy:
            self._busy.append((time.monotonic() + _LOOK_S, item))
            return None
        member.proven = True
        return item, answer
