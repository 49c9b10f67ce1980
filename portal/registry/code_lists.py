"""Code lists (`docs/domain` §10): labels and order are the office's; codes are switched off, never removed."""

from collections.abc import Iterator

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from portal.core.declaration.groups import Form, List, Sheet
from portal.core.declaration.ledger import READING, Ledger
from portal.core.declaration.parts import ChildTable, Section
from portal.core.declaration.values import Problem, Values
from portal.core.fields import Field, Text, YesNo
from portal.org.codes import CodeList
from portal.registry.shared import GROUP, NOT_TAKEN

CODE = Text(8, pattern=r"[0-9A-Z]{1,8}", free=False)
LABELS = {
    "label": Field(Text(60), _("Label"), required=True),
    "label_hant": Field(Text(60), _("Label in Traditional characters")),
    "label_en": Field(Text(100), _("Label in English")),
}


def known_lists(values: Values) -> Iterator[Problem]:
    """The portal itself asks for its code lists by their codes: a sheet brings codes, and no further list."""
    if values.record is None:
        yield Problem("code", gettext("There is no code list of this code."))


code_lists = Ledger(
    name="code_lists",
    label=_("Code lists"),
    one=_("Code list"),
    group=GROUP,
    icon="book",
    about=_("The choices that forms offer. A choice that is switched off stays in the records that have it."),
    model=CodeList,
    can=(*READING, "edit"),
    fields={"code": Field(CODE, _("Code"), required=True, fixed=True), **LABELS},
    form=Form(
        sections=(Section(_("Code list"), ("code", *LABELS)),),
        tables=(
            ChildTable(
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
        rules=(known_lists,),
    ),
    list=List(
        columns=("code", "label", "label_hant", "label_en"),
        order="code",
    ),
    sheet=Sheet(
        title=_("Code lists"),
        words={
            "code": ("代码", "字典代码", "代码表", "代码表代码"),
            "label": ("名称", "字典名称", "代码表名称"),
            "label_hant": ("繁体名称",),
            "label_en": ("英文名称",),
        },
        ignored=NOT_TAKEN,
        essential=("code",),
        identity=("code",),
    ),
)
