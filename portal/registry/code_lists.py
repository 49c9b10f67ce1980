"""Code lists (`domain.md` §10): labels and order are the office's; codes are switched off, never removed."""

from flask_babel import lazy_gettext as _

from portal.core.fields import Field, Text, YesNo
from portal.core.ledger import READING, Ledger, Rows, Section
from portal.org.codes import CodeList
from portal.registry.shared import GROUP

CODE = Text(8, pattern=r"[0-9A-Z]{1,8}", free=False)
LABELS = {
    "label": Field(Text(60), _("Label"), required=True),
    "label_hant": Field(Text(60), _("Label in Traditional characters")),
    "label_en": Field(Text(100), _("Label in English")),
}

code_lists = Ledger(
    name="code_lists",
    label=_("Code lists"),
    one=_("Code list"),
    group=GROUP,
    icon="book",
    model=CodeList,
    order="code",
    can=(*READING, "edit"),
    columns=("code", "label", "label_hant", "label_en"),
    sections=(Section(_("Code list"), ("code", *LABELS)),),
    fields={"code": Field(CODE, _("Code"), required=True, fixed=True), **LABELS},
    rows=(
        Rows(
            "items",
            _("Codes"),
            _("Code"),
            ("code", *LABELS, "enabled"),
            declared={
                "code": Field(CODE, _("Code"), required=True, fixed=True),
                **LABELS,
                "enabled": Field(YesNo(), _("In use"), default=lambda: True),
            },
            keep=True,
        ),
    ),
)
