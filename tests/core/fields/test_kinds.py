"""What each kind of field makes of what people type (`docs/domain` §2.0)."""

from __future__ import annotations

import re
import time
from datetime import date
from decimal import Decimal

import pytest
from flask_babel import force_locale
from sqlalchemy import literal, select

from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.fields import (
    PEOPLE,
    BadValue,
    Choice,
    Code,
    Codes,
    Day,
    Landline,
    Mobile,
    Money,
    Month,
    Names,
    OneName,
    Percent,
    PersonalMoney,
    PersonalPhone,
    PersonName,
    Phone,
    Text,
    Whole,
    YesNo,
)
from portal.core.fields.choices import word
from portal.core.fields.people.names import column_key, name_key
from portal.core.search import contains, fold
from portal.extensions import db
from portal.ledgers.assistance.model import AGE_BANDS
from portal.org.codes import seeded
from portal.org.encrypted import Sealed


@pytest.fixture
def typing(on_sqlite):
    """Inside a request, in English, as the kinds need it for their messages and code lists."""
    with on_sqlite.app.test_request_context(), force_locale("en"):
        yield


READ = [
    (Text(5), " 五个字 ", "五个字"),
    (Text(5), "ab\x00\x07c", "abc"),
    (Text(20), "王·明  二", "王·明 二"),
    (Text(20, lines=True), "一\r\n二", "一\n二"),
    (Text(30), "91350100M000100Y43", "91350100M000100Y43"),
    (Text(30), "编号110105194912310021", "编号110105194912310021"),
    (Whole(0, 50), "１２", 12),
    (Whole(0, 5000), "1,200", 1200),
    (Whole(0, 50), "12.0", 12),
    (Money(), "１,２３４.５", Decimal("1234.50")),
    (Money(), "¥80元", Decimal("80.00")),
    (Percent(), "80%", Decimal("80.00")),
    (Percent(), "８０．５％", Decimal("80.50")),
    *(
        (Day(), text, date(2026, 6, 30))
        for text in ("2026-06-30", "2026.6.30", "2026/6/30", "2026年6月30日", "20260630")
    ),
    (Day(), "46203", date(2026, 6, 30)),
    (Day(), "２０２６ － ６ － ３０".replace("－", "-"), date(2026, 6, 30)),
    *(
        (Day(), text, date(2026, 6, 30))
        for text in ("2026年6月30日上午", "2026.6.30 下午2点半", "2026-06-30 9:00—11:00", "2026年6月30日（周二）晚")
    ),
    (Month(), "1995.03", date(1995, 3, 1)),
    (Month(), "1995年3月", date(1995, 3, 1)),
    (YesNo(), "是", True),
    (YesNo(), "√", True),
    (YesNo(), "否", False),
    (YesNo(), "", False),
    (Choice(("a", "Alpha"), ("b", "Beta")), "Beta", "b"),
    (Code("C05"), "2", "2"),
    (Code("C05"), "场地设施", "2"),
    (Code("C05"), "場地設施", "2"),
    (Code("C05"), "Venues and facilities", "2"),
    (Phone(), "022 - 12345678", "022-12345678"),
    (Phone(), "０２２－１２３４５６７８", "022-12345678"),
    (Text(60), "第一\u3000二\u00a0三\u2003四", "第一 二 三 四"),
    (Text(60), "\U0002ebf0\U000323b0\U00031350", "\U0002ebf0\U000323b0\U00031350"),
    (Text(60), "\uf900\ufa0e豈", "\uf900\ufa0e豈"),
    (Text(60), "👩\u200d🏫 葛\U000e0100", "👩\u200d🏫 葛\U000e0100"),
    (Text(60), "\ufeff甲\u202e乙\u2028丙", "甲乙 丙"),
    (Money(), "3.5万元", Decimal("35000.00")),
    (Money(), "￥1,234.50", Decimal("1234.50")),
    (Percent(), "85.10000000000001", Decimal("85.10")),
    *((Money(), text, Decimal(30_000)) for text in ("3万", "30,000元整", "30千元", "3W", "3萬圓", "RMB30000")),
    (Money(), "3.5百万元", Decimal(3_500_000)),
    (Whole(of=PEOPLE), "12人次", 12),
    (Whole(of=PEOPLE), "1.2万人", 12_000),
    (Landline(), "（022）66300001", "022-66300001"),
    (OneName(), "艾力 ・买买提", "艾力·买买提"),
    (Names(), "王　明、李  小 四", "王明、李小四"),
    (Names(), "副局长 王明", "副局长 王明"),
    (YesNo(), "有", True),
    (YesNo(), "×", False),
    (Code("C13"), "（困难群众）", "1"),
    (Code("C13"), "困 难 群 眾。", "1"),
    (Code("C13"), "老党员", "2"),
    *(
        (Phone(), text, "022-66300001")
        for text in ("（022）66300001", "02266300001", "022 6630 0001", "+86-22-66300001", "022—66300001")
    ),
    *(
        (Phone(), text, "022-66300001-801")
        for text in ("022-66300001转801", "02266300001 分机：801", "022-66300001ext.801")
    ),
    *(
        (Day(), text, date(2026, 6, 30))
        for text in (
            *(
                "2026年\n6月30日",
                "2026.6.30.",
                "2026年6月30日（周二）",
                "2026–6–30",
                "2026—6—30",
                "2026、6、30",
                "2026 6 30",
            ),
            *(
                "2026/6/30 8:30:00 AM",
                "2026年6月30日 上午8时30分",
                "二〇二六年六月三十日",
                "26年6月30日",
                "2026\\6\\30",
            ),
        )
    ),
]
REFUSED = [
    (Text(3), "四个字符", "At most 3 characters; there are 4."),
    (Text(9, least=2), "王", "At least 2 characters."),
    (Text(9, pattern=r"\d{6}"), "12345", "This does not have the expected form."),
    (Text(50), "身份证11010519491231002X。", "Please do not write ID numbers in text."),
    (Text(50), "请拨１３９１２３４５６７８", "Please do not write mobile numbers in text."),
    (Text(50), "秘密★一年", "This portal must not hold secrets: text with a secrecy mark is refused."),
    (Whole(0, 50), "51", "From 0 to 50, please."),
    (Whole(0, 50), "1.5", "This must be a whole number."),
    (Whole(0, 50), "NaN", "This is not a number."),
    (Money(), "-1", "An amount from 0 to 9,999,999,999.99, please."),
    (Money(), "1.234", "At most two decimals."),
    (Percent(), "101", "A percentage from 0 to 100, please."),
    *((Money(), text, "This is not a number.") for text in ("约3万", "3-5万", "若干", "3万5千", "$300", "300元/月")),
    (Money(), "300美元", "This is not counted in “美元” here."),
    (Whole(of=PEOPLE), "300户", "This is not counted in “户” here."),
    *((Whole(of=PEOPLE), text, "This is not a number.") for text in ("约30人", "10-20人", "30余人", "30+", "3男2女")),
    (Landline(), "15400000001", "This is not an office phone; write it like 022-12345678."),
    (OneName(), "待定", "This is no name; please leave it blank."),
    (OneName(), "王明15400000001", "A person's name of 2 to 50 characters, please."),
    (PersonName(), "王*明", "So hidden values are shown; please write the whole value."),
    (Day(), "20243", "This is not a date; write it like 2026-06-30."),
    (Day(), "2026-02-30", "This is not a date; write it like 2026-06-30."),
    (Day(), "1899-01-01", "The year must lie between 1900 and 2100."),
    (Day(past=True), "2026-07-01", "This day is still to come."),
    (Month(), "1995.13", "This is not a month; write it like 1995.03."),
    (YesNo(), "perhaps", "Yes or no, please."),
    (YesNo(), "非常", "Yes or no, please."),
    (Text(9), "\ue001", "The character U+E001 cannot be kept: it means something else elsewhere."),
    (Money(), "1,5", "This is not a number."),
    (Whole(), "约8人", "This is not a number."),
    *((Day(), text, "This is not a date; write it like 2026-06-30.") for text in ("26.6.30", "6/30/2026", "2026年6月")),
    *(
        (Code("C13"), text, None)
        for text in (
            "非困难群众",
            "原困难党员",
            "困难党员（已脱困）",
            "拟定为困难群众",
            "困难群众或困难党员",
            "党员",
            "困难",
        )
    ),
    (PersonName(), "王*", "So hidden values are shown; please write the whole value."),
    *(
        (PersonName(), text, "Does this name several persons? Only one can stand here, without a space in the name.")
        for text in ("王明、李华", "王明/李华", "王明 李华", "王明\n李华", "王某等3人", "王明和李华")
    ),
    (Choice(("a", "Alpha")), "c", "This is not one of the choices: Alpha"),
    (Code("C21"), "77", None),
    (Code("C07"), "2", None),
    (Mobile(), "022-12345678", "This is not a mobile number: 11 digits, please."),
    (Phone(), "1234", "This is not a phone number; write it like 022-12345678."),
]


