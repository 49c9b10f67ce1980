"""Rows of an account workbook: validate and store them.

Nobody's password stands in a sheet. What an account may is granted only by whoever may grant: for everybody else the
roles of the sheet are asked for, and the account is switched off until they have been granted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from flask import current_app
from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import force_locale, gettext, lazy_gettext
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from portal.accounts import passwords
from portal.accounts.account_pages import PLACE_LABELS, PLACES, checked, may_grant, moves_place, save_account, spelled
from portal.core.fields import Field, Kind, Label, OneName, Text
from portal.core.fields.cell_checks import Entry, entry_of_names
from portal.core.fields.choices import word
from portal.core.punctuation import labelled, listed
from portal.core.spreadsheet.columns import template_version
from portal.core.spreadsheet.exporter.template import table_template
from portal.core.spreadsheet.importer.verdict import CHANGED, NEW, UNCHANGED, Rejected
from portal.core.spreadsheet.reader.cell_references import number_of_nobody
from portal.core.spreadsheet.reader.flat_tables import flat_table, parts_of
from portal.core.spreadsheet.reader.headings import plain
from portal.core.spreadsheet.reader.workbook import Sheet, Unreadable
from portal.extensions import db
from portal.org.account_profiles import AccountProfile
from portal.permissions import effective_rights, roles, separation_of_duties
from portal.permissions.grant_log import tell_account, tell_roles

LABELS: dict[str, Label] = {
    "username": lazy_gettext("Account"),
    "name": lazy_gettext("Name of the person"),
    "roles": lazy_gettext("Roles"),
    **PLACE_LABELS,
}
NAME = "accounts"
REQUIRED = ("username", "name", "roles")
WORDS = {
    "username": ("账号", "帐号", "账户", "用户名", "登录名"),
    "name": ("姓名", "使用人", "人员姓名"),
    "roles": ("角色", "账号角色"),
    "unit_id": ("单位", "所在单位", "单位名称"),
    "org_id": ("党组织", "所在党组织", "党支部"),
    "area_id": ("地区", "所在地区", "街镇", "社区"),
}
# What offices call the roles besides their labels; each matched whole.
ROLE_WORDS = {
    "sys_admin": ("系统管理人员",),
    "sec_admin": ("安全保密管理员", "安全管理人员"),
    "audit_admin": ("安全审计员", "审计员"),
    "gw_reviewer": ("工委业务科室", "工委审核员", "工委审核人", "工委业务处室"),
    "unit_filler": ("单位填报员", "单位填报人", "单位填报人员", "单位录入员", "单位经办人", "填报员", "填报人"),
    "unit_reviewer": ("单位审核员", "单位审核人", "单位审核人员", "单位复核人"),
    "branch_filler": ("支部填报员", "支部填报人", "党支部填报员", "党支部填报人", "支部录入员"),
    "town_user": ("街镇联络员", "街镇联系人", "街道联络员", "乡镇联络员", "镇街联络员"),
    "community_user": ("社区联络员", "社区联系人", "社区（村）联络员"),
}


@dataclass
class Table:
    """The accounts of a sheet: texts by field of every row that holds any, and the columns that are not taken."""

    sheet: str
    rows: list[tuple[int, dict[str, str]]]
    left_out: list[str]
    other_sheets: list[str]
    # What is said of the template that the workbook was made from.
    template: str


@dataclass
class Judged:
    """What becomes of a row, and everything that storing it needs."""

    result: str
    user: Any
    profile: AccountProfile
    typed: dict[str, str]
    place: dict[str, int | None]
    codes: list[str]


def vocabulary() -> dict[str, str]:
    """The field by the plain words of a heading, in every language."""
    found = {plain(word): name for name, words in WORDS.items() for word in words}
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            found |= {plain(str(label)): name for name, label in LABELS.items()}
    return found


def table_of(sheets: Sequence[Sheet]) -> Table:
    """The first table with a column of accounts that everybody sees. Raises Unreadable."""
    template_version.refuse_others(NAME, lazy_gettext("Accounts"), sheets)
    words = vocabulary()
    sheets = [sheet for sheet in sheets if not template_version.own_lists(sheet)]
    for sheet in [sheet for sheet in sheets if not sheet.hidden]:
        if (found := flat_table(sheet, words, fits)) is not None:
            others = [each.name for each in sheets if each is not sheet and any(map(any, each.rows))]
            return Table(sheet.name, list(found.rows()), found.left_out(), others, older_template(sheets))
    raise Unreadable(gettext("No row with headings of accounts was found in the file."))


def fields() -> dict[str, Field]:
    """The columns of the empty sheet, with what their cells take."""
    kinds: dict[str, Kind] = {"username": Text(64, free=False), "name": OneName(), "roles": Roles(), **PLACES}
    return {name: Field(kinds[name], label, required=name in REQUIRED) for name, label in LABELS.items()}


class Roles(Kind):
    """One or several roles of an account, as a sheet names them."""

    def entry(self) -> Entry:
        codes = db.session.scalars(select(Role.name).where(Role.name.not_in(roles.HIDDEN)).order_by(Role.id))
        return entry_of_names([roles.label_of(code) for code in codes if not roles.switched_off(code)], several=True)


def template() -> IO[bytes]:
    return table_template(gettext("Accounts"), list(fields().values()), template_version.mark_of(NAME, digest()))


def digest() -> str:
    """Which columns the empty sheet has in the current language."""
    return template_version.digest_of(f"{name}={label}" for name, label in LABELS.items())


def older_template(sheets: Sequence[Sheet]) -> str:
    current = set()
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            current.add(digest())
    digests = {each for name, each in template_version.marks_in(sheets) if name == NAME}
    return str(template_version.OLDER) if digests - current else ""


def fits(columns: Sequence[str]) -> bool:
    return "username" in columns and len(set(columns) - {""}) >= 2


def role_codes(text: str) -> list[str]:
    """The roles that a cell names, by code or by label in any language. Raises Rejected."""
    there = list(db.session.scalars(select(Role.name).where(Role.name.not_in(roles.HIDDEN))))
    known = {word(each): code for code, words in ROLE_WORDS.items() if code in there for each in words}
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            known |= {word(roles.label_of(code)): code for code in there}
    known |= {word(code): code for code in there}
    codes = []
    for part in parts_of(text):
        code = known.get(word(part), "")
        if not code or roles.switched_off(code):
            raise Rejected("roles", gettext("There is no role “%(name)s”.", name=part[:60]))
        codes.append(code)
    return sorted(set(codes))


def fault_of_codes(codes: Sequence[str]) -> str:
    """What is wrong with an account that would hold these roles."""
    if set(codes) & roles.OFFICES and len(codes) > 1:
        return gettext("One of the three administrators holds no other role, so nothing was saved.")
    held = separation_of_duties.held_by(effective_rights.rights_of_roles())
    if found := separation_of_duties.clash({code: held.get(code, ()) for code in codes}):
        return gettext("These powers belong apart, so nothing was saved: %(what)s", what=listed(found))
    return ""


def judge(texts: Mapping[str, str], seen: set[str]) -> Judged:
    """What the row is and what it would change; reads only. Raises Rejected."""
    username = texts.get("username", "")
    if not username:
        raise Rejected("username", gettext("Please fill this in."))
    if username.lower() in seen:
        raise Rejected("username", gettext("This account stands in the sheet twice."))
    seen.add(username.lower())
    query = select(User, AccountProfile).outerjoin(AccountProfile, AccountProfile.user_id == User.id)
    query = query.where(func.lower(User.username) == username.lower()).options(selectinload(User.roles))
    found = db.session.execute(query).first()
    for name in PLACES:
        if why := number_of_nobody(PLACES[name], texts.get(name, "")):
            raise Rejected(name, why)
    codes = role_codes(texts.get("roles", ""))
    if found is None:
        return judge_new(texts, codes)
    return judge_known(found[0], found[1] or AccountProfile(user_id=found[0].id), texts, codes)


def judge_new(texts: Mapping[str, str], codes: list[str]) -> Judged:
    if not codes:
        raise Rejected("roles", gettext("Please fill this in."))
    if fault := fault_of_codes(codes):
        raise Rejected("roles", fault)
    user, profile = User(), AccountProfile()
    typed = {name: texts.get(name, "") for name in ("username", "name", *PLACES)}
    # The form demands a password; here nobody has one before the slips are made.
    faults, place = checked(user, profile, typed | {"password": passwords.one_time_password()}, True)
    refuse(faults)
    return Judged(NEW, user, profile, typed, place, codes)


def judge_known(user: Any, profile: AccountProfile, texts: Mapping[str, str], codes: list[str]) -> Judged:
    """Blank cells say nothing; roles of an account that is there are granted on its own page."""
    held = set(profile.asked_roles or ()) if profile.waiting else {role.name for role in user.roles}
    if codes and set(codes) != held:
        raise Rejected("roles", gettext("The roles of an account that is there are changed on its own page."))
    typed = {"username": user.username, "name": texts.get("name") or user.first_name or "", "password": ""}
    typed |= {name: texts.get(name) or str(getattr(profile, name) or "") for name in PLACES}
    same = typed["name"] == (user.first_name or "")
    faults, place = checked(user, profile, typed, False)
    if same and not faults and not moves_place(profile, place):
        return Judged(UNCHANGED, user, profile, typed, place, codes)
    refuse(faults)
    return Judged(CHANGED, user, profile, typed, place, codes)


def changes_of(judged: Judged) -> str:
    """Old and new of what a row changes in an account that is there."""
    sides = [(LABELS["name"], judged.user.first_name or "", judged.typed["name"])]
    for name, id_ in judged.place.items():
        sides.append((LABELS[name], spelled(name, getattr(judged.profile, name)), spelled(name, id_)))
    return listed(labelled(label, f"{old or '—'} → {new or '—'}") for label, old, new in sides if old != new)


def refuse(faults: Mapping[str, str]) -> None:
    for name, why in faults.items():
        raise Rejected(name, why)


def store(judged: Judged) -> None:
    """Put it into the database. New accounts are for the caller to commit."""
    if judged.result == CHANGED:
        refuse(save_account(judged.user, judged.profile, judged.typed, False))
    if judged.result == NEW:
        try:
            with db.session.begin_nested():
                make(judged)
        except IntegrityError:
            raise Rejected("username", gettext("Somebody else has made this account meanwhile.")) from None


def make(judged: Judged) -> None:
    user, profile, grants = judged.user, judged.profile, may_grant()
    user.username, user.email = judged.typed["username"], f"{judged.typed['username']}@portal.invalid"
    user.first_name, user.last_name, user.password = judged.typed["name"], "", passwords.none()
    user.active, user.roles = grants, granted(judged.codes) if grants else []
    db.session.add(user)
    db.session.flush()
    profile.user_id, profile.waiting = user.id, not grants
    profile.asked_roles = None if grants else judged.codes
    for name, id_ in judged.place.items():
        setattr(profile, name, id_)
    db.session.add(profile)
    places = [(PLACE_LABELS[name], "", spelled(name, id_)) for name, id_ in judged.place.items()]
    tell_account(user, places, password=False, off=False)
    if grants:
        tell_roles(user, (), set(judged.codes), active=(False, True))


def granted(codes: Sequence[str]) -> list[Any]:
    return list(db.session.scalars(select(Role).where(Role.name.in_(codes))))


def exported() -> Iterator[list[str]]:
    """Every account as a row of the sheet that can be brought again."""
    query = select(User, AccountProfile).outerjoin(AccountProfile, AccountProfile.user_id == User.id)
    for user, profile in db.session.execute(query.options(selectinload(User.roles)).order_by(User.username)):
        codes = sorted(role.name for role in user.roles)
        if profile is not None and profile.waiting:
            codes = sorted(profile.asked_roles or codes)
        places = [spelled_in(profile, name) for name in PLACES]
        yield [user.username, user.first_name or "", "、".join(map(roles.label_of, codes)), *places]


def spelled_in(profile: AccountProfile | None, name: str) -> str:
    found = getattr(profile, name.removesuffix("_id")) if profile is not None else None
    return str(found or "")


__all__ = [
    "LABELS",
    "Judged",
    "Rejected",
    "Table",
    "changes_of",
    "exported",
    "granted",
    "judge",
    "store",
    "table_of",
    "template",
]
