"""Units of measure: in cells (3万元), in headings (经费/万元) and in a line above a table (单位：万元)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

SCALES = {
    "": 1,
    "十": 10,
    "百": 100,
    "佰": 100,
    "千": 1000,
    "仟": 1000,
    "万": 10_000,
    "亿": 10**8,
    "十万": 10**5,
    "百万": 10**6,
    "千万": 10**7,
    "w": 10_000,
    "k": 1000,
}
YUAN = ("元", "圆", "元人民币", "元整", "人民币元", "rmb", "cny")
FOREIGN = ("美元", "欧元", "港元", "港币", "澳元", "日元", "英镑", "usd", "eur", "hkd")
PEOPLE = ("人次", "人", "名", "位", "个", "个人")
EVENTS = ("次", "场次", "场", "期", "个", "回")
COPIES = ("份", "式", "套", "本")
THINGS = (*EVENTS, *COPIES, "户次", "户", "家", "件", "条", "篇", "项", "处", "岁", "册", "辆", "公里", "平方米")
TIMES = ("小时", "分钟", "天", "周", "月", "年", "日")
COUNTED = (*PEOPLE, *THINGS)
SHARES = ("%", "‰")
NOUNS = (*YUAN, *FOREIGN, *PEOPLE, *THINGS, *TIMES, *SHARES)


def one_of(words: tuple[str, ...] | dict[str, int]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


UNIT = re.compile(rf"(?P<scale>{one_of(SCALES)})(?P<noun>{one_of(NOUNS)})?")
MEASURED = re.compile(rf"(?P<number>[+-]?[\d,. ]*\d)\s*(?P<unit>(?:{one_of(SCALES)})\s*(?:{one_of(NOUNS)})?)", re.ASCII)
OPENING, CLOSING = "(（\\[［【〔〖{｛", ")）\\]］】〕〗}｝"
# 经费（万元）, 经费[单位：万元], 经费/万元, 经费 万元; without a sign between only what has a scale: 经费万元.
LAST = re.compile(
    rf"^(?P<name>.*?)\s*(?:[{OPENING}/:：,，、_\-—\s]\s*(?:(?:金额|计量|货币)?单位\s*[:：为]?\s*)?"
    rf"(?P<apart>[^{OPENING}{CLOSING}\s]+?)"
    rf"|(?P<joined>(?:{one_of(SCALES)})(?:{one_of(YUAN)})|[万千亿]人次?))\s*[{CLOSING}]?\s*$",
    re.DOTALL,
)
SAID = re.compile(r"单位\s*(?:[:：]|均?[为以])\s*([^\s，。；;)）\]】]+)|以\s*(\S+?)\s*(?:为单位|计算?)")
ALONE = re.compile(rf"[{OPENING}]\s*([^{OPENING}{CLOSING}\s]+?)\s*[{CLOSING}]")
SEVERAL = re.compile(r"[、,，/和]")


def narrow(text: str) -> str:
    """Normal form of a text for comparing units: half-width, lower case, single spaces, 万 for 萬."""
    found = " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
    return found.replace("萬", "万").replace("億", "亿").replace("圓", "圆")


def parts(unit: str) -> tuple[int, str] | None:
    """The factor and the noun of a unit ("" if it has none); None if the text is no unit."""
    found = UNIT.fullmatch("".join(narrow(unit).split()))
    if found is None or not found[0]:
        return None
    return SCALES[found["scale"]], found["noun"] or ""


def measured(text: str) -> tuple[str, int, str] | None:
    """The number before a unit, the unit's factor, and its noun."""
    found = MEASURED.fullmatch(narrow(text))
    told = parts(found["unit"]) if found else None
    return None if found is None or told is None else (found["number"], *told)


def split_heading(header: str) -> tuple[str, str]:
    """The heading without the unit at its end, and that unit; "" when it ends with none."""
    found = LAST.match(header.strip())
    unit = (found["apart"] or found["joined"] or "") if found else ""
    if found is None or parts(unit) is None:
        return header, ""
    return found["name"].strip(), unit


def said_in(text: str) -> Iterator[str]:
    """The units given in a line above or below a table: 单位：万元, （单位：人、万元）, 收支表（万元）."""
    told = [group for found in SAID.finditer(text) for group in found.groups() if group]
    for word in (*told, *ALONE.findall(text)):
        yield from (part for part in SEVERAL.split(word) if parts(part) is not None)