@pytest.mark.usefixtures("typing")
@pytest.mark.parametrize(("kind", "text", "value"), READ, ids=lambda part: f"{part!s:.20}")
def test_what_is_typed_is_read_in_the_many_ways_people_write_it(kind, text, value):
    assert kind.parse([text], None) == value


@pytest.mark.usefixtures("typing")
@pytest.mark.parametrize(("kind", "text", "why"), REFUSED, ids=lambda part: f"{part!s:.20}")
def test_what_cannot_be_meant_is_refused_in_words(kind, text, why):
    with pytest.raises(BadValue) as fault:
        kind.parse([text], None)
    assert str(fault.value) == why if why else str(fault.value).startswith("This is not one of the choices: ")


ID = "Please do not write ID numbers in text."
MOBILE = "Please do not write mobile numbers in text."
SECRET = "This portal must not hold secrets: text with a secrecy mark is refused."


@pytest.mark.usefixtures("typing")
@pytest.mark.parametrize(
    ("why", "texts"),
    [
        (
            ID,
            (
                "110105 19491231 002X",
                "110105-1949-1231-002x",
                "１１０１０５１９４９１２３１００２Ｘ",
                "110105—19491231—002X",
            ),
        ),
        (ID, ("1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "编号12 110105 19491231 002X")),
        (MOBILE, ("+8615400001234", "8615400001234", "0086-15400001234", "015400001234", "(+86)15400001234")),
        (MOBILE, ("154 0000 1234", "154-0000-1234", "154.0000.1234", "154—0000—1234", "+86 154 0000 1234")),
        (
            SECRET,
            (
                "祕密★",
                "机密⭐",
                "机密✩",
                "机密✭",
                "机密＊",
                "机密*",
                "机 密★",
                "★机密",
                "机密（★）",
                "绝密\ufe0f★\ufe0f",
            ),
        ),
    ],
    ids=("id", "spaced id", "mobile", "grouped mobile", "secret"),
)
def test_what_must_not_stand_in_text_is_found_however_it_is_written(why, texts):
    for text in texts:
        with pytest.raises(BadValue) as fault:
            Text(60).parse([f"情况{text}。"], None)
        assert str(fault.value) == why, text


@pytest.mark.usefixtures("typing")
@pytest.mark.parametrize(
    "text",
    ["2026-06-30", "2026.06.30", "12345678.90", "￥13,900,000,000", "022-12345678", "400-800-1234", "1390000000",
     "1540000123456", "6222021234567890123", "GJ2025-002-0003", "GJ2025-138-0003 2026年", "GJ2025-138-0003-2026",
     "15 4000 人", "2024-2025 1300 0000", "保密工作", "不属机密", "*机密文件不得上网"],
)  # fmt: skip
def test_ordinary_numbers_and_words_may_stand_in_text(text):
    assert Text(60).parse([text], None)


@pytest.mark.usefixtures("typing")
def test_searching_a_long_text_takes_no_time():
    started = time.monotonic()
    assert Text(4000, lines=True).parse(["1  9 - " * 500 + "人"], None)
    assert time.monotonic() - started < 1


@pytest.mark.usefixtures("typing")
@pytest.mark.parametrize(("kind", "text", "value"), READ, ids=lambda part: f"{part!s:.20}")
def test_what_stands_in_a_form_is_the_value_again(kind, text, value):
    assert kind.parse(kind.typed(value) or [""], value) == value


@pytest.mark.usefixtures("typing")
def test_nothing_typed_is_no_value():
    for kind in (Text(5), Whole(), Money(), Percent(), Day(), Month(), Code("C05"), Codes("C02"), Phone(), Mobile()):
        assert kind.parse([" "], None) is None


@pytest.mark.usefixtures("typing")
def test_a_disabled_code_stays_where_it_is():
    assert Code("C07").parse(["2"], "2") == "2"
    assert "2" not in dict(Code("C07").options())
    assert Code("C07").show("2") == "Epidemic prevention and control"


@pytest.mark.usefixtures("typing")
def test_several_codes_are_kept_once_and_in_official_order():
    assert Codes("C02").parse(["", "3", "1", "3"], None) == ("1", "3")


@pytest.mark.usefixtures("typing")
def test_a_mobile_number_is_sealed_and_shown_masked():
    for kind in (Mobile(), Phone()):
        value = kind.parse(["154 0000 0001"], None)
        assert isinstance(value, Sealed)
        assert (kind.show(value), kind.typed(value), str(value)) == ("154****0001", ["154****0001"], "******")
        assert kind.parse(["154****0001"], value) is value
        with pytest.raises(BadValue):
            kind.parse(["154****0001"], None)


@pytest.mark.usefixtures("typing")
def test_an_amount_given_to_somebody_is_sealed_and_shown_masked():
    kind = PersonalMoney()
    value = kind.parse(["¥1,234.5元"], None)
    assert isinstance(value, Sealed)
    assert value == Sealed.of("1234.50")
    assert (kind.show(value), kind.typed(value), kind.cell(value), str(value)) == ("***", ["***"], "***", "******")
    assert (kind.in_full(value), kind.amount(value)) == ("1,234.50", Decimal("1234.50"))
    assert kind.parse(["***"], value) is value
    for text in ("***", "-1", "1.234"):
        with pytest.raises(BadValue):
            kind.parse([text], None)
    assert kind.retell(["300.00"]) == "***"


@pytest.mark.usefixtures("typing")
def test_an_office_phone_is_plain():
    assert Phone().parse(["022-00000001-12"], None) == "022-00000001-12"


def test_amounts_and_rates_are_shown_the_usual_way(typing):
    assert Money().show(Decimal("1234.5")) == "1,234.50"
    assert Percent().show(Decimal("80.00")) == "80%"
    assert Month().show(date(1995, 3, 1)) == "1995.03"
    assert [Money().show(None), Percent().show(None), Day().show(None), YesNo().show(None)] == [""] * 4


@pytest.mark.usefixtures("typing")
def test_an_age_is_taken_for_its_band_and_that_is_said():
    read = AGE_BANDS.reading((), "", ())
    for text, band in (
        ("65", "60"),
        ("70岁", "70"),
        ("六十九周岁", "60"),
        ("１７", "0"),
        ("八十", "80"),
        ("102.0", "80"),
    ):
        assert AGE_BANDS.parse([text], None) == band
        assert AGE_BANDS.show(band) in read(text)[1]
    assert AGE_BANDS.parse(["70–79"], None) == "70"
    assert read("70–79") == ("70–79", "")
    for text in ("1958年", "165", "约70", "65/70", "-5", "65.5", "十几岁"):
        with pytest.raises(BadValue):
            AGE_BANDS.parse([text], None)


def test_one_name_is_one_person_however_it_is_written(typing):
    for written in (
        ("王明", "王 明", "王\u3000明"),
        ("艾力·买买提", "艾力•买买提", "艾力 ・ 买买提"),
        ("欧阳小明", "欧阳 小明"),
    ):
        values = [PersonName().parse([text], None) for text in written]
        assert len({*values}) == 1
    assert values[1].reveal() == "欧阳小明"
    assert PersonName().parse(["王明"], None) != PersonName().parse(["王民"], None)


@pytest.mark.usefixtures("typing")
def test_a_name_that_was_stored_before_names_had_one_form_is_found_all_the_same():
    for stored in ("艾力•买买提", "艾力 ・ 买买提", "艾力　买买提", "艾力·买买提"):
        assert db.session.scalar(select(column_key(literal(stored)))) == name_key("艾力·买买提")
    for asked in ("艾力•买买提", "艾力・买买提", "艾力·买买提"):
        assert db.session.scalar(select(contains(literal(fold("艾力·买买提")), asked)))


@pytest.mark.usefixtures("typing")
def test_the_name_of_a_member_has_nothing_in_brackets_and_nothing_stands_for_no_telephone():
    with pytest.raises(BadValue):
        OneName().parse(["王明（女）"], None)
    for kind in (Mobile(), PersonalPhone(), Phone(), Landline()):
        text, said = kind.reading((), "", ())("无")
        assert (text, "无" in said) == ("", True)
        assert kind.reading((), "", ())("022-66300001") == ("022-66300001", "")


@pytest.mark.usefixtures("typing")
def test_a_month_that_may_have_lost_its_nought_is_asked_about():
    kind = Month()
    with pytest.raises(BadValue, match="October"):
        kind.reading(("1980.1", "1981.11", "1982.5"), "", ())("1980.1")
    assert kind.reading(("1980.1", "1981.10"), "", ())("1980.1") == ("1980.1", "")
    assert kind.reading(("1980.1", "1981.11"), "", ())("1981.11") == ("1981.11", "")


@pytest.mark.usefixtures("typing")
def test_a_name_with_a_post_or_another_name_is_not_the_name_of_somebody_who_is_helped():
    for text in ("王明（已故）", "王明&李四", "王明+李四", "王明—李四", "王明 李四", "王明等3人"):
        with pytest.raises(BadValue):
            PersonName().parse([text], None)


def test_an_error_of_a_sheet_is_a_value_of_no_kind_but_may_be_written_about_in_a_form(typing):
    for kind in (Text(20), Day(), Whole(), Code("C13"), PersonName(), Phone()):
        for text in ("#REF!", "1.54E+10"):
            with scope.doing("import"), pytest.raises(BadValue, match="sheet"):
                kind.parse(kind.from_cell(text), None)
    assert Text(20).parse(["#REF!"], None) == "#REF!"


def test_labels_in_one_cell_are_several_codes_and_what_counts_them_is_none(typing):
    kind = Codes("C02")
    for text in ("1、组织共建 2、资源共享", "1.资源共享；2.组织共建", "组织共建/资源共享", "①组织共建②资源共享"):
        assert kind.parse(kind.from_cell(text), None) == ("1", "3")
    english = ("Building organisations together, Shared resources", "Shared resources Building organisations together")
    for text in english:
        assert kind.parse(kind.from_cell(text), None) == ("1", "3")
    assert kind.from_cell("资源共享 送 米面，陪伴") == ["资源共享", "送 米面", "陪伴"]


@pytest.mark.usefixtures("typing")
def test_no_word_of_offices_means_two_values_or_the_label_of_another():
    """Over every list of codes and every choice of the registry."""
    for name, spec in seeded().items():
        pairs = [(text, item["code"]) for item in spec["items"] for text in (item["zh_Hans"], *item.get("also", ()))]
        assert len({(word(text), code) for text, code in pairs}) == len({word(text) for text, _ in pairs}), name
    fields = [field for ledger in mounted() for field in ledger.fields_by_name.values()]
    for kind in [field.kind for field in fields if isinstance(field.kind, Choice)]:
        for value, words in kind.also.items():
            assert value in kind.labels
            assert [kind.parse_text(text, None) for text in words] == [value] * len(words), words


@pytest.mark.usefixtures("typing")
def test_offices_words_for_codes_are_known_and_of_others_the_nearest_code_is_named():
    known = {("C41", "行政机关"): "13", ("C43", "中共预备党员"): "2", ("C43", "中共党员"): "1", ("C40", "支部"): "40"}
    assert {key: Code(key[0]).parse_text(key[1], None) for key in known} == known
    refused = {
        ("C43", "党员"): "meant?",
        ("C41", "政府机构"): "meant?",
        ("C14", "残疾"): "(15 in all); Is “",
        ("C28", "不知道"): "(14 in all)",
    }
    for (code_list, text), said in refused.items():
        with pytest.raises(BadValue, match=re.escape(said)):
            Code(code_list).parse_text(text, None)
    for text in ("非事业单位", "不知道"):
        with pytest.raises(BadValue, match=r"^(?!.*meant)"):
            Code("C41").parse_text(text, None)
