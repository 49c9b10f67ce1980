"""Transitions: who may make which one now, its form and its effects (`docs/domain` §2.1).

All functions run in the caller's transaction and commit nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext, lazy_gettext
from sqlalchemy import or_, select
from werkzeug.datastructures import MultiDict
from wtforms import Form

from portal.core import clock
from portal.core.access import scope
from portal.core.access.cached_lookups import remembered
from portal.core.audit import audit_log
from portal.core.declaration.groups import Rule
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.values import Values
from portal.core.declaration.workflow import BEFORE, IN_FORCE, NEXT, Edge, Transition, next_step
from portal.core.fields import Choices, Field, Text
from portal.core.models.numbering import next_number
from portal.core.punctuation import listed
from portal.core.records import gaps
from portal.core.records.forms.form import LedgerForm, form_class, form_of, stored
from portal.core.records.saving import day_of
from portal.core.review import amendments, merge
from portal.core.transactions import ledger_lock
from portal.extensions import db
from portal.org.models import Unit
from portal.org.review_steps import ReviewExemption, ReviewTier

MOST_PLACES = 8  # fields and tables that a return names; the reason has room for more
REASON = Field(Text(200, lines=True, least=5), lazy_gettext("Reason"), required=True)


class Refused(Exception):
    """Raised if the record's status or owner does not allow the transition now; the message is for the user."""


class OwnWork(Exception):
    """Raised if users try to approve their own work."""


class Incomplete(Exception):
    """Raised if the record is invalid or incomplete; `form` is its form with the errors at the fields."""

    def __init__(self, form: LedgerForm) -> None:
        super().__init__()
        self.form = form

    @property
    def texts(self) -> list[str]:
        """The errors, each with the label of its field."""
        return [*self.form.problems, *(f"{label}: {text}" for label, text in faults_of(self.form))]


def faults_of(form: LedgerForm) -> Iterator[tuple[str, str]]:
    for field in form:
        label = str(field.label.text)
        for text in field.errors or ():
            yield label, str(text)
        for row in getattr(field, "rows", ()):
            yield from ((f"{label} – {cell.label.text}", str(text)) for cell in row for text in cell.errors)


def tier_of(ledger: Ledger, record: Any) -> int:
    if ledger.review.tier_of:
        return ledger.review.tier_of(record)
    chosen = db.session.scalars(select(ReviewTier).where(ReviewTier.ledger == ledger.name)).first()
    concerned = (scope.current().user_id, record.filler_id, record.editor_id)
    return ledger.review.tier if chosen is None else chosen.steps(concerned)


def path_of(ledger: Ledger, record: Any, transition: Transition) -> Edge | None:
    """The edge of this transition from the current status that the user may take; None if there is none."""
    if transition.when is not None and not transition.when(record):
        return None
    for path in transition.edges:
        fits = path.source == record.status and (path.when is None or path.when(record))
        if fits and (not path.needs or reaches(ledger, path.needs, record)):
            return path
    return None


def reaches(ledger: Ledger, verb: str, record: Any) -> bool:
    return scope.current().covers_row(verb, ledger.name, record)


def own_work(record: Any) -> bool:
    """Did the current user fill in or last change this record? False for users of a unit that somebody else has
    exempted; the exemption does not cover users who fill in for the unit."""
    principal = scope.current()
    if principal.user_id not in (record.filler_id, record.editor_id):
        return False
    exempt = select(ReviewExemption.unit_id).where(
        ReviewExemption.unit_id == record.owner_unit_id,
        or_(ReviewExemption.granted_by_id.is_distinct_from(principal.user_id), ReviewExemption.confirmed_by_id > 0),
    )
    return record.owner_unit_id != principal.unit_id or db.session.scalar(exempt) is None


def offered(ledger: Ledger, record: Any) -> list[tuple[Transition, Edge]]:
    """The transitions that the current user may make on this record now, in declared order."""
    found = [
        (transition, path)
        for transition in ledger.review.transitions
        if reaches(ledger, transition.name, record) and (path := path_of(ledger, record, transition)) is not None
    ]
    own = any(path.other_eyes for _, path in found) and own_work(record)
    return [(transition, path) for transition, path in found if not (path.other_eyes and own)]


