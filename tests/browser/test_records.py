"""Records in a real browser: what is printed is paper."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.one_database]


def test_a_record_prints_as_a_sheet_to_sign_without_controls(open_as):
    page = open_as("filler01")
    page.goto("/agreements/list/?status=draft")
    page.locator("td.title-cell a").first.click()
    page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    page.click("[data-print]")
    assert page.evaluate("() => window.printed")
    page.emulate_media(media="print", color_scheme="dark")
    for shown in (".record-kind", ".record-meta .on-paper", ".signatures", ".show-grid .blank >> nth=0"):
        assert page.is_visible(shown), shown
    for control in page.locator("button, summary, input, .btn, .app-sidebar, .app-top, .unfilled").all():
        assert not control.is_visible()
    assert page.evaluate("() => getComputedStyle(document.querySelector('.record')).color") == "rgb(0, 0, 0)"


def test_print_is_offered_only_where_it_works(open_as):
    page = open_as("filler01", scripts=False)
    page.goto("/agreements/list/")
    page.locator("td.title-cell a").first.click()
    assert not page.is_visible("[data-print]")
