"""Machines that are network namespaces of this one, joined by a bridge; Linux and root alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_PREFIX = "shoulderseg-"
# Seen in these namespaces alone.
_NET = "10.77.0"


class NoNamespacesError(Exception):
    """Raised where there can be none, with the reason."""


@dataclass(frozen=True)
class Network:
    """Machines by their names, each with a cable to the bridge.

    Attributes:
        machines: names, in the order of their addresses.
        logs: folder for what processes print.
    """

    machines: Sequence[str]
    logs: Path
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def address(self, machine: str) -> str:
        """The address of a machine."""
        return f"{_NET}.{1 + self.machines.index(machine)}"

    def start(
        self, machine: str, words: Sequence[str | Path], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Starts a process on a machine; it ends with the network.

        Args:
            machine: where.
            words: the command.
            environment: all its variables.
        """
        with (self.logs / f"{machine}.txt").open("ab") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", _namespace(machine), *words],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                # With all that it starts, it is ended as one.
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def plug(self, machine: str, *, into: bool) -> None:
        """Pulls a machine's cable, or puts it in again.

        Args:
            machine: whose.
            into: whether it is put in.
        """
        number = self.machines.index(machine)
        state = "up" if into else "down"
        _ip("-n", _namespace("bridge"), "link", "set", f"port{number}", state)

    def end_processes(self) -> None:
        """Ends all that was started, whatever it is at."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def network_of(machines: Sequence[str], logs: Path) -> Iterator[Network]:
    """Makes machines and a bridge, and removes them when the block ends.

    Args:
        machines: names of letters and digits.
        logs: folder for what processes print.

    Raises:
        NoNamespacesError: if this system cannot have them, or the user may not make them.
    """
    _check()
    network = Network(machines, logs)
    with ExitStack() as held:
        for name in ("bridge", *machines):
            _ip("netns", "add", _namespace(name))
            held.callback(_remove, _namespace(name))
        held.callback(network.end_processes)
        bridge = _namespace("bridge")
        _ip("-n", bridge, "link", "add", "joint", "type", "bridge")
        _ip("-n", bridge, "link", "set", "joint", "up")
        for number, name in enumerate(machines):
            own, port = _namespace(name), f"port{number}"
            peer = ("type", "veth", "peer", "name", "cable", "netns", own)
            _ip("-n", bridge, "link", "add", port, *peer)
            _ip("-n", bridge, "link", "set", port, "master", "joint", "up")
            _ip("-n", own, "address", "add", f"{network.address(name)}/24", "dev", "cable")
            _ip("-n", own, "link", "set", "cable", "up")
            _ip("-n", own, "link", "set", "lo", "up")
        yield network


def namespaces_left() -> list[str]:
    """Namespaces of this process that are still there."""
    told = _ip("netns", "list").splitlines()
    return [line.split()[0] for line in told if line.startswith(_namespace(""))]


def _namespace(machine: str) -> str:
    return f"{_PREFIX}{os.getpid()}-{machine}"


def _check() -> None:
    if sys.platform != "linux":
        msg = "network namespaces are Linux's"
    elif os.geteuid() != 0:
        msg = "only root may make network namespaces"
    elif shutil.which("ip") is None:
        msg = "there is no command ip; it is in the package iproute2"
    else:
        return
    raise NoNamespacesError(msg)


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"ip {' '.join(words)}: {done.stderr.strip()}"
        raise NoNamespacesError(msg)
    return done.stdout


def _remove(namespace: str) -> None:
    subprocess.run(["ip", "netns", "delete", namespace], capture_output=True, check=False)
