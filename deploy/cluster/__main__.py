"""`python -m deploy.cluster [COMMAND …]`: starts all machines, then the command (a shell when none is given), and ends
them with it. Needs root, and Debian's packages that README.md names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.cluster import machines, namespaces

NEEDED = ("etcd", "patroni", "haproxy", "pgbouncer", "ip", "setpriv", "unshare")
INSIDE, HOME = "CLUSTER_OF", "CLUSTER_HOME"


def main(command: list[str]) -> int:
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing or os.geteuid():
        sys.exit(f"Needs root and these programs: {', '.join(missing or NEEDED)} (deploy/cluster/README.md)")
    if INSIDE not in os.environ:
        with tempfile.TemporaryDirectory(prefix="portal-cluster-", dir=place()) as home:
            again = [*namespaces.APART, sys.executable, "-m", "deploy.cluster", *command]
            return subprocess.run(
                again, env={**os.environ, INSIDE: str(os.getpid()), HOME: home}, check=False
            ).returncode
    home_ = Path(os.environ[HOME])
    home_.chmod(0o755)
    child = os.fork()
    return ended(child) if child else inside(home_, command)


def ended(child: int) -> int:
    """Its exit code. Meanwhile, as the first process of these namespaces, we bury what lost its parent: Patroni would
    take a PostgreSQL that was killed for one that runs."""
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def inside(home_: Path, command: list[str]) -> int:
    namespaces.loopback()
    if command and command[0].endswith("pytest"):  # tests start and end what they need
        return subprocess.run([sys.executable, "-m", *command], check=False).returncode
    return by_hand(machines.Cluster(home_), command)


def by_hand(cluster: machines.Cluster, command: list[str]) -> int:
    print("Starting etcd, PostgreSQL with a standby, and two portal machines …", flush=True)
    cluster.start()
    print(f"The portal is at http://{cluster.address}:8080/, password of all demo accounts: {machines.PASSWORD}")
    print(f"Logs and settings: {cluster.home}. Try: patronictl -c {cluster.home}/db1/patroni.yml list", flush=True)
    try:
        return subprocess.run(command or [os.environ.get("SHELL", "/bin/sh")], check=False).returncode
    finally:
        cluster.end()


def place() -> str | None:
    """In memory where there is room: what a disk needs for fsync is not what is tried here."""
    memory = Path("/dev/shm")  # noqa: S108
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 4 * 2**30 else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
