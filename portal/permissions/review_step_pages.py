"""How many review steps each type of record takes, and which units are exempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_appbuilder.security.sqla.models import User
from flask_babel import force_locale, gettext, lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.declaration.workflow import STEPS
from portal.core.fields import BadValue, Field, Label, Text, natural, unit_link
from portal.core.fields.links import PAGE
from portal.core.punctuation import PAPER, labelled, listed
from portal.core.transactions import ledger_lock
from portal.extensions import db
from portal.org.review_steps import ReviewExemption, ReviewTier

UNIT, REASON = unit_link(), Field(Text(200, least=5), lazy_gettext("Reason"))
TIERS = {
    1: lazy_gettext("1 step: in force when submitted"),
    2: lazy_gettext("2 steps: the unit reviews"),
    3: lazy_gettext("3 steps: the unit reviews, then the committee"),
}


class ReviewsView(BaseView):
    route_base = "/reviews"
    class_permission_name = "reviews"
    method_permission_name = {"list": "read", "edit": "edit", "exempt": "edit", "confirm": "edit", "options": "read"}
    base_permissions = ["can_read", "can_edit"]

    @expose("/list/")
    @has_access
    def list(self) -> ResponseReturnValue:
        return reviews_page({}, {})

    @expose("/edit", methods=["POST"])
    @has_access
    def edit(self) -> ResponseReturnValue:
        """Records that wait already go on from where they are. Each choice comes with the one that the page showed
        (`shown-<ledger>`); where somebody else has chosen since, nothing is changed."""
        ledger_lock.hold("reviews")
        known = {row.ledger: row for row in db.session.scalars(select(ReviewTier))}
        wanted = {ledger: natural(request.form.get(ledger.name, "")) for ledger in reviewed()}
        changed = {ledger: tier for ledger, tier in wanted.items() if tier in possible(ledger)}
        stale = [ledger for ledger in changed if shown_before(ledger) not in (None, chosen(ledger, known))]
        if stale:
            names = listed(str(ledger.label) for ledger in stale)
            flash(gettext("Nothing was saved: somebody else has chosen meanwhile for %(what)s.", what=names), "error")
            return make_response(reviews_page({}, {}), 409)
        for ledger, tier in changed.items():
            now = chosen(ledger, known)
            if tier is not None and tier != now:
                log_event(ledger.label, TIERS[now], TIERS[tier])
                row = known.get(ledger.name) or ReviewTier(ledger=ledger.name)
                row.choose(tier, scope.current().user_id, now)
                db.session.add(row)
        db.session.commit()
        flash(gettext("Saved."), "success")
        return redirect(url_for("ReviewsView.list"))

    @expose("/exempt", methods=["POST"])
    @has_access
    def exempt(self) -> ResponseReturnValue:
        """Add an exemption (`unit_id`, `reason`), or end one (`end`)."""
        ledger_lock.hold("reviews")
        ended = natural(request.form.get("end", ""))
        if ended is not None:
            for row in db.session.scalars(select(ReviewExemption).where(ReviewExemption.unit_id == ended)):
                log_event(lazy_gettext("No more one person for filling and reviewing"), row.unit)
                db.session.delete(row)
            db.session.commit()
            return redirect(url_for("ReviewsView.list"))
        typed, faults = {name: request.form.getlist(name) for name in ("unit_id", "reason")}, {}
        values: dict[str, Any] = {}
        for name, kind in (("unit_id", UNIT), ("reason", REASON.kind)):
            try:
                values[name] = kind.parse([text for text in typed[name] if text], None)
                if values[name] is None:
                    faults[name] = gettext("Please fill this in.")
            except BadValue as fault:
                faults[name] = str(fault)
        if faults:
            return reviews_page({name: texts[-1] if texts else "" for name, texts in typed.items()}, faults)
        row = db.session.merge(ReviewExemption(**values, granted_by_id=scope.current().user_id, confirmed_by_id=None))
        log_event(lazy_gettext("One person may fill and review"), f"{row.unit} – {row.reason}")
        db.session.commit()
        flash(gettext("Saved."), "success")
        return redirect(url_for("ReviewsView.list"))

    @expose("/confirm", methods=["POST"])
    @has_access
    def confirm(self) -> ResponseReturnValue:
        """What somebody else lowered or granted (`key`) holds for their own records, too, if it is still what
        the page showed (`shown`)."""
        ledger_lock.hold("reviews")
        with force_locale(PAPER):  # the trail's words
            row = next((each for each in to_confirm() if each.key == request.form.get("key")), None)
        if row is None or row.shown != request.form.get("shown"):
            flash(gettext("Nothing was confirmed: somebody has changed it meanwhile."), "error")
            return make_response(reviews_page({}, {}), 409)
        if row.mine:
            abort(403, gettext("Somebody else has to confirm what you chose yourself."))
        row.record.confirmed_by_id = scope.current().user_id
        log_event(lazy_gettext("Confirmed by a second person"), row.text)
        db.session.commit()
        flash(gettext("Saved."), "success")
        return redirect(url_for("ReviewsView.list"))

    @expose("/options/unit_id")
    @has_access
    def options(self) -> ResponseReturnValue:
        found = UNIT.search(request.args.get("q", "")[:100])
        return {"results": [{"id": id_, "text": text} for id_, text in found], "more": len(found) == PAGE}


@dataclass(frozen=True)
class Lowered:
    """What waits for a second person. `shown`: what a page shows of it."""

    key: str
    record: ReviewTier | ReviewExemption
    text: str
    shown: str
    by_id: int | None

    @property
    def mine(self) -> bool:
        return self.by_id == scope.current().user_id


def to_confirm() -> Sequence[Lowered]:
    known = {row.ledger: row for row in db.session.scalars(select(ReviewTier))}
    tiers = ((ledger, known[ledger.name]) for ledger in reviewed() if ledger.name in known)
    found = [
        Lowered(
            f"tier {row.ledger}",
            row,
            labelled(ledger.label, f"{TIERS[row.before or row.tier]} → {TIERS[row.tier]}"),
            f"{row.before} {row.tier} {row.chosen_by_id}",
            row.chosen_by_id,
        )
        for ledger, row in tiers
        if row.waiting
    ]
    for row in exemptions():
        if row.waiting:
            text = f"{row.unit} – {row.reason}"
            shown = f"{row.reason} {row.granted_by_id}"
            found.append(Lowered(f"exemption {row.unit_id}", row, text, shown, row.granted_by_id))
    return found


def exemptions() -> Sequence[ReviewExemption]:
    query = select(ReviewExemption).options(joinedload(ReviewExemption.unit)).order_by(ReviewExemption.unit_id)
    return db.session.scalars(query).all()


def names_of(rows: Sequence[Lowered]) -> dict[int, str]:
    query = select(User.id, User.first_name, User.username).where(User.id.in_([row.by_id for row in rows]))
    return {id_: f"{name} ({username})" for id_, name, username in db.session.execute(query)}


def log_event(what: Label, *texts: object) -> None:
    """In plain words, for those who keep an eye on who may put records in force (`watching`)."""
    with force_locale(PAPER):
        audit_log.log("grant", "review_tier", title=labelled(what, " → ".join(map(str, texts)))[:200])


def shown_before(ledger: Ledger) -> int | None:
    """The steps that the page showed, where it says so."""
    text = request.form.get(f"shown-{ledger.name}")
    return None if text is None else natural(text) or 0


def reviewed() -> tuple[Ledger, ...]:
    """The ledgers whose steps can be chosen: those that know the statuses of more than one way."""
    return tuple(
        ledger
        for ledger in mounted()
        if ledger.review.transitions and not ledger.review.tier_of and len(possible(ledger)) > 1
    )


def possible(ledger: Ledger) -> dict[int, Label]:
    return {tier: text for tier, text in TIERS.items() if set(STEPS[tier]) <= ledger.review.statuses.keys()}


def chosen(ledger: Ledger, known: dict[str, ReviewTier]) -> int:
    return known[ledger.name].tier if ledger.name in known else ledger.review.tier


def reviews_page(typed: dict[str, str], faults: dict[str, str]) -> ResponseReturnValue:
    known = {row.ledger: row for row in db.session.scalars(select(ReviewTier))}
    waiting = to_confirm()
    return render_template(
        "reviews.html",
        rows=[(ledger, chosen(ledger, known)) for ledger in reviewed()],
        possible=possible,
        exemptions=exemptions(),
        waiting=waiting,
        names=names_of(waiting),
        typed=typed,
        faults=faults,
        units=UNIT.shown_choices([typed.get("unit_id", "")]),
    )