def target_of(ledger: Ledger, record: Any, path: Edge) -> str:
    if path.target == BEFORE:
        return str(record.prior_status or "draft")
    return next_step(tier_of(ledger, record), record.status) if path.target == NEXT else path.target


def comes_into_force(ledger: Ledger, record: Any, path: Edge) -> bool:
    return target_of(ledger, record, path) == IN_FORCE != record.status


def asked(ledger: Ledger, record: Any, transition: Transition, path: Edge) -> dict[str, Field]:
    """The form fields of a transition: fields of the record, then questions and the reason."""
    names = list(transition.asks)
    missing = [name for name in ledger.review.required_in_force if getattr(record, name) is None and name not in names]
    if missing and transition.name != "adopt" and comes_into_force(ledger, record, path):
        names += missing
    fields = {name: ledger.field(name) for name in names}
    fields |= {name: replace(fields[name], required=True) for name in ledger.review.required_in_force if name in fields}
    fields |= transition.questions(record) if transition.questions else {}
    if record.amends_id is not None and comes_into_force(ledger, record, path):
        fields |= merge.questions(ledger, record)
    return fields | reasons(ledger, transition)


def reasons(ledger: Ledger, transition: Transition) -> dict[str, Field]:
    """What a transition asks for whatever the record: the fields that are meant, and why."""
    fields = {}
    if transition.reason == "field":
        places = [(name, ledger.field(name).label) for name in ledger.entered]
        places += [(table.name, table.label) for table in ledger.form.tables]
        fields["field"] = Field(Choices(*places, most=MOST_PLACES), lazy_gettext("Fields"), required=True)
    if transition.reason:
        fields["reason"] = REASON
    return fields


def move_form(
    ledger: Ledger, record: Any, transition: Transition, path: Edge, formdata: Mapping[str, Any] | None = None
) -> Any:
    """The form of a transition; empty if it has no fields."""
    fields = asked(ledger, record, transition, path)
    data = stored(record, {name: fields[name] for name in kept(ledger, fields)})
    form = form_of(fields, MoveForm)(_typed(fields, formdata), data=data)
    form.record, form.rules = record, transition.rules
    return form


def reason_form(ledger: Ledger, transition: Transition, formdata: Mapping[str, Any] | None = None) -> Any:
    """The part of the form that is the same for many records; None if there is none."""
    fields = reasons(ledger, transition)
    return form_of(fields, MoveForm)(_typed(fields, formdata)) if fields else None


def _typed(fields: Mapping[str, Field], formdata: Mapping[str, Any] | None) -> MultiDict[str, Any] | None:
    """The input; if no field was chosen, with the one that the reason names."""
    if formdata is None:
        return None
    typed: MultiDict[str, Any] = MultiDict(formdata)
    if "field" in fields and not any(typed.getlist("field")):
        typed.setlist("field", _named(fields["field"], typed.get("reason", "")))
    return typed


class MoveForm(Form):
    """The form of a transition, validated field by field and then as a whole."""

    record: Any = None
    rules: tuple[Rule, ...] = ()

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        values = Values(self.record, {name: field.data for name, field in self._fields.items()})
        for problem in (each for rule in self.rules for each in rule(values)):
            field = self._fields[problem.field]
            field.errors = [*field.errors, str(problem.text)]
        return not any(field.errors for field in self)


def kept(ledger: Ledger, names: Iterable[str]) -> list[str]:
    """The fields of a transition that are stored in the record."""
    return [name for name in names if name not in ("field", "reason") and ledger.has(name)]


def _named(places: Field, reason: str) -> list[str]:
    """The field whose label is in the reason, if none was selected."""
    options = places.kind.options() or ()
    return next(([name] for name, label in options if label and label in reason), [])


