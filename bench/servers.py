"""Both apps under gunicorn, served alike: started on free ports, measured in CPU time, stopped at the end."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.places import environment

SHAPE = ("-k", "gthread", "-w", "2", "--threads", "4", "--keep-alive", "75", "--log-level", "warning")
PATIENCE = 60  # seconds


@dataclass
class Server:
    """A running gunicorn."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def cpu(self) -> float:
        """Seconds that its master and workers have computed: utime + stime of /proc, but to the nanosecond."""
        master = self.process.pid
        workers = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
        return sum(time.clock_gettime(cpu_clock(pid)) for pid in (master, *map(int, workers)))

    def await_answer(self) -> None:
        ends = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > ends:
                sys.exit(f"A server does not answer; {self.log} says why.")
            time.sleep(0.1)

    def answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < 500
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def cpu_clock(pid: int) -> int:
    """Linux's clock of the CPU time of a process: what clock_getcpuclockid(3) answers."""
    return (~pid << 3) | 2


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def serving(app: str, home: Path, log: Path, settings: dict[str, str]) -> Iterator[Server]:
    """`app` of the folder `home`, answering."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", app, *SHAPE, "--bind", f"127.0.0.1:{port}"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=home, env=environment(**settings), stdout=out, stderr=out)
    server = Server(process, port, log)
    try:
        server.await_answer()
        yield server
    finally:
        server.stop()
