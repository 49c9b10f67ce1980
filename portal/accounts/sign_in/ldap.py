"""Signing in with the password of the office's LDAP directory, on a page beside the sign-in page (`docs/commands.md`,
`PORTAL_LDAP_*`).

Which password is meant is said by whoever types it, so none is ever sent to the other side, and whoever has one here
gets in while the directory is away. Wrong ones count like those of the portal.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Flask, abort, current_app
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import gettext

from config import BadSetting
from portal.accounts.sign_in import completion, external_identity, identities, pages
from portal.core.fields import clean
from portal.database import let_go

log = logging.getLogger(__name__)
SCRIPT = Path(__file__).with_name("ldap_question.py")
# Seconds that the directory has for each answer, and for all of them together: a thread waits for it.
ANSWER, LONGEST = 3, 5
# Seconds in which it is not asked again once it was away, or all threads could wait for it.
PAUSE = 10
# Seconds that a refusal takes at least, or its time would tell for which names there is a password to compare.
LEAST = 0.5
MOST = 1000  # characters of a name and a password
LIBRARY = "ldap"


class Away(Exception):
    """The directory cannot be reached."""


class Unclear(Exception):
    """It answered something that says nothing of a name and a password."""


class LdapView(BaseView):
    route_base = "/login/ldap"
    default_view = "login"

    @expose("/", methods=["GET", "POST"])
    def login(self) -> ResponseReturnValue:
        if not current_app.config["LDAP_URL"]:
            abort(404)
        return pages.by_password(self.refused, elsewhere=True)

    def refused(self, username: str, password: str) -> str:
        """Sign in, or say why not: the same for a name that is nobody's there."""
        name = " ".join(clean(username).split())
        if why := pages.shut(name) or pages.locked(name):
            return why
        until = time.monotonic() + LEAST
        try:
            person = ask(name, password)
        except (Away, Unclear) as fault:
            return failed(fault)
        if person is None:
            time.sleep(max(0.0, until - time.monotonic()))
            return pages.failed(name, gettext("The account or the password is wrong."))
        if why := pages.locked(name):  # by others who guessed meanwhile
            return why
        return self.enter(name, person)

    def enter(self, name: str, person: dict[str, str]) -> str:
        identity = identities.digest_of("ldap", current_app.config["LDAP_ID"].lower(), person["id"])
        told = external_identity.Vouched(name, identity, person["called"], current_app.config["LDAP_CREATE"])
        user, why = external_identity.account_of(told)
        if not why:
            self.appbuilder.sm.update_user_auth_stat(user)
            completion.admit(user, old=False, way="LDAP", identity=identity)
        return why


def failed(fault: Exception) -> str:
    """In words; what exactly, the log says."""
    log.warning("signing in by LDAP failed: %s", fault)
    return external_identity.unreachable() if isinstance(fault, Away) else external_identity.untrusted()


def ask(name: str, password: str) -> dict[str, str] | None:
    """Whose name and password these are: their `id`, and how they are `called`. Nothing of the database is held
    meanwhile. Raises Away, Unclear."""
    if not name or not password or "\0" in password or len(name + password) > MOST:
        return None  # many directories let in by an empty one, as nobody
    away: dict[str, float] = current_app.extensions["portal.ldap"]
    if time.monotonic() < away["until"]:
        raise Away("it was away a moment ago")
    let_go()
    try:
        answer = answered(question() | {"name": name, "password": password})
        if "away" in answer:
            raise Away(answer["away"])
    except Away:
        away["until"] = time.monotonic() + PAUSE
        raise
    if "fault" in answer:
        raise Unclear(answer["fault"])
    return answer["person"]


def trouble() -> str:
    """Why nobody could sign in by the directory just now, for whoever set it up."""
    try:
        ask("nobody", "a password")
    except (Away, Unclear) as fault:
        return str(fault)
    return ""


def question() -> dict[str, Any]:
    names = ("url", "starttls", "ca", "base", "bind_dn", "bind_password", "filter", "attribute", "id")
    return {name: current_app.config[f"LDAP_{name.upper()}"] for name in names} | {"seconds": ANSWER}


def answered(asked: dict[str, Any]) -> dict[str, Any]:
    """What the process says that asks. Raises Away when it has to be ended."""
    try:
        done = subprocess.run(  # noqa: S603 - our own script, no shell
            [sys.executable, "-I", str(SCRIPT)],
            # Without the portal's secrets, and without what would set libldap's own options.
            env={name: os.environ[name] for name in ("LD_LIBRARY_PATH", "PATH", "SYSTEMROOT") if name in os.environ},
            input=json.dumps(asked).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise Away(f"no answer within {LONGEST} seconds") from None
    except subprocess.CalledProcessError as fault:
        raise Unclear(f"the process that asks ended with {fault.returncode}") from None
    return json.loads(done.stdout)


def install(app: Flask) -> None:
    """Raises BadSetting for what the directory cannot be asked without."""
    if not app.config["LDAP_URL"]:
        return
    if find_spec(LIBRARY) is None:
        raise BadSetting(
            "PORTAL_LDAP_URL needs python-ldap: install libldap2-dev, libsasl2-dev and gcc, then run "
            "`pip install -r requirements-ldap.txt`"
        )
    if app.config["LDAP_CA"] and not os.access(app.config["LDAP_CA"], os.R_OK):
        raise BadSetting(f"PORTAL_LDAP_CA names no file that can be read: {app.config['LDAP_CA']}")
    app.extensions["portal.ldap"] = {"until": 0.0}


__all__ = ["LdapView", "install", "trouble"]
