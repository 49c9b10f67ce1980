"""What must hold for service projects and their entries (`docs/domain` §2.5.1, §2.5.6)."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import false, func, select

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.values import Problem, Values, asked_of_people
from portal.core.records.shared_rules import not_before
from portal.core.search import fold
from portal.extensions import db
from portal.ledgers.service.model import Acceptance, Extension, Progress, ServiceProject

LONGEST = 24  # months
LONGEST_REST = 6  # months
MOST_EXTENSIONS = 2
ALIKE = 0.85
COUNTS = {"1": "satisfied_cnt", "2": "fairly_cnt", "3": "unsatisfied_cnt"}  # C12


finished_after_approval = not_before("done_on", collected_on=_("Collected on"), approved_on=_("Approved on"))


def project_defaults(values: Values) -> None:
    """A project that was approved on paper was collected by then: what the form proposes is not what was said. What a
    sheet leaves open stays open."""
    if values.from_paper:
        return
    unsaid = values.record is None and values.collected_on == clock.today()
    if values.approved_on and (values.collected_on is None or unsaid):
        values.fields["collected_on"] = min(values.approved_on, clock.today())


def dates(values: Values) -> Iterator[Problem]:
    if values.collected_on and values.approved_on and values.approved_on < values.collected_on:
        yield Problem("approved_on", gettext("It was collected later than that."))
    begins, due = values.approved_on or values.collected_on, values.due_on
    if begins is None or due is None:
        return
    if due <= begins:
        yield Problem("due_on", gettext("The due date must lie after the approval."))
    elif due > clock.months_after(begins, LONGEST) and not (values.from_paper and values.approved_on is None):
        yield Problem("due_on", gettext("At most 24 months, please."))


def approval(values: Values) -> Iterator[Problem]:
    """The day of approval is the committee's; aims and measures are needed by then."""
    before = getattr(values.record, "approved_on", None)
    if values.approved_on != before and scope.current().home is not None:
        yield Problem("approved_on", gettext("Only the committee sets this day."))


@asked_of_people
def alike(values: Values) -> Iterator[Problem]:
    """Projects of the same area and year whose titles are nearly the same."""
    if not values.title or values.area_id is None or values.collected_on is None:
        return
    others = select(ServiceProject).where(
        ServiceProject.area_id == values.area_id,
        ServiceProject.year == values.collected_on.year,
        ServiceProject.status.not_in(("voided", "archived")),
        ServiceProject.id.not_in(values.itself),
    )
    mine = fold(values.title)
    for other in db.session.scalars(others):
        if SequenceMatcher(None, mine, fold(other.title or "")).ratio() >= ALIKE:
            text = gettext("A project of this area and year has nearly the same title: %(other)s", other=other)
            yield Problem("title", text, twin=other)
            return


def forward(values: Values) -> Iterator[Problem]:
    """Progress goes on, or says why not; of the reports of one day, the later one is the one entered later."""
    if values.parent is None or values.percent is None or values.reported_on is None:
        return
    same_day = Progress.reported_on == values.reported_on
    earlier = same_day & (Progress.id < values.id) if values.id else same_day
    before = select(func.max(Progress.percent)).where(
        Progress.project_id == values.parent.id,
        (Progress.reported_on < values.reported_on) | earlier,
        Progress.id != (values.id or 0),
    )
    highest = db.session.scalar(before)
    if highest is not None and values.percent < highest and not values.less_because:
        yield Problem("less_because", gettext("The progress was further before; please say why it is less now."))


def how_far(progress: Progress) -> None:
    """The project shows its latest progress; what was taken over without a day is older than what has one."""
    day = progress.reported_on
    same_day = Progress.reported_on.is_not_distinct_from(day)
    entered_later = same_day & (Progress.id > progress.id) if progress.id else false()
    newer = Progress.reported_on > day if day else Progress.reported_on.is_not(None)
    later = select(Progress.id).where(
        Progress.project_id == progress.project.id, newer | entered_later, Progress.id != (progress.id or 0)
    )
    if progress.project.id is None or db.session.scalar(later.limit(1)) is None:
        progress.project.progress = progress.percent


def put_off(values: Values) -> Iterator[Problem]:
    """Two later due dates at most, within 24 months; half a year on the books."""
    project = values.parent
    if project is None or values.until is None:
        return
    if values.put_off == "extend":
        if project.due_on and values.until <= project.due_on:
            yield Problem("until", gettext("The new due date must lie after the present one."))
        elif project.approved_on and values.until > clock.months_after(project.approved_on, LONGEST):
            yield Problem("until", gettext("At most 24 months, please."))
        if extensions_of(project, values.id) >= MOST_EXTENSIONS:
            yield Problem("put_off", gettext("A project is put off twice at most."))
    elif values.until > clock.months_after(clock.today(), LONGEST_REST):
        yield Problem("until", gettext("At most six months, please."))


def extensions_of(project: Any, but: int | None = None) -> int:
    query = select(func.count(Extension.id)).where(
        Extension.project_id == project.id, Extension.put_off == "extend", Extension.status == "active"
    )
    return db.session.scalar(query.where(Extension.id != (but or 0))) or 0


def due_until_now(extension: Extension) -> None:
    extension.old_due_on = extension.project.due_on


def steps_of(extension: Extension) -> int:
    """The unit agrees to the first later date; the second one and a rest on the books are the committee's."""
    return 2 if extension.put_off == "extend" and not extensions_of(extension.project, extension.id) else 3


def grant(extension: Extension) -> None:
    """What was agreed to holds for the project from now on."""
    if extension.put_off == "extend":
        extension.project.due_on = extension.until
    else:
        extension.project.deferred_until = extension.until


def seen(acceptance: Acceptance) -> None:
    """What did not pass goes on; its acceptance is asked for anew."""
    if acceptance.conclusion != "passed":
        acceptance.project.acceptance_asked_on = None


def passed(project: ServiceProject) -> bool:
    latest = select(Acceptance.conclusion).where(Acceptance.project_id == project.id)
    return db.session.scalar(latest.order_by(Acceptance.accepted_on.desc(), Acceptance.id.desc()).limit(1)) == "passed"


def count_judgement(values: Values) -> None:
    """One who was asked counts as one; otherwise the parts make the whole."""
    if values.result in COUNTS and not values.sample_cnt:
        values.fields["sample_cnt"] = 1
        values.fields[COUNTS[values.result]] = 1
    parts = [getattr(values, name) for name in COUNTS.values()]
    if any(part is not None for part in parts):
        values.fill("sample_cnt", sum(part or 0 for part in parts))


def judgement(values: Values) -> Iterator[Problem]:
    total = sum(getattr(values, name) or 0 for name in COUNTS.values())
    if not values.sample_cnt:
        yield Problem("sample_cnt", gettext("Please say how many were asked and what they said."))
    elif total > values.sample_cnt:
        yield Problem("sample_cnt", gettext("More answers than people asked."))


def accepted(values: Values) -> Iterator[Problem]:
    """Nothing is looked at before it is approved."""
    approved = values.parent.approved_on if values.parent is not None else None
    if approved and values.accepted_on and values.accepted_on < approved:
        yield Problem("accepted_on", gettext("The project was approved later than that."))


PROJECT_RULES = (dates, finished_after_approval, approval, alike)
