"""Machines that are none: network namespaces on one bridge, whose cables can be pulled.

All of it belongs to the process that `python -m deploy.cluster` starts in namespaces of its own (network, mounts,
processes), so that the kernel ends it with that process, however it ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

PLACE = Path("/run/netns")
NETWORK, BRIDGE, HERE = "10.77.0.0/24", "bridge", 1
NEW_NETWORK = 0x40000000  # CLONE_NEWNET of setns(2)
APART = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def address(number: int) -> str:
    return f"10.77.0.{number}"


def hardware(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def loopback() -> None:
    """Also what needs no machines finds itself."""
    run("ip", "link", "set", "lo", "up")


def begin() -> None:
    """The bridge, in the namespaces that we were started in."""
    PLACE.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "none", str(PLACE))
    run("ip", "link", "add", BRIDGE, "address", hardware(HERE), "type", "bridge")
    run("ip", "link", "set", BRIDGE, "up")
    run("ip", "address", "add", f"{address(HERE)}/24", "dev", BRIDGE)


class Machine:
    """One with an address of its own."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.number, self.address = name, number, address(number)
        self.started: list[subprocess.Popen[bytes]] = []

    def begin(self) -> None:
        cable = self.cable
        run("ip", "netns", "add", self.name)
        peer = ("peer", "name", "eth0", "netns", self.name, "address", hardware(self.number))
        run("ip", "link", "add", cable, "type", "veth", *peer)
        run("ip", "link", "set", cable, "master", BRIDGE, "up")
        within = ("ip", "-n", self.name)
        run(*within, "address", "add", f"{self.address}/24", "dev", "eth0")
        run(*within, "link", "set", "eth0", "up")
        run(*within, "link", "set", "lo", "up")

    def knows(self, numbers: Sequence[int]) -> None:
        """Where the others are, for good: a machine that is gone would else be refused in a moment, by ourselves."""
        for number in numbers:
            run("ip", "-n", self.name, *neighbour(number, "eth0"))
        run("ip", *neighbour(self.number, BRIDGE))

    @property
    def cable(self) -> str:
        return f"to-{self.name}"

    def cut(self) -> None:
        """Nothing comes through any more, and nobody is told so."""
        run("ip", "link", "set", self.cable, "nomaster")

    def mend(self) -> None:
        run("ip", "link", "set", self.cable, "master", BRIDGE)

    def start(
        self, words: Sequence[str], log: Path, user: str | None = None, **settings: str
    ) -> subprocess.Popen[bytes]:
        as_user = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups") if user else ()
        with log.open("ab") as out:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, *as_user, *words],
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
            )
        self.started.append(process)
        return process

    def processes(self) -> Iterator[tuple[int, str]]:
        for pid in map(int, run("ip", "netns", "pids", self.name).split()):
            with suppress(OSError):
                yield pid, Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")

    def kill(self, *names: str) -> None:
        """At once and without a word: the programs whose command has one of these names, or all that there are."""
        for pid, command in self.processes():
            if not names or any(name in command for name in names):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        self.kill()
        for process in self.started:
            process.wait(20)

    def inside(self, work: Callable[[], Any]) -> Any:
        """What `work` answers, in a thread whose connections begin on this machine."""
        future: Future[Any] = Future()

        def moved() -> None:
            with (PLACE / self.name).open() as place:
                if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), NEW_NETWORK):
                    future.set_exception(OSError(ctypes.get_errno(), "setns"))
                    return
            try:
                future.set_result(work())
            except BaseException as fault:  # noqa: BLE001 - it is the caller's
                future.set_exception(fault)

        threading.Thread(target=moved, daemon=True).start()
        return future.result()


def neighbour(number: int, device: str) -> tuple[str, ...]:
    return ("neighbour", "replace", address(number), "lladdr", hardware(number), "nud", "permanent", "dev", device)
