"""Names and identifiers of the demo (`docs/domain` §6.3, §6.4): all invented, the same every time.

Pure: no database, no clock; chance comes in as a seeded `random.Random`. Codes are those of the code
lists of `docs/domain` §10. Places in `UNITS`, `TOWNS` and `ZONES` are counted from 0, as Python does.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

# Kinds of Party organisation (C40).
COMMITTEE, GENERAL, BRANCH = "20", "30", "40"
# Natures of units (C41).
PARTY, CONGRESS, GOVERNMENT, CONSULTATIVE, JUDICIAL, MASS = "11", "12", "13", "14", "15", "16"
INSTITUTION, COMMUNITY = "20", "40"


class Unit(NamedTuple):
    """A unit of the district; `org_type` is the kind of its direct Party organisation."""

    full_name: str
    short_name: str
    nature: str
    org_type: str
    institutions: int
    aggregate_only: bool = False


class Subordinate(NamedTuple):
    """The `number`-th institution of the unit at place `parent`; `org_type` as for a unit."""

    parent: int
    number: int
    full_name: str
    short_name: str
    org_type: str
    nature: str = INSTITUTION


class Community(NamedTuple):
    """The `number`-th community (from 1) of the town at place `town`."""

    town: int
    number: int
    full_name: str


class OrgName(NamedTuple):
    """What a Party organisation is called, and its kind (C40)."""

    full_name: str
    short_name: str
    org_type: str


# The 63 in official order: 34 with a committee, 17 with a general branch, 12 with a branch. The larger
# organs have committees. The 123 institutions stand below units whose organisation may have others below
# it, so never below a branch; none below the police, who report totals only.
UNITS: tuple[Unit, ...] = (
    Unit("区纪委监委机关", "区纪委监委", JUDICIAL, COMMITTEE, 0),
    Unit("区委办公室", "区委办", PARTY, COMMITTEE, 1),
    Unit("区委组织部", "区委组织部", PARTY, COMMITTEE, 1),
    Unit("区委宣传部", "区委宣传部", PARTY, COMMITTEE, 1),
    Unit("区委统战部", "区委统战部", PARTY, GENERAL, 0),
    Unit("区委政法委员会", "区委政法委", PARTY, GENERAL, 1),
    Unit("区委社会工作部", "区委社工部", PARTY, BRANCH, 0),
    Unit("区委网信办", "区委网信办", PARTY, BRANCH, 0),
    Unit("区委编办", "区委编办", PARTY, BRANCH, 0),
    Unit("区委区级机关工委", "区级机关工委", PARTY, BRANCH, 0),
    Unit("区委巡察办", "区委巡察办", PARTY, BRANCH, 0),
    Unit("区委老干部局", "区委老干部局", PARTY, GENERAL, 2),
    Unit("区委党校", "区委党校", INSTITUTION, GENERAL, 0),
    Unit("区档案馆", "区档案馆", INSTITUTION, GENERAL, 0),
    Unit("区融媒体中心", "区融媒体中心", INSTITUTION, GENERAL, 0),
    Unit("区人大常委会机关", "区人大常委会", CONGRESS, COMMITTEE, 1),
    Unit("区政协机关", "区政协", CONSULTATIVE, COMMITTEE, 1),
    Unit("区政府办公室", "区政府办", GOVERNMENT, COMMITTEE, 2),
    Unit("区发展和改革委员会", "区发展改革委", GOVERNMENT, COMMITTEE, 3),
    Unit("区教育体育局", "区教体局", GOVERNMENT, COMMITTEE, 10),
    Unit("区科学技术局", "区科技局", GOVERNMENT, GENERAL, 1),
    Unit("区工业和信息化局", "区工信局", GOVERNMENT, COMMITTEE, 3),
    Unit("区公安局", "区公安局", GOVERNMENT, COMMITTEE, 0, aggregate_only=True),
    Unit("区民政局", "区民政局", GOVERNMENT, COMMITTEE, 5),
    Unit("区司法局", "区司法局", GOVERNMENT, COMMITTEE, 3),
    Unit("区财政局", "区财政局", GOVERNMENT, COMMITTEE, 3),
    Unit("区人力资源和社会保障局", "区人社局", GOVERNMENT, COMMITTEE, 6),
    Unit("区规划和自然资源局", "区规划资源局", GOVERNMENT, COMMITTEE, 4),
    Unit("区生态环境局", "区生态环境局", GOVERNMENT, COMMITTEE, 3),
    Unit("区住房和建设委员会", "区住房建设委", GOVERNMENT, COMMITTEE, 6),
    Unit("区城市管理委员会", "区城市管理委", GOVERNMENT, COMMITTEE, 6),
    Unit("区交通运输局", "区交通局", GOVERNMENT, COMMITTEE, 5),
    Unit("区水务局", "区水务局", GOVERNMENT, COMMITTEE, 5),
    Unit("区农业农村委员会", "区农业农村委", GOVERNMENT, COMMITTEE, 6),
    Unit("区商务和投资促进局", "区商务投促局", GOVERNMENT, COMMITTEE, 3),
    Unit("区文化和旅游局", "区文旅局", GOVERNMENT, COMMITTEE, 5),
    Unit("区卫生健康委员会", "区卫生健康委", GOVERNMENT, COMMITTEE, 9),
    Unit("区退役军人事务局", "区退役军人局", GOVERNMENT, COMMITTEE, 3),
    Unit("区应急管理局", "区应急局", GOVERNMENT, COMMITTEE, 2),
    Unit("区审计局", "区审计局", GOVERNMENT, GENERAL, 1),
    Unit("区市场监督管理局", "区市场监管局", GOVERNMENT, COMMITTEE, 3),
    Unit("区国有资产监督管理委员会", "区国资委", GOVERNMENT, COMMITTEE, 1),
    Unit("区统计局", "区统计局", GOVERNMENT, GENERAL, 1),
    Unit("区医疗保障局", "区医保局", GOVERNMENT, GENERAL, 2),
    Unit("区政务服务办公室", "区政务服务办", GOVERNMENT, GENERAL, 2),
    Unit("区信访办公室", "区信访办", GOVERNMENT, GENERAL, 1),
    Unit("区数据局", "区数据局", GOVERNMENT, BRANCH, 0),
    Unit("区海洋局", "区海洋局", GOVERNMENT, BRANCH, 0),
    Unit("区机关事务管理局", "区机关事务局", GOVERNMENT, COMMITTEE, 2),
    Unit("区国防动员办公室", "区国动办", GOVERNMENT, GENERAL, 1),
    Unit("区金融工作局", "区金融局", GOVERNMENT, BRANCH, 0),
    Unit("区合作交流办公室", "区合作交流办", GOVERNMENT, BRANCH, 0),
    Unit("区综合行政执法局", "区综合执法局", GOVERNMENT, COMMITTEE, 0),
    Unit("区人民法院", "区法院", JUDICIAL, COMMITTEE, 1),
    Unit("区人民检察院", "区检察院", JUDICIAL, COMMITTEE, 1),
    Unit("区总工会", "区总工会", MASS, COMMITTEE, 2),
    Unit("共青团区委", "团区委", MASS, GENERAL, 1),
    Unit("区妇女联合会", "区妇联", MASS, GENERAL, 1),
    Unit("区工商业联合会", "区工商联", MASS, GENERAL, 0),
    Unit("区科学技术协会", "区科协", MASS, BRANCH, 0),
    Unit("区残疾人联合会", "区残联", MASS, GENERAL, 2),
    Unit("区红十字会", "区红十字会", MASS, BRANCH, 0),
    Unit("区文学艺术界联合会", "区文联", MASS, BRANCH, 0),
)

TOWNS: tuple[str, ...] = (
    "立春街道",
    "雨水街道",
    "惊蛰街道",
    "春分街道",
    "清明街道",
    "谷雨街道",
    "立夏街道",
    "小满街道",
    "芒种街道",
    "夏至街道",
    "小暑街道",
    "大暑街道",
    "立秋街道",
    "处暑街道",
    "白露街道",
    "秋分街道",
    "寒露街道",
    "霜降街道",
    "小雪镇",
    "大雪镇",
    "冬至镇",
)
STREETS = 18
ZONES: tuple[str, ...] = ("甲开发区", "乙开发区", "丙开发区", "丁开发区", "戊开发区")
QUARTERS: tuple[str, ...] = ("海棠里", "玉兰里", "丁香里", "木槿里", "紫薇里", "芙蓉里")

COUNTY = "990116"
EMAIL_DOMAIN = "@demo.invalid"

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
    "郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余"
    "于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖"
    "石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷"
    "龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向汤"
)
DEMO_MARKS = "演示例样拟"
GIVEN = "晨宁松岚远舟禾安清川溪云竹青原野然若乐朗谷桐楠柏洲沐初元嘉予林泉帆星雨冬秋夏春晓"

# The digits of GB 32100: no I, O, S, V, Z.
CREDIT_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGAN_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def subordinate_units() -> tuple[Subordinate, ...]:
    """The 123 institutions, unit by unit in official order."""
    return tuple(
        _subordinate(parent, number) for parent, unit in enumerate(UNITS) for number in range(1, unit.institutions + 1)
    )


def _subordinate(parent: int, number: int) -> Subordinate:
    """One institution. 42 have general branches: below a committee the first, of four or more the second."""
    unit = UNITS[parent]
    general = unit.org_type == COMMITTEE and number <= (2 if unit.institutions >= 4 else 1)
    name = f"所属第{number}事业单位"
    return Subordinate(parent, number, unit.full_name + name, unit.short_name + name, GENERAL if general else BRANCH)


def communities() -> tuple[Community, ...]:
    """The 126 communities, six in each town."""
    return tuple(
        Community(town, number, f"{name}{quarter}社区")
        for town, name in enumerate(TOWNS)
        for number, quarter in enumerate(QUARTERS, start=1)
    )


def direct_org_name(unit: Unit) -> OrgName:
    """The direct Party organisation of a unit: a committee of the organ, a general branch or a branch."""
    if unit.org_type == COMMITTEE:
        return OrgName(f"中共(演示){_organ(unit)}委员会", f"{unit.short_name}机关党委", COMMITTEE)
    return _branch_like(unit.full_name, unit.short_name, unit.org_type)


def subordinate_org_name(institution: Subordinate) -> OrgName:
    """The Party organisation of an institution: a general branch or a branch."""
    return _branch_like(institution.full_name, institution.short_name, institution.org_type)


def community_org_name(community: Community) -> OrgName:
    """The Party committee of a community."""
    return OrgName(f"中共(演示){community.full_name}委员会", f"{community.full_name}党委", COMMITTEE)


def branch_name(body: Unit | Subordinate, number: int) -> OrgName:
    """The `number`-th branch (from 1) below the committee or general branch of a unit or institution."""
    nth = f"第{numeral(number)}"
    organ = "" if body.nature == INSTITUTION else "机关"
    return OrgName(f"中共(演示){_organ(body)}{nth}支部委员会", f"{body.short_name}{organ}{nth}党支部", BRANCH)


def _branch_like(full_name: str, short_name: str, org_type: str) -> OrgName:
    """The name of a general branch or of a branch."""
    if org_type == GENERAL:
        return OrgName(f"中共(演示){full_name}总支部委员会", f"{short_name}党总支", GENERAL)
    return OrgName(f"中共(演示){full_name}支部委员会", f"{short_name}党支部", BRANCH)


def _organ(body: Unit | Subordinate) -> str:
    """The name with 机关 behind it once; an institution is none."""
    if body.nature == INSTITUTION or body.full_name.endswith("机关"):
        return body.full_name
    return f"{body.full_name}机关"


def numeral(number: int) -> str:
    """1 to 99 in Chinese numerals."""
    if not 1 <= number <= 99:
        raise ValueError(f"{number} is not from 1 to 99")
    tens, ones = divmod(number, 10)
    digits = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九")
    return (digits[tens] if tens > 1 else "") + ("十" if tens else "") + digits[ones]


def person_name(rng: Random) -> str:
    """A surname, a mark of the demo and a neutral character: 20,000 names, such as 王演晨."""
    return rng.choice(SURNAMES) + rng.choice(DEMO_MARKS) + rng.choice(GIVEN)


def mobile(n: int) -> str:
    """A mobile number of the network code 154, which no operator has."""
    return f"1540000{_digits(n, 4)}"


def landline(n: int) -> str:
    """A landline number that begins with 0, which none does."""
    return f"022-0000{_digits(n, 4)}"


def email(username: str) -> str:
    """An address in a domain that cannot exist (RFC 2606)."""
    return f"{username}{EMAIL_DOMAIN}"


def area_code(town: int, community: int = 0) -> str:
    """The 12 digits of a town, or of its `community`-th community (from 1), in a county that is not."""
    place = town + 1 if town < STREETS else 101 + town - STREETS
    return f"{COUNTY}{_digits(place, 3)}{_digits(community, 3)}"


def zone_code(zone: int) -> str:
    """The 12 digits of a development zone: its places are numbered from 401."""
    return f"{COUNTY}{401 + zone}000"


def credit_code(n: int) -> str:
    """The `n`-th unified social credit code of 18 characters, of the region 990000, which is none.

    Characters 9 to 17 are an organisation code with its own check character (GB 11714, mod 11); the last
    one checks the whole (GB 32100, mod 31).
    """
    organ = f"DEM{_digits(n, 5)}"
    first = f"11990000{organ}{organ_check(organ)}"
    return first + credit_check(first)


def organ_check(code: str) -> str:
    """The check character of GB 11714: weighted sum of 8 characters (A is 10, Z is 35), mod 11, 10 is X."""
    total = sum(int(ch, 36) * weight for ch, weight in zip(code, ORGAN_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def credit_check(code: str) -> str:
    """The check character of GB 32100: sum of 17 digits of base 31, weighted by powers of 3, mod 31."""
    total = sum(CREDIT_DIGITS.index(ch) * pow(3, place, 31) for place, ch in enumerate(code))
    return CREDIT_DIGITS[-total % 31]


def _digits(n: int, width: int) -> str:
    """`n` in just so many digits; what does not fit would no longer be a harmless number."""
    if not 0 <= n < 10**width:
        raise ValueError(f"{n} does not fit in {width} digits")
    return f"{n:0{width}d}"
