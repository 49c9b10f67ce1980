"""What must hold for beneficiaries, pairings and visits (`docs/domain` §2.3, §2.5.6)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, bindparam, func, select, update

from portal.core import clock
from portal.core.access import scope
from portal.core.access.cached_lookups import remembered
from portal.core.access.masked_input import LOOKING_UP
from portal.core.audit import probe_limit
from portal.core.declaration.values import Problem, Values, asked_of_people
from portal.core.declaration.workflow import IN_FORCE
from portal.core.fields import PersonalMoney, mask_name, name_key
from portal.core.fields.base import BRINGING
from portal.extensions import db
from portal.ledgers.assistance.model import Beneficiary, Pairing, Visit
from portal.org.encrypted import Sealed, vault
from portal.org.models import Area, Member, PartyOrg

RESIDENT = "1"  # C13: residents in difficulty
BY_PHONE = "6"  # C18: a call is no visit
TRANSFERRED = "6"  # C16: the helper was transferred
GONE = ("voided", "archived")
LEFT = (*GONE, "terminated")
PASSING = ("draft", "pending_unit", "returned", "voided")
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is taken for another
MOST_HELPERS, MOST_HOUSEHOLDS, MOST_A_DAY = 2, 5, 8
HANDED_IN = ("submit", "approve")


def same_person(name: str, community_id: int | None, phone: str) -> str:
    """A keyed hash that two records of one person have in common (`docs/domain` §2.3.1)."""
    return vault().digest(f"{name_key(name)}|{community_id}|{phone}")


def revealed(value: Any) -> str:
    return value.reveal() if isinstance(value, Sealed) else ""


def hash_of(values: Any) -> str | None:
    name, phone = revealed(values.name_enc), revealed(values.phone_enc)
    return same_person(name, values.community_id, phone) if name and phone else None


def one_record(values: Values) -> Iterator[Problem]:
    """One record a person and community, as far as the unit can see.

    That somebody is on the list already tells that the phone number is right, which is masked. So this is asked last,
    and of those who may not see the number only a few times an hour, each of which is written down.
    """
    key = hash_of(values)
    if key is None or scope.current_verb() == "check":  # it is still being filled in
        return
    alike = [person for person in namesakes(values) if person.dedupe_hash]
    hidden = [each for each in alike if not scope.current().covers_row("reveal", "beneficiaries", each)]
    retyped = values.record is None or values.phone_enc is not values.record.phone_enc
    if hidden and (retyped or values.dedupe_hash != key):
        if probe_limit.spent(key):
            text = gettext("Too many numbers were tried for people of this name; please ask the committee's office.")
            yield Problem("phone_enc", text)
            return
        if values.dedupe_hash != key:
            probe_limit.note(key, hidden[0], "phone_enc")
    for other in alike:
        if other.dedupe_hash == key and other.id not in values.itself:
            text = gettext("This person is already on the list: %(number)s", number=other.beneficiary_no)
            yield Problem("name_enc", text)
            return


def namesakes(values: Values) -> Sequence[Beneficiary]:
    """People of this name and community that the user sees. A sheet is compared with the very record that it is about,
    too: its preview says whether that would change."""
    itself = values.record.id if values.record is not None and scope.current_verb() in BRINGING else 0
    listed = Beneficiary.status.not_in(LEFT) & Beneficiary.id.not_in(values.itself)
    # Names are compared by their digests, which all ways of writing one have in common.
    people = select(Beneficiary).where(
        Beneficiary.community_id == values.community_id,
        Beneficiary.name_enc == values.name_enc,
        listed | (Beneficiary.id == itself),
    )
    return db.session.scalars(people.order_by(Beneficiary.id)).all()


@asked_of_people
def perhaps_the_same(values: Values) -> Iterator[Problem]:
    """Without a telephone on either side, somebody of the same name and community may be the same person; different
    addresses tell them apart. Asked of whoever may look people up by their whole name."""
    if not revealed(values.name_enc):
        return
    phone = revealed(values.phone_enc)
    for other in namesakes(values):
        numbered = phone and revealed(other.phone_enc)
        if other.id in values.itself or numbered or not may_look_up(other) or lives_elsewhere(values, other):
            continue
        text = gettext("Somebody of this name and community is on the list already: %(other)s", other=other)
        yield Problem("name_enc", text, twin=other)


def lives_elsewhere(values: Values, other: Beneficiary) -> bool:
    """Do different addresses tell two apart? Of those who may not see the other one only few are compared, as numbers
    are (`one_record`), and none before a save."""
    here, there = name_key(revealed(values.address_enc)), name_key(revealed(other.address_enc))
    if not here or not there:
        return False
    retyped = values.record is None or values.address_enc is not values.record.address_enc
    if retyped and not scope.current().covers_row("reveal", "beneficiaries", other):
        if scope.current_verb() == "check":  # it is still being filled in: nothing is said
            return True
        guess = vault().digest(f"address|{name_key(revealed(values.name_enc))}|{values.community_id}|{here}")
        if probe_limit.spent(guess):
            return False
        probe_limit.note(guess, other, "address_enc")
    return here != there


def may_look_up(person: Beneficiary) -> bool:
    """As finding somebody by their name is allowed (`model.named_person`)."""
    covers = scope.current().covers_row
    return any(covers(verb, "beneficiaries", person) for verb in LOOKING_UP)


def needed(values: Values) -> Iterator[str]:
    if values.target_type == RESIDENT:
        yield "hardship_types"


def circumstances(values: Values) -> Iterator[Problem]:
    if values.consent_status and values.consent_on is None:
        yield Problem("consent_on", gettext("Please say when consent was given."), warning=True)
    other = select(Beneficiary.community_id).where(Beneficiary.id == values.same_household_id)
    if values.same_household_id and db.session.scalar(other) != values.community_id:
        text = gettext("The household would lie in two communities.")
        yield Problem("same_household_id", text, warning=True)


def register(person: Beneficiary) -> None:
    """Number, household, town, and what the record is called where its name is not shown."""
    if not person.beneficiary_no:
        person.beneficiary_no = "B-" + "".join(secrets.choice(LETTERS) for _ in range(5))
    person.town_id = remembered(("town", person.community_id), lambda: town_of(person.community_id))
    person.dedupe_hash = hash_of(person)
    name = revealed(person.name_enc)
    person.called = f"{mask_name(name)} {person.beneficiary_no}" if name else person.beneficiary_no
    person.household_no = household_of(person)
    if person.status == IN_FORCE or scope.current_verb() == "adopt":
        share_household(person)


def town_of(community_id: int | None) -> int | None:
    return db.session.scalar(select(Area.parent_id).where(Area.id == community_id))


def household_of(person: Beneficiary) -> str:
    """That of whom the person lives with, else a number of its own."""
    own = select(Beneficiary.household_no).where(Beneficiary.id == person.same_household_id)
    found = db.session.scalar(own) if person.same_household_id else person.household_no
    return found or f"H{secrets.randbelow(10**10):010}"


def share_household(person: Beneficiary) -> None:
    """Who comes onto the list, and whoever lives with them, get the number that the same person has on another unit's.
    Not before: drafts come and go unseen, and their figures would tell whom other units help."""
    if person.dedupe_hash and person.same_household_id is None:
        with scope.unscoped("a household counts once, whichever unit helps it; nothing of it is shown"):
            same = select(Beneficiary.household_no).where(Beneficiary.dedupe_hash == person.dedupe_hash)
            known = same.where(Beneficiary.status.not_in(PASSING), Beneficiary.id != (person.id or 0))
            person.household_no = db.session.scalar(known.order_by(Beneficiary.id).limit(1)) or person.household_no
    if person.id is None:  # nobody can have said yet that they live with them
        return
    # Past the versions and days of the others, which would tell.
    others = update(Beneficiary).where(Beneficiary.same_household_id == person.id)
    kept = {"updated_at": Beneficiary.updated_at, "household_no": person.household_no}
    db.session.execute(others.values(kept), execution_options={"synchronize_session": "fetch"})


def consented(person: Beneficiary) -> bool:
    """Everybody has been told; who is kept with hardships has agreed, or the guardian for them."""
    if person.age_band == "0":
        return person.consent_status == "guardian"
    if person.hardship_types:
        return person.consent_status in ("agreed", "guardian")
    return person.consent_status is not None


def pairing_rules(values: Values) -> Iterator[Problem]:
    if not values.helper_member_id and values.helper_org_id is None:
        yield Problem("helper_member_id", gettext("Please name the helper or the helping branch."), missing=True)
    if values.end_on and values.start_on and values.end_on <= values.start_on:
        yield Problem("end_on", gettext("The end must lie after the beginning."))
    person = found(values.beneficiary_id)
    if person is None:
        return
    if not consented(person) and person.source != "import":
        text = gettext("This person has not been told or has not agreed yet; their record says so.")
        yield Problem("beneficiary_id", text, warning=scope.current_verb() not in HANDED_IN)
    if person.status in LEFT and values.amends_id is None and scope.current_verb() in HANDED_IN:
        yield Problem("beneficiary_id", gettext("This person has left the list."))
    yield from paired_already(values)
    yield from many_pairings(values)


# Built once, since each row of a sheet asks.
BY_ID = select(Beneficiary).where(Beneficiary.id == bindparam("id"))


def found(beneficiary_id: int | None) -> Any:
    return db.session.scalars(BY_ID, {"id": beneficiary_id}).first() if beneficiary_id is not None else None


def others_running(values: Values) -> tuple[ColumnElement[bool], ColumnElement[bool]] | None:
    """(pairings at the same time, those by the same helper); what has run out or runs at another time is in nobody's
    way, nor is a draft that does not say yet who helps."""
    today, helper = clock.today(), values.helper_member_id
    if (values.end_on and values.end_on < today) or (not helper and values.helper_org_id is None):
        return None
    running = Pairing.status.in_(("active", "pending_unit")) & Pairing.id.not_in(values.itself)
    running &= Pairing.end_on.is_(None) | (Pairing.end_on >= max(values.start_on or today, today))
    if values.end_on:
        running &= Pairing.start_on.is_(None) | (Pairing.start_on <= values.end_on)
    if helper:
        mine = Pairing.helper_member_id == helper.id if helper.id else Pairing.helper_name == helper.name
    else:
        mine = Pairing.helper_org_id == values.helper_org_id
    return running, mine


def paired_already(values: Values) -> Iterator[Problem]:
    """One pairing of the same two at a time."""
    if others := others_running(values):
        same = select(Pairing.id).where(*others, Pairing.beneficiary_id == values.beneficiary_id)
        if db.session.scalar(same.limit(1)) is not None:
            yield Problem("beneficiary_id", gettext("The two are already paired."))


@asked_of_people
def many_pairings(values: Values) -> Iterator[Problem]:
    """Warnings beyond two helpers and five households."""
    others = others_running(values)
    if others is None:
        return
    running, mine = others
    helpers = select(func.count(Pairing.id)).where(running, Pairing.beneficiary_id == values.beneficiary_id)
    if (db.session.scalar(helpers) or 0) >= MOST_HELPERS:
        yield Problem("beneficiary_id", gettext("This person already has two helpers."), warning=True)
    households = select(func.count(Beneficiary.household_no.distinct())).join(
        Pairing, Pairing.beneficiary_id == Beneficiary.id
    )
    if values.helper_member_id and (db.session.scalar(households.where(running, mine)) or 0) >= MOST_HOUSEHOLDS:
        yield Problem("helper_member_id", gettext("This helper already has five households."), warning=True)


def of_the_pair(pairing: Pairing) -> None:
    person = found(pairing.beneficiary_id)
    pairing.called = person.called if person else None


def visited(values: Values) -> Iterator[Problem]:
    """Exactly one was visited; money is signed for."""
    targets = [name for name in ("beneficiary_id", "target_org_id", "target_name") if getattr(values, name)]
    if not targets:
        yield Problem("beneficiary_id", gettext("Please say who was visited."), missing=True)
    elif len(targets) > 1:
        yield Problem(targets[1], gettext("One visit has one target; please enter the other one on its own."))
    for n, item in enumerate(values.aid_items):
        if PersonalMoney.amount(item.amount) and not item.signed_by:
            text = gettext("Please say how it was received.")
            yield Problem("signed_by", text, table="aid_items", row=n, missing=True)


@asked_of_people
def visit_again(values: Values) -> Iterator[Problem]:
    """The same household on the same day by some of the same people: the same visit, or really two?"""
    person = found(values.beneficiary_id)
    ids = [member.id for member in values.participant_ids or ()]
    if person is None or values.visited_on is None or not ids:
        return
    today = select(Visit).join(Visit.beneficiary)
    today = today.where(Visit.visited_on == values.visited_on, Visit.status != "voided", Visit.id != (values.id or 0))
    by_them = Visit.participants.any(Member.id.in_(ids))
    same = today.where(Beneficiary.household_no == person.household_no, by_them)
    for other in db.session.scalars(same.limit(3)):
        text = gettext("The same household was visited on that day by some of the same people: %(other)s", other=other)
        yield Problem("beneficiary_id", text, twin=other)
    households = func.count(Beneficiary.household_no.distinct())
    busy = select(Member.name).select_from(Visit).join(Visit.participants).join(Visit.beneficiary)
    busy = busy.where(Visit.visited_on == values.visited_on, Visit.status != "voided", Member.id.in_(ids))
    busy = busy.group_by(Member.id, Member.name).having(households >= MOST_A_DAY)
    for name in db.session.scalars(busy):
        text = gettext("%(name)s visited more than eight households on that day.", name=name)
        yield Problem("participant_ids", text, warning=True)


def of_the_visit(visit: Visit) -> None:
    """Whom the visit went to, as lists call them; and whether a leading cadre came along."""
    visit.with_leader = any(member.is_leader for member in visit.participants)
    person = found(visit.beneficiary_id)
    if person is not None:
        visit.called = person.called
    elif visit.target_org_id is not None:
        visit.called = db.session.scalar(select(PartyOrg.short_name).where(PartyOrg.id == visit.target_org_id))
    else:
        visit.called = visit.target_name
