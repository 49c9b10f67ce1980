"""What the declarations of the registry share."""

from flask_babel import lazy_gettext as _

from portal.core.fields import Choice
from portal.core.ledger import READING

GROUP = _("Organisation")
KEEPING = (*READING, "add", "edit")
STATUSES = Choice(
    ("active", _("Normal")),
    ("planned", _("In preparation")),
    ("dissolved", _("Dissolved")),
    ("moved_out", _("Moved out")),
)