def make(ledger: Ledger, record: Any, transition: Transition, form: Any) -> Any:
    """Make the transition with its validated form; returns the resulting record.

    Raises Refused, OwnWork, Incomplete, and OutOfScope if the user has no permission for the record.
    """
    ledger_lock.hold(ledger.name)
    if not reaches(ledger, transition.name, record):
        raise scope.OutOfScope(f"{transition.name} {ledger.name} {record.id}")
    path = path_of(ledger, record, transition)
    if path is None:
        raise Refused(gettext("In this status this cannot be done."))
    if path.other_eyes and own_work(record):
        raise OwnWork(gettext("Whoever filled a record does not approve it."))
    answers = {name: field.data for name, field in form._fields.items()}
    with scope.doing(transition.name), audit_log.because(reason_text(ledger, answers)), db.session.no_autoflush:
        for name in kept(ledger, form._fields):
            form[name].declared.kind.store(record, name, answers[name])
        target = target_of(ledger, record, path)
        becomes_active = target == IN_FORCE != record.status
        # What comes back counts against others again, as what comes into force does.
        comes_back = path.target == BEFORE and target not in ledger.review.editable_in
        if becomes_active and record.amends_id is not None:
            require_merged(ledger, record, answers)
        if transition.name == "submit" or becomes_active or comes_back:
            require_whole(ledger, record, lenient=transition.name != "submit")
        _stamp(ledger, record, transition, target, answers)
        after = transition.apply(ledger, record, answers) if transition.apply else record
        if becomes_active and path.target != BEFORE:
            after = come_into_force(ledger, after)
        db.session.add(after)
        db.session.flush()
    return after


def require_merged(ledger: Ledger, draft: Any, answers: Mapping[str, Any]) -> None:
    """Merge later changes of the record in force into an amendment. Raises Refused if a question is unanswered."""
    if unanswered := merge.bring_up_to_date(ledger, draft, answers):
        text = gettext(
            "The record in force was changed meanwhile, too. Please say which is to hold: %(fields)s",
            fields=listed(unanswered),
        )
        raise Refused(text)


def come_into_force(ledger: Ledger, record: Any) -> Any:
    """Bring a record into force; an amendment replaces the record that it amends. Raises Refused."""
    if record.amends_id is not None and not amendments.still_in_force(record):
        raise Refused(gettext("The record that this amends is no longer in force."))
    if ledger.review.on_activate:
        ledger.review.on_activate(record)
    after = amendments.take_effect(ledger, record) if record.amends_id is not None else record
    gaps.recount(ledger, after)
    return after


def reason_text(ledger: Ledger, answers: Mapping[str, Any]) -> str | None:
    reason, places = answers.get("reason"), answers.get("field")
    return f"{','.join(places)}: {reason}" if places else reason


def require_whole(ledger: Ledger, record: Any, *, lenient: bool) -> None:
    """Raises Incomplete if the record is not valid; `lenient`: gaps are allowed."""
    form = form_class(ledger)(record=record)
    form.lenient = lenient
    if not form.validate():
        raise Incomplete(form)


def _stamp(ledger: Ledger, record: Any, transition: Transition, target: str, answers: Mapping[str, Any]) -> None:
    """Store the transition in the record's header fields."""
    user_id, now = scope.current().user_id, clock.now()
    if transition.name in ("submit", "adopt"):
        record.return_fields = record.return_reason = None
        if not record.record_no and record.amends_id is None:
            record.record_no = number(ledger, record)
    if transition.name == "submit":
        record.editor_id = user_id
    elif transition.name == "approve":
        record.unit_reviewer_id, record.unit_reviewed_at = user_id, now
    elif transition.name == "approve_committee":
        record.gw_reviewer_id, record.gw_reviewed_at = user_id, now
    elif target == "returned":
        record.return_fields, record.return_reason = answers["field"], answers["reason"]
    if target in ("voided", "archived"):
        record.prior_status = record.status
    record.status = target


def unit_number(unit_id: int) -> int:
    return db.session.scalars(select(Unit.sort_no).where(Unit.id == unit_id)).one()


def number(ledger: Ledger, record: Any) -> str | None:
    """The next record number for the year of the record's event (`docs/domain` §2.0); None if the ledger has none."""
    if not ledger.number.prefix:
        return None
    owner_id = record.owner_unit_id
    unit_no = remembered(("unit number", owner_id), lambda: unit_number(owner_id))
    return next_number(ledger.number.prefix, day_of(ledger, record) or clock.today(), unit_no)
