"""The applications as they are served in production, started on free ports, measured, stopped at the end."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.places import PEERS, PEERS_PYTHON, ROOT, environment
from bench.visitor import Visitor

PATIENCE = 120  # seconds
KEPT = "600"  # seconds that a connection is kept: others are asked meanwhile


@dataclass(frozen=True)
class Program:
    """How an application is started; its port stands for `{port}`."""

    command: tuple[str, ...]
    home: Path
    settings: Mapping[str, str]
    # A page that it answers to everybody.
    open: str = "/"


@dataclass
class Server:
    """A program that runs."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def workers(self) -> list[int]:
        return list(below(self.process.pid))

    def cpu(self) -> float:
        """Seconds that it has computed: utime + stime of /proc, but to the nanosecond."""
        return sum(time.clock_gettime(cpu_clock(pid)) for pid in (self.process.pid, *self.workers()))

    def megabytes(self) -> float:
        """What its largest worker holds in memory."""
        return max(resident(pid) for pid in self.workers() or [self.process.pid]) / 1024

    def await_answer(self, path: str) -> None:
        ends = time.monotonic() + PATIENCE
        while not self.answers(path):
            if self.process.poll() is not None or time.monotonic() > ends:
                sys.exit(f"A server does not answer; {self.log} says why.")
            time.sleep(0.02)

    def answers(self, path: str) -> bool:
        visitor = Visitor(self.port)
        try:
            return visitor.ask(path).status < 500
        except OSError:
            return False
        finally:
            visitor.close()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def below(pid: int) -> Iterator[int]:
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        yield int(child)
        yield from below(int(child))


def resident(pid: int) -> int:
    """Kilobytes of its own. Files that it maps are in the system's cache, once for all processes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")), 0)


def cpu_clock(pid: int) -> int:
    """Linux's clock of the CPU time of a process: what clock_getcpuclockid(3) answers."""
    return (~pid << 3) | 2


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def serving(program: Program, log: Path) -> Iterator[Server]:
    """Started, and answering."""
    port = free_port()
    command = [word.replace("{port}", str(port)) for word in program.command]
    settings = {name: text.replace("{port}", str(port)) for name, text in program.settings.items()}
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=program.home, env=environment(**settings), stdout=out, stderr=out)
    server = Server(process, port, log)
    try:
        server.await_answer(program.open)
        yield server
    finally:
        server.stop()


def portal(settings: Mapping[str, str]) -> Program:
    """As deploy/ ships it, and telling its statements."""
    bound = ("--bind", "127.0.0.1:{port}", "--keep-alive", KEPT, "bench.serve:app")
    return Program((sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn_conf.py", *bound), ROOT, settings)


def portal_alone(settings: Mapping[str, str]) -> Program:
    """`run.py`, which brings the database up to date first."""
    return Program((sys.executable, "run.py"), ROOT, {**settings, "PORTAL_PORT": "{port}"})


def flask_peer(name: str, database: str, first: str = "/") -> Program:
    """As many workers and threads as the portal has."""
    shape = ("-k", "gthread", "-w", "2", "--threads", "8", "--keep-alive", KEPT, "--log-level", "warning")
    command = (str(PEERS_PYTHON), "-m", "gunicorn", *shape, "--bind", "127.0.0.1:{port}", f"{name}_app:app")
    return Program(command, PEERS, {"BENCH_DATABASE": database}, first)


def asgi_peer(name: str, database: str, first: str = "/") -> Program:
    shape = ("--workers", "2", "--timeout-keep-alive", KEPT, "--no-access-log", "--log-level", "warning")
    command = (str(PEERS_PYTHON), "-m", "uvicorn", *shape, "--port", "{port}", f"{name}_app:app")
    return Program(command, PEERS, {"BENCH_DATABASE": database}, first)
