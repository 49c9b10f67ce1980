"""What the declarations of the registry share."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from portal.core.fields import Choice, Day, Field
from portal.core.ledger import READING
from portal.core.values import Problem, Values

GROUP = _("Organisation")
KEEPING = (*READING, "add", "edit")
STATUSES = Choice(
    ("active", _("Normal")),
    ("planned", _("In preparation")),
    ("dissolved", _("Dissolved")),
    ("moved_out", _("Moved out")),
)

CHANGED_ON = Field(
    Day(),
    _("Renamed or moved on"),
    hint=_("Records of before this day keep the old name. Leave it as it is when you only correct a mistake."),
)


def changes_on_a_day(values: Values) -> Iterator[Problem]:
    """A day of change goes with a change, and comes after the one before."""
    record: Any = values.record
    day = values.changed_on
    if record is None or day is None or day == record.changed_on:
        return
    if all(getattr(values, name) == getattr(record, name) for name in ("full_name", "short_name", "parent_id")):
        yield Problem("changed_on", gettext("Neither the name nor what stands above has changed."))
    elif record.changed_on and day < record.changed_on:
        yield Problem("changed_on", gettext("There is a later change already, of %(day)s.", day=record.changed_on))
