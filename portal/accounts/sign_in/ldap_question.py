"""Asks an LDAP directory whose name and password these are, in a process of its own that `ldap.py` ends when it takes
too long: with GnuTLS, libldap waits without end for a server that falls silent during the TLS handshake, and a name
server that is away holds whoever asks, too.

Run as a script, without the portal: `python -I ldap_question.py`, the question as JSON on stdin. The answer is JSON on
stdout: `person` (none: this name and password are nobody's), or `away` or `fault` with what the log is told.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import ldap
from ldap.filter import escape_filter_chars

AWAY = (ldap.SERVER_DOWN, ldap.TIMEOUT, ldap.TIMELIMIT_EXCEEDED, ldap.BUSY, ldap.UNAVAILABLE)
CALLED = ("displayName", "cn")


def connected(asked: dict[str, Any]) -> Any:
    """Encrypted unless the settings say otherwise, by a certificate that is right. Signed in as the portal, if it has
    an account there."""
    server = ldap.initialize(asked["url"])
    server.set_option(ldap.OPT_PROTOCOL_VERSION, 3)
    server.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
    server.set_option(ldap.OPT_NETWORK_TIMEOUT, asked["seconds"])
    server.set_option(ldap.OPT_TIMEOUT, asked["seconds"])
    server.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
    if asked["ca"]:
        server.set_option(ldap.OPT_X_TLS_CACERTFILE, asked["ca"])
    server.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    if asked["starttls"]:
        server.start_tls_s()
    server.simple_bind_s(asked["bind_dn"], asked["bind_password"])
    return server


def entry_of(server: Any, asked: dict[str, Any]) -> tuple[str, dict[str, list[bytes]]] | None:
    """The only entry of this name, letter by letter: a directory also finds it by wide letters and by ligatures, and
    guesses are counted by the name that was typed."""
    called, attribute = asked["name"], asked["attribute"]
    condition = asked["filter"].replace("{}", escape_filter_chars(called))
    wanted = [attribute, asked["id"], *CALLED]
    found = server.search_ext_s(asked["base"], ldap.SCOPE_SUBTREE, condition, wanted, sizelimit=2)
    entries = [(dn, values) for dn, values in found if dn]  # the others are referrals
    if len(entries) > 1:
        raise ValueError("several entries of one name: let PORTAL_LDAP_FILTER find one only")
    names = [text_of(each).lower() for _, values in entries for each in valued(values, attribute)]
    return entries[0] if called.lower() in names else None


def valued(values: dict[str, list[bytes]], attribute: str) -> list[bytes]:
    """Attributes are named in any case, and a server answers in its own."""
    return next((found for name, found in values.items() if name.lower() == attribute.lower()), [])


def text_of(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def person(asked: dict[str, Any]) -> dict[str, str] | None:
    server = connected(asked)
    entry = entry_of(server, asked)
    if entry is None:
        return None
    dn, values = entry
    ids = valued(values, asked["id"])
    if len(ids) != 1:
        raise ValueError("an entry without exactly one PORTAL_LDAP_ID, or one that the portal may not read")
    try:
        server.simple_bind_s(dn, asked["password"])
    except AWAY:
        raise
    except ldap.LDAPError:  # wrong, locked, too old, without a password: whoever types it is told one thing
        return None
    called = next((text_of(each) for name in CALLED for each in valued(values, name)), "")
    return {"id": ids[0].hex(), "called": called}


def told(fault: Exception) -> str:
    """Without the parts of a fault in which a server may quote an entry."""
    about = fault.args[0] if fault.args and isinstance(fault.args[0], dict) else {}
    words = [str(about[name]) for name in ("desc", "info") if about.get(name)]
    return ": ".join([type(fault).__name__, *(words or ([] if about else [str(fault)]))])[:300]


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"person": person(asked)}
    except AWAY as fault:
        return {"away": told(fault)}
    except (ldap.LDAPError, ValueError) as fault:
        return {"fault": told(fault)}


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
