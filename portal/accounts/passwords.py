"""What a password must be (GB/T 22239 profile of `security.md` §1)."""

from __future__ import annotations

import secrets

from flask_babel import gettext

LEAST, MOST = 10, 128
# Without what looks alike in print.
PRINTED = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"


def password_fault(password: str, username: str) -> str:
    """What is wrong with a new password, in words; empty when nothing is."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda ch: not ch.isalnum())
    if not LEAST <= len(password) <= MOST:
        return gettext("From %(least)d to %(most)d characters, please.", least=LEAST, most=MOST)
    if sum(any(kind(ch) for ch in password) for kind in kinds) < 3:
        return gettext("At least three of: small letters, capital letters, digits, other characters.")
    if username and username.lower() in password.lower():
        return gettext("The password must not contain the account's name.")
    return ""


def one_time_password() -> str:
    """A random password to be printed and typed once: three groups of five."""
    while True:
        found = "-".join("".join(secrets.choice(PRINTED) for _ in range(5)) for _ in range(3))
        if not password_fault(found, ""):
            return found
