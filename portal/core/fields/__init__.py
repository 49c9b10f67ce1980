"""Kinds of fields. All behaviour that depends on the kind is a method of the kind; no other code checks the type."""

from portal.core.fields.base import BadValue, Field, Kind, Label, Other, clean, field, link, natural
from portal.core.fields.choices import Choice, Choices, Code, Codes, YesNo
from portal.core.fields.computed import Batch, Computed, computed
from portal.core.fields.dates import Day, Month, days_in, long_date, parse_day, since_1904
from portal.core.fields.links import (
    Link,
    Links,
    active,
    community_link,
    community_orgs,
    member_link,
    org_link,
    unit_link,
)
from portal.core.fields.measures import COPIES, EVENTS, PEOPLE
from portal.core.fields.numbers import Money, Percent, Whole
from portal.core.fields.own import own_org, own_orgs, own_unit, own_units, several_units
from portal.core.fields.parent_number import NumberAbove
from portal.core.fields.people.contacts import Landline, Names, OneName
from portal.core.fields.people.names import name_key, phone_number
from portal.core.fields.people.person import Named, Person, person, serving, written
from portal.core.fields.people.personal import (
    Mobile,
    Personal,
    PersonalCodes,
    PersonalMoney,
    PersonalPhone,
    PersonName,
    Phone,
    mask_name,
    mask_phone,
)
from portal.core.fields.ranges import Bands
from portal.core.fields.row_links import RowRefs
from portal.core.fields.text import Text

__all__ = [
    "COPIES",
    "EVENTS",
    "PEOPLE",
    "BadValue",
    "Bands",
    "Batch",
    "Choice",
    "Choices",
    "Code",
    "Codes",
    "Computed",
    "Day",
    "Field",
    "Kind",
    "Label",
    "Landline",
    "Link",
    "Links",
    "Mobile",
    "Money",
    "Month",
    "Named",
    "Names",
    "NumberAbove",
    "OneName",
    "Other",
    "Percent",
    "Person",
    "PersonName",
    "Personal",
    "PersonalCodes",
    "PersonalMoney",
    "PersonalPhone",
    "Phone",
    "RowRefs",
    "Text",
    "Whole",
    "YesNo",
    "active",
    "clean",
    "community_link",
    "community_orgs",
    "computed",
    "days_in",
    "field",
    "link",
    "long_date",
    "mask_name",
    "mask_phone",
    "member_link",
    "name_key",
    "natural",
    "org_link",
    "own_org",
    "own_orgs",
    "own_unit",
    "own_units",
    "parse_day",
    "person",
    "phone_number",
    "serving",
    "several_units",
    "since_1904",
    "unit_link",
    "written",
]
