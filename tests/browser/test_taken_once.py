"""What can be taken only once is offered no more when it has been."""

from __future__ import annotations

import pytest
from openpyxl import Workbook

pytestmark = [pytest.mark.browser, pytest.mark.one_database]


def test_rejected_rows_are_fetched_before_a_run_and_once_after_it(open_as, tmp_path):
    book = Workbook()
    for row in (
        ["小组名称", "所在单位", "成立时间"],
        ["下载一次测试小组", "区纪委监委机关", "2026-03-01"],
        ["下载两次测试小组", "没有的单位", "2026-03-01"],
    ):
        book.active.append(row)
    book.save(tmp_path / "groups.xlsx")
    page = open_as("reviewer")
    page.goto("/study_groups/import")
    page.set_input_files('input[type="file"]', tmp_path / "groups.xlsx")
    page.locator('.form-actions button[type="submit"]').first.click()
    page.wait_for_selector("[data-outcome]")
    errors = page.locator('button[formaction$="/errors"]')
    for _ in range(2):
        with page.expect_download() as taken:
            errors.click()
    page.locator('button[formaction$="/run"]').click()
    page.wait_for_selector("[data-outcome][data-level=success]")
    with page.expect_download() as taken:
        errors.click()
    assert taken.value.suggested_filename.endswith(".xlsx")
    errors.wait_for(state="detached")
    assert page.locator("[data-count=rejected]").inner_text() == "1"
