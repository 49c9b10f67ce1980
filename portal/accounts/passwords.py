"""Password rules, by one of two profiles (`docs/domain/accounts.md`): length, no common one, none of the last ones.

GB/T 22239 demands several kinds of characters and regular changes, NIST SP 800-63B-4 forbids to demand either and
wants more characters instead."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask_babel import gettext, lazy_gettext
from sqlalchemy import delete, insert, select
from werkzeug.security import check_password_hash, generate_password_hash
from zxcvbn import zxcvbn

from portal.core import clock
from portal.core.fields import Label
from portal.extensions import db
from portal.org.account_profiles import FormerPassword, SignInRules


@dataclass(frozen=True)
class Profile:
    """`kinds` of characters out of four; `expires`: does a password grow too old?"""

    label: Label
    least: int
    kinds: int
    expires: bool
    hint: Label


MLPS, NIST = "mlps", "nist"
PROFILES: Mapping[str, Profile] = {
    MLPS: Profile(
        lazy_gettext("GB/T 22239 (graded protection)"),
        10,
        3,
        True,
        lazy_gettext("At least 10 characters of three kinds"),
    ),
    NIST: Profile(
        lazy_gettext("NIST SP 800-63B"),
        15,
        0,
        False,
        lazy_gettext("At least 15 characters of any kind, such as a sentence; spaces count, too"),
    ),
}
MOST = 128
REMEMBERED = 5
JUDGED = 72  # characters that are looked at for habits: the time grows with the square of them
SCORE = 3  # of zxcvbn: more than a hundred million guesses
# What people in Chinese offices begin with, beside the words that zxcvbn knows.
WORDS = """
admin administrator root system manager portal guanliyuan xitong mima shezhi kaishi yonghu denglu huanying nihao
woaini woaizuguo woaizhongguo zhongguo renmin fuwu weirenminfuwu dangjian dangwei dangyuan dangzhibu gongchandang
jiguan gongwei jiguangongwei jgdj jggw jgdw dwgk zhengfu bangongshi zuzhibu xuanchuanbu tongzhanbu jiwei
beijing shanghai tianjin chongqing guangzhou shenzhen huawei tengxun alibaba baidu weixin
qwer qwert asdf asdfgh zxcv zxcvbn qazwsx qazxsw 1qaz 2wsx 3edc 1qaz2wsx 1qaz@wsx 1qaz@wsx3edc 1q2w3e4r qwe123 abc123
5201314 1314520 52013 520 521 1314 888888 666666 168168 88888888 66666666 a123456 123qwe !@# !@#$ 123!@# !qaz @wsx
changeme test user guest welcome initial default office temp
zhang wang li zhao liu chen yang huang zhou wu xu sun ma zhu hu guo he lin gao luo zheng liang song tang
zhangsan lisi wangwu zhaoliu xiaoming xiaohong zhangwei wangwei wangfang liwei lina wangxiaoming
"""
HABITS = WORDS.split()
NONE = "!"  # in place of a hash
# Without what looks alike in print.
PRINTED = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"


def profile_in_force() -> str:
    return db.session.scalar(select(SignInRules.password_profile)) or MLPS


def hint() -> Label:
    """What is said at a field for a new password."""
    return PROFILES[profile_in_force()].hint


def shape_fault(password: str, profile: str) -> str:
    """What is wrong with how a password is made up."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda ch: not ch.isalnum())
    rules = PROFILES[profile]
    if not rules.least <= len(password) <= MOST:
        return gettext("From %(least)d to %(most)d characters, please.", least=rules.least, most=MOST)
    if any(unicodedata.category(ch) == "Cc" for ch in password):  # hashes ignore some of them at the end
        return gettext("A password has no control characters in it.")
    if sum(any(kind(ch) for ch in password) for kind in kinds) < rules.kinds:
        return gettext("At least three of: small letters, capital letters, digits, other characters.")
    return ""


def password_fault(password: str, username: str, profile: str = MLPS) -> str:
    """What is wrong with a new password, in words; empty when nothing is."""
    if fault := shape_fault(password, profile):
        return fault
    if username and username.lower() in password.lower():
        return gettext("The password must not contain the account's name.")
    if zxcvbn(password[:JUDGED], [*HABITS, username.lower()])["score"] < SCORE:
        return gettext("This password is among those that are tried first. Please choose one that is harder to guess.")
    return ""


def used_fault(user: Any, password: str) -> str:
    """What is wrong with a password that the account has, or had not long ago."""
    query = select(FormerPassword.password).where(FormerPassword.user_id == user.id).order_by(FormerPassword.id.desc())
    former = [user.password, *db.session.scalars(query.limit(REMEMBERED))] if user.id else []
    if any(check_password_hash(each, password) for each in former if each):
        return gettext("Please choose another password than the last %(count)d.", count=REMEMBERED)
    return ""


def new_fault(user: Any, username: str, password: str) -> str:
    """What is wrong with a password that an account is to have. `user`: nobody's former passwords count without."""
    return password_fault(password, username, profile_in_force()) or (used_fault(user, password) if user else "")


def put(user: Any, password: str) -> None:
    """The account has this password from now on, and the one before is remembered. For the caller to commit."""
    if user.id and user.password:
        mine = FormerPassword.user_id == user.id
        values = {"user_id": user.id, "password": user.password, "changed_at": clock.now()}
        db.session.execute(insert(FormerPassword).values(**values))
        kept = select(FormerPassword.id).where(mine).order_by(FormerPassword.id.desc()).limit(REMEMBERED)
        db.session.execute(delete(FormerPassword).where(mine, FormerPassword.id.not_in(kept)))
    user.password = generate_password_hash(password)


@cache
def none() -> str:
    """What an account has that has no password: a hash that no password has, and that takes as long to compare as any,
    or a wrong guess would tell which accounts these are."""
    return generate_password_hash(secrets.token_hex()).rpartition("$")[0] + f"${NONE}"


def has_none(user: Any) -> bool:
    return (user.password or NONE).rpartition("$")[2] == NONE


def one_time_password(groups: int = 3) -> str:
    """A random password to be printed and typed once, in groups of five."""
    while True:
        found = "-".join("".join(secrets.choice(PRINTED) for _ in range(5)) for _ in range(groups))
        if not any(shape_fault(found, profile) for profile in PROFILES):
            return found


def one_time_halves() -> tuple[str, str]:
    """A one-time password for two people, neither of whom guesses the half of the other."""
    groups = one_time_password(4).split("-")
    return "-".join(groups[:2]), "-".join(["", *groups[2:]])
