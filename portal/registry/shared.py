"""What the declarations of the registry share."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from portal.core.declaration.ledger import READING
from portal.core.declaration.values import Problem, Values
from portal.core.fields import BadValue, Choice, Day, Field
from portal.extensions import db
from portal.org.name_history import NAMED

GROUP = _("Organisation")
KEEPING = (*READING, "add", "edit")
# Columns of every office's lists that say nothing of what is listed.
NOT_TAKEN = ("序号", "填报日期")
STATUSES = Choice(
    ("active", _("Normal")),
    ("planned", _("In preparation")),
    ("dissolved", _("Dissolved")),
    ("moved_out", _("Moved out")),
    also={
        "active": ("在用", "有效", "正常运行", "存续", "在册", "启用"),
        "planned": ("筹备", "筹建中", "筹建", "筹备中", "拟设立"),
        "dissolved": ("已撤销", "撤销", "注销", "已注销"),
        "moved_out": ("已划出", "划出", "划转", "已划转"),
    },
)

LAST = _("Left blank: after all others")

CORRECTION = "correction"


class DayOfChange(Day):
    """The day of the change that a form makes, or the word that it only corrects a mistake. A form opens with neither,
    so that the day of the last change is never taken for that of the next."""

    widget = "change"
    correction = CORRECTION

    def parse(self, typed: Sequence[str], before: object) -> Any:
        day = super().parse([text for text in typed if text != CORRECTION], before)
        if day is not None and CORRECTION in typed:
            raise BadValue(gettext("Either the day of a change, or the correction of a mistake, please."))
        return CORRECTION if CORRECTION in typed else day

    def typed(self, value: Any) -> list[str]:
        return [CORRECTION] if value == CORRECTION else super().typed(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}

    def stored(self, record: Any, name: str) -> None:
        return None

    def store(self, record: Any, name: str, value: Any) -> None:
        if value not in (None, CORRECTION):
            super().store(record, name, value)


CHANGED_ON = Field(
    DayOfChange(),
    _("Renamed or moved on"),
    hint=_("Records of before this day keep the old name. The day alone corrects that of the last change."),
)


def changes_on_a_day(values: Values) -> Iterator[Problem]:
    """Another name or place holds from a day on, after the change before, unless it only corrects a mistake."""
    record, day = values.record, values.changed_on
    if record is None or day == CORRECTION:
        return
    former = record.former or []
    last = record.changed_on
    if all(getattr(values, name) == getattr(record, name) for name in NAMED):
        if day in (None, last):
            return
        if not former:
            text = gettext("Neither the name nor what stands above has changed, now or before.")
            yield Problem("changed_on", text)
        last = date.fromisoformat(former[-2]["until"]) if len(former) > 1 else None
    elif day is None:
        text = gettext(
            "The name or what stands above changes: give the day from which that holds, or tick that this only "
            "corrects a mistake."
        )
        yield Problem("changed_on", text)
        return
    if last and day <= last:
        yield Problem("changed_on", gettext("The change before was on %(day)s; this one must be later.", day=last))


def at_the_end(values: Values, model: Any, name: str = "sort_no", below: int | None = None) -> None:
    """Without a place in the official order a new row takes the next one, so that a sheet is its own order. Places from
    `below` on are kept for others."""
    if values.record is None and values.fields.get(name) is None:
        column = getattr(model, name)
        query = select(func.max(column))
        values.fields[name] = (db.session.scalar(query if below is None else query.where(column < below)) or 0) + 1


def short_as_full(values: Values, limit: int) -> None:
    """What has no short name is called by its full one."""
    full = values.full_name
    if values.short_name is None and full and len(full) <= limit:
        values.fields["short_name"] = full
