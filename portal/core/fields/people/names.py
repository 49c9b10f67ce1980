"""Normal forms of people's names and telephone numbers, used for comparison."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from flask_babel import gettext
from sqlalchemy import func

from portal.core.fields.base import OTHER_THAN_COMPATIBILITY, BadValue
from portal.core.fields.text import refuse_personal
from portal.core.search import DOTS

SHORTEST, LONGEST = 2, 50
NOBODY = frozenset(
    (
        *("无", "没有", "无人", "不详", "暂无", "暂缺", "暂空", "空缺", "缺"),
        *("待定", "未定", "待补", "待配", "未明确", "待明确"),
    )
)
# In stored names, of which some are older than the one form.
UNCOMPARED = (" ", "\u00a0", "\u3000", "·", *map(chr, DOTS))
# Between names that stand beside each other in one cell.
SEVERAL = re.compile(
    r"[、,，;；/|\n&+]|(?<=[\u3400-\u9fff])\s*[-—–~]+\s*(?=[\u3400-\u9fff])"
    r"|等\s*\d*\s*[人名位户家]?$|(?<=[\u3400-\u9fff]{2})[和与及](?=[\u3400-\u9fff]{2})"
)
BRACKETS = re.compile(r"[()\[\]【】〔〕]")
HAN = "[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
HAN_SPACE = re.compile(rf"(?<={HAN}) +(?={HAN})")
# Family names of two characters, so that 欧阳 小明 is one person.
COMPOUND = re.compile(
    "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|长孙|宇文|司徒|夏侯|端木|轩辕|呼延|南宫|东郭|百里|澹台|公冶|太史|申屠"
    "|独孤|西门|闻人|濮阳|淳于|单于"
)


def one_name(text: str) -> str:
    """Normalize a person's name: one kind of dot, one width, and no spaces between Han characters.

    Raises BadValue if the text may name several persons.
    """
    lines = (" ".join(line.split()) for line in one_width(text).translate(DOTS).split("\n"))
    name = re.sub(" ?· ?", "·", "\n".join(line for line in lines if line))
    parts = [part for part in name.split() if re.fullmatch(rf"{HAN}+", part)]
    two = len(parts) > 1 and min(map(len, parts)) > 1 and max(map(len, parts)) <= 4 and not COMPOUND.fullmatch(parts[0])
    if SEVERAL.search(name) or two:
        raise BadValue(gettext("Does this name several persons? Only one can stand here, without a space in the name."))
    return HAN_SPACE.sub("", " ".join(name.split()))


def person_name(text: str, digits: int = 0) -> str:
    """A person's name (`docs/domain` §2.0), with at most `digits` digits to distinguish people of the same name. Raises
    BadValue."""
    name = one_name(text)
    if name in NOBODY:
        raise BadValue(gettext("This is no name; please leave it blank."))
    if "*" in name:
        raise BadValue(gettext("So hidden values are shown; please write the whole value."))
    if (
        not SHORTEST <= len(name) <= LONGEST
        or not any(map(str.isalpha, name))
        or sum(ch.isdigit() for ch in name) > digits
    ):
        raise BadValue(gettext("A person's name of 2 to 50 characters, please."))
    refuse_personal(name)
    return name


def of_nobody(text: str) -> tuple[str, str]:
    """Replace placeholders such as 无 in a name column by a blank, with a remark."""
    if "".join(text.split()) in NOBODY:
        return "", gettext("“%(text)s” names nobody; left blank", text=text)
    return text, ""


def of_no_phone(text: str) -> tuple[str, str]:
    """Replace placeholders such as 无 in a telephone column by a blank, with a remark."""
    if "".join(text.split()) in NOBODY:
        return "", gettext("“%(text)s” is no number; left blank", text=text)
    return text, ""


def one_width(text: str) -> str:
    """NFKC, but ideographs are kept as written."""
    return OTHER_THAN_COMPATIBILITY.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)


def name_key(text: str) -> str:
    """Comparison key, the same for all spellings of a name (`docs/domain` §2.0); never shown."""
    narrow = unicodedata.normalize("NFKC", text).translate(DOTS)
    return "".join(narrow.replace("·", "").casefold().split())


def column_key(column: Any) -> Any:
    """The comparison key of a column of names as an SQL expression. Some names were stored before they were
    normalized."""
    found = column
    for sign in UNCOMPARED:
        found = func.replace(found, sign, "")
    return func.lower(found)


MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
LANDLINE = re.compile(r"0\d{2,3}-\d{7,8}(-\d{1,6})?", re.ASCII)
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－ー", "-"))
COUNTRY = re.compile(r"^(?:\+|00)86-?0?(?=[1-9])|^86-?0?(?=[1-9]\d{1,2}-)")
EXTENSION = re.compile(r"(?<=\d)[-,;]?(?:转|轉|分机号?|分機號?|内线|ext\.?|x|#)[:.]?(?=\d)", re.IGNORECASE)
# Two digits and a leading nought for the great cities (010, 020 to 029), three for all others.
AREA = re.compile(r"(010|02\d|0[3-9]\d{2})-?(\d{3,4}-\d{4}|\d{7,8})(-\d{1,6})?", re.ASCII)


def phone_number(text: str) -> str:
    """Normalize a telephone number: 15400000001, 022-66300001 or 022-66300001-801.

    Accepts grouped digits, country code, brackets, and words before an extension. Text that is no number is returned
    for the kind to refuse.
    """
    narrow = re.sub(r"[\s()\[\]]", "", unicodedata.normalize("NFKC", text).translate(DASHES)).removesuffix(".0")
    digits = re.sub("[-.]", "", narrow)
    mobile = re.fullmatch(r"(?:(?:\+|00)?86|0)?(1[3-9]\d{9})", digits, re.ASCII)
    if mobile:
        return mobile[1]
    national = COUNTRY.sub("0", EXTENSION.sub("-", narrow))
    found = AREA.fullmatch(national)
    if not found:
        return national
    return f"{found[1]}-{found[2].replace('-', '')}{found[3] or ''}"
