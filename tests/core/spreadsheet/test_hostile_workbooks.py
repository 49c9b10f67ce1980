"""Small files that stand for very much: each is refused in words by the reader's process, within its bounds."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from flask_babel import force_locale

from portal.core.spreadsheet.reader import workbook
from portal.core.spreadsheet.reader.workbook import Unreadable, read

pytestmark = pytest.mark.one_database
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
ODF = "urn:oasis:names:tc:opendocument:xmlns"
# Those of the office are as high as its largest sheets need; these make the same cases small.
LOW = {"MOST_ROWS": 40, "MOST_CELLS": 200, "MOST_CHARACTERS": 2_000, "MOST_SHEETS": 5, "MOST_MERGED": 60}
LOW |= {"MOST_PARTS": 20, "MOST_UNPACKED": 2**20}
ROW = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>甲</t></is></c></row>'


def xlsx(
    rows: str = "", *, after: str = "", before: str = "", sheets: int = 1, doctype: str = "", strings: str = ""
) -> bytes:
    """All of its sheets are one part."""
    names = "".join(f'<sheet name="S{n}" sheetId="{n + 1}" r:id="r1"/>' for n in range(sheets))
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{LINKS}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{LINKS}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{LINKS}/worksheet"'
        f' Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{LINKS}/sharedStrings"'
        ' Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"{doctype}<worksheet {MAIN}>{before}<sheetData>{ROW.format(1)}{rows}</sheetData>"
        f"{after}</worksheet>",
    }
    if strings:
        parts["xl/sharedStrings.xml"] = f"<sst {MAIN}><si><t>{strings}</t></si></sst>"
    return zipped(parts)


def ods(rows: str, columns: str = "") -> bytes:
    spaces = " ".join(f'xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "table", "text"))
    table = f'<table:table table:name="S">{columns}{rows}</table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = "<manifest:manifest xmlns:manifest='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'/>"
    content = f"<office:document-content {spaces}>{body}</office:document-content>"
    return zipped({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest})


def zipped(parts: dict[str, str]) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as made:
        for name, text in parts.items():
            made.writestr(name, text)
    return out.getvalue()


TYPED = 'office:value-type="string"'


def ods_row(times: int, cell: str = "", cells: int = 1) -> str:
    told = f'{TYPED} table:number-columns-repeated="{cells}"'
    inside = f"<table:table-cell {told}>{cell}</table:table-cell>"
    return f'<table:table-row table:number-rows-repeated="{times}">{inside}</table:table-row>'


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def with_a_false_size(content: bytes) -> bytes:
    """What the zip says of its largest part is less than it is."""
    with ZipFile(BytesIO(content)) as parts:
        told = max(part.file_size for part in parts.infolist())
    return content.replace(told.to_bytes(4, "little"), (100).to_bytes(4, "little"))


BLANKS = " " * 500_000
LAUGHS = "<!DOCTYPE a [<!ENTITY b 'bbbbbbbbbb'><!ENTITY c '&b;&b;&b;&b;'>]>"
WORD = "<text:p>甲</text:p>"
HIDDEN = '<cols><col min="1" max="16384" hidden="1"/></cols>'
MERGED = "<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 9 + "</mergeCells>"
FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
TOO_LARGE, TOO_MUCH, UNPACKS = "too large: at most", "holds too much", "Unpacked"
COSTLY, BROKEN = "too much time or memory", "cannot be read as a workbook"
# file: (content, part of what is said)
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "unpacks.xlsx": (lambda: xlsx(BLANKS * 3), UNPACKS),
    "parts.xlsx": (lambda: zipped({f"p{n}": "" for n in range(30)}), UNPACKS),
    "lies.xlsx": (lambda: with_a_false_size(xlsx(BLANKS)), BROKEN),
    "sheets.xlsx": (lambda: xlsx(sheets=9), TOO_MUCH),
    "rows.xlsx": (lambda: xlsx("".join(map(ROW.format, range(2, 60)))), TOO_LARGE),
    "columns.xlsx": (lambda: xlsx(f'<row r="2">{"<c><v>1</v></c>" * 300}</row>'), TOO_LARGE),
    "cells.xlsx": (lambda: xlsx(f'<row r="2">{"<c><v>1</v></c>" * 250}</row>'), TOO_MUCH),
    "text.xlsx": (lambda: xlsx('<row r="2"><c r="A2" t="s"><v>0</v></c></row>', strings="长" * 3_000), TOO_MUCH),
    "merged.xlsx": (lambda: xlsx(after=MERGED), TOO_MUCH),
    "far.xlsx": (lambda: xlsx(FAR), "Cell XFD1048576"),
    "far otherwise written.xlsx": (lambda: xlsx(FAR.replace('"', "'")), COSTLY),
    "entities.xlsx": (lambda: xlsx(doctype=LAUGHS), BROKEN),
    "cut.xlsx": (lambda: cut(xlsx()), BROKEN),
    "rows.ods": (lambda: ods(ods_row(10**9, WORD)), TOO_LARGE),
    "columns.ods": (lambda: ods(ods_row(1, WORD, 10**9)), TOO_LARGE),
    "both.ods": (lambda: ods(ods_row(10**9, WORD, 10**9)), BROKEN),
    "number.ods": (lambda: ods(ods_row(10**30, WORD)), BROKEN),
    "backwards.ods": (lambda: ods(ods_row(-5, WORD)), BROKEN),
    "spaces.ods": (lambda: ods(ods_row(1, '<text:p><text:s text:c="2000000000"/>a</text:p>')), COSTLY),
    "commas.csv": (lambda: b"," * 2**20, TOO_LARGE),
    "lines.csv": (lambda: b"a\n" * 60, TOO_LARGE),
    "blank lines.csv": (lambda: b"a" + b"\n" * 60 + b"b", TOO_LARGE),
    "cells.csv": (lambda: (b"a," * 99 + b"\n") * 9, TOO_MUCH),
    "text.csv": (lambda: b"a" * 3_000, TOO_MUCH),
    "zip in name only.xlsx": (lambda: b"PK\x03\x04", BROKEN),
    "compound file.xls": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_096), "as a whole"),
    "nothing.ods": (lambda: b"", BROKEN),
}


@pytest.fixture
def low(monkeypatch):
    for name, value in LOW.items():
        monkeypatch.setattr(workbook, name, value)


@pytest.mark.slow
def test_a_file_that_stands_for_too_much_is_refused_in_one_sentence(app, low, tmp_path):
    for name, (make, said) in REFUSED.items():
        path = tmp_path / name
        path.write_bytes(make())
        with app.test_request_context(), force_locale("en"), pytest.raises(Unreadable, match=said):
            pytest.fail(f"{name}: {read(path, name)}")


# What is far more than there is, but means nothing, is not taken for it.
TAKEN: dict[str, Callable[[], bytes]] = {
    "hidden.xlsx": lambda: xlsx('<row r="900000" hidden="1"/>', before=HIDDEN),
    "merged.xlsx": lambda: xlsx(after='<mergeCells><mergeCell ref="A900000:B900001"/></mergeCells>'),
    "blank.ods": lambda: ods(ods_row(1, WORD) + ods_row(10**9, "", 10**9).replace(TYPED, "")),
    "spans.ods": lambda: ods(
        ods_row(1, WORD).replace("<table:table-cell ", '<table:table-cell table:number-rows-spanned="1000000000" ')
    ),
    "blank lines.csv": lambda: "甲".encode() + b"\n" * 60,
}


def test_what_lies_beyond_all_that_is_read_is_left_out_of_what_the_portal_gets(app, low, tmp_path):
    for name, make in TAKEN.items():
        path = tmp_path / name
        path.write_bytes(make())
        with app.test_request_context():
            (sheet,) = read(path, name)
        assert sheet.rows == [["甲"]], name
        assert all(n < workbook.MOST_ROWS for n in sheet.hidden_rows), name
        assert all(n < workbook.MOST_COLUMNS for n in sheet.hidden_columns), name
        assert all(bottom < workbook.MOST_ROWS for _, _, bottom, _ in sheet.merged), name


@pytest.mark.parametrize(("name", "low_one"), [("MEMORY", 30 * 2**20), ("SECONDS", 1), ("LONGEST", 0.5)])
def test_a_reader_that_takes_too_much_is_ended_and_that_is_said(app, monkeypatch, tmp_path, name, low_one):
    monkeypatch.setattr(workbook, name, low_one)
    path = tmp_path / "a.csv"
    path.write_bytes(b"a" + b"\n" * 4_000_000 + b"b")
    with app.test_request_context(), force_locale("en"), pytest.raises(Unreadable, match=COSTLY):
        read(path, "a.csv")


def test_the_reader_knows_none_of_the_portals_settings(app, monkeypatch):
    monkeypatch.setenv("PORTAL_SECRET_KEY", "s")
    assert not [name for name in workbook.environment() if name.startswith("PORTAL_")]
