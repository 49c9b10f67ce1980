"""An object store that speaks S3: OpenStack Swift with its S3 API, all of it in one process on 127.0.0.1.

`python -m tests.swift_server DIRECTORY PORT` serves until it is stopped.
"""

# ruff: noqa: E402

from __future__ import annotations

import eventlet

eventlet.monkey_patch()  # before anything else is imported

import sys
from pathlib import Path
from typing import Any

from eventlet import wsgi
from paste.deploy import loadapp
from swift.common import utils
from swift.common.ring import RingBuilder
from swift.common.storage_policy import reload_storage_policies

SERVER = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
devices = {home}/devices
mount_check = false
swift_dir = {home}
log_address = {home}/nowhere
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
PROXY = """
[DEFAULT]
swift_dir = {home}
log_address = {home}/nowhere
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth slo proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:cache]
paste.filter_factory = tests.swift_server:caching
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
"""


class Cache:
    """What Swift asks of memcached."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def get(self, key: str, *_: Any, **__: Any) -> Any:
        return self.kept.get(key)

    def set(self, key: str, value: Any, *_: Any, **__: Any) -> None:
        self.kept[key] = value

    def incr(self, key: str, delta: int = 1, *_: Any, **__: Any) -> int:
        self.kept[key] = self.kept.get(key, 0) + delta
        return int(self.kept[key])

    def delete(self, key: str, *_: Any, **__: Any) -> None:
        self.kept.pop(key, None)


def caching(_settings: Any, **_: Any) -> Any:
    cache = Cache()

    def filter_of(app: Any) -> Any:
        def answer(environ: dict[str, Any], start: Any) -> Any:
            return app(environ | {"swift.cache": cache}, start)

        return answer

    return filter_of


def serve(home: Path, port: int) -> None:
    (home / "devices" / "sda").mkdir(parents=True, exist_ok=True)
    (home / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = tests\n")
    utils.set_swift_dir(str(home))
    reload_storage_policies()
    for kind in ("account", "container", "object"):
        door = eventlet.listen(("127.0.0.1", 0))
        here = door.getsockname()[1]
        ring = RingBuilder(2, 1, 0)
        ring.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": here, "device": "sda", "weight": 1})
        ring.rebalance()
        ring.get_ring().save(str(home / f"{kind}.ring.gz"))
        (home / f"{kind}.conf").write_text(SERVER.format(home=home, kind=kind, port=here))
        eventlet.spawn(wsgi.server, door, loadapp(f"config:{home}/{kind}.conf"), log_output=False)
    (home / "proxy.conf").write_text(PROXY.format(home=home))
    wsgi.server(eventlet.listen(("127.0.0.1", port)), loadapp(f"config:{home}/proxy.conf"), log_output=False)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
