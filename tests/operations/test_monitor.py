"""Metrics and health checks on a port of their own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from portal.core.audit import audit_log
from portal.operations import monitor
from portal.operations.backup import MADE
from tests.conftest import settings

HERE = Path(__file__).resolve().parent.parent.parent
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.M)


def ask(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as fault:
        return fault.code, fault.read().decode()


def samples(text):
    return {(name, labels): float(value) for name, labels, value in SAMPLE.findall(text)}


@pytest.fixture
def port(app, monkeypatch):
    monkeypatch.setitem(app.config, "METRICS_HOST", "127.0.0.1")
    monkeypatch.setitem(app.config, "METRICS_PORT", 0)
    server = monitor.listen(app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.one_database
def test_metrics_count_requests_and_deeds_and_hold_nothing_personal(app, visit, port):
    canary = "王小明13912345678"
    before = samples(ask(port, "/metrics")[1])
    visitor = visit("filler01")
    visitor.look("/agreements/list/", q=canary)
    visitor.look(f"/{canary}")
    visitor.client.open("/agreements/list/", method="BREW")
    stranger = visit()
    stranger.look("/login/")
    stranger.post("/login/", username=canary, password=canary)
    _, text = ask(port, "/metrics")
    after = samples(text)

    def more(name, **labels):
        key = (name, ",".join(f'{label}="{value}"' for label, value in labels.items()))
        return after.get(key, 0) - before.get(key, 0)

    assert more("portal_requests_total", endpoint="agreements.list", method="GET", status=200) == 1
    assert more("portal_requests_total", endpoint="none", method="GET", status=404) == 1
    assert more("portal_request_duration_seconds_count", endpoint="agreements.list") >= 1
    assert more("portal_audit_events_total", action="sign_in_failed") == 1
    assert after["portal_ready", ""] == 1
    assert after["portal_trail_unsealed_events", ""] > 0
    assert ("portal_last_backup_age_seconds", "") not in after
    assert not re.search("王小明|13912345678|filler01|BREW", text)
    with app.app_context():
        audit_log.log_and_commit(MADE)
    for _ in range(2):  # it is remembered
        assert 0 <= samples(ask(port, "/metrics")[1])["portal_last_backup_age_seconds", ""] < 600


@pytest.mark.parametrize("built", ["postgresql"], indirect=True)
def test_metrics_answer_while_the_database_is_away(built, port):
    assert ask(port, "/readyz")[0] == 200
    built.lose()
    status, text = ask(port, "/metrics")
    assert status == 200
    assert samples(text)["portal_ready", ""] == 0
    assert ask(port, "/readyz")[0] == 503
    assert ask(port, "/healthz")[0] == 200
    assert ask(port, "/login/")[0] == 404


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def eventually(check, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := check():
                return found
        except (URLError, OSError):
            pass
        time.sleep(0.2)
    raise AssertionError(what)


@pytest.fixture
def served(tmp_path, portals):
    """The portal under gunicorn; its port and that of its metrics."""
    ports = free_port(), free_port()
    given = {"PORTAL_PORT": str(ports[0]), "PORTAL_METRICS_PORT": str(ports[1]), "TMPDIR": str(tmp_path)}
    environment = os.environ | settings(tmp_path / "home") | given
    portals.copy(tmp_path / "home", demo=False)
    words = ["-m", "gunicorn", "--config", "deploy/gunicorn_conf.py", "portal:create_app()"]
    process = subprocess.Popen([sys.executable, *words], cwd=HERE, env=environment)
    try:
        for port in ports:
            eventually(lambda: ask(port, "/readyz")[0] == 200, port)  # noqa: B023 - asked at once
        yield (*ports, process.pid)
    finally:
        process.terminate()
        process.wait(60)
    assert not list(tmp_path.glob("portal-metrics-*")), "what the workers counted in is left"


@pytest.mark.slow
@pytest.mark.one_database
def test_under_gunicorn_health_answers_while_all_threads_wait_and_after_a_worker_was_killed(served):
    port, apart, arbiter = served
    for _ in range(12):
        ask(port, "/login/")
    counted = 'endpoint="SignInView.login",method="GET",status="200"'
    assert samples(ask(apart, "/metrics")[1])["portal_requests_total", counted] == 12
    waiting = []
    for _ in range(2 * 8 + 4):  # more than there are threads; each sends a form and never its end
        waiting.append(socket.create_connection(("127.0.0.1", port)))
        waiting[-1].sendall(
            b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 1000\r\n\r\nusername="
        )
    for path in ("/healthz", "/readyz", "/metrics"):
        assert ask(apart, path)[0] == 200
    for each in waiting:
        each.close()
    pids = subprocess.run(["pgrep", "-P", str(arbiter)], capture_output=True, text=True, check=True).stdout.split()
    for pid in pids:  # first one, then the other
        os.kill(int(pid), signal.SIGKILL)
        eventually(lambda: ask(apart, "/readyz")[0] == 200, "nobody took over")
    assert samples(ask(apart, "/metrics")[1])["portal_requests_total", counted] == 12
