"""Every type of page, its menus open, by axe-core: at a desk by day and on a phone by night."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
PAGES = {
    "reviewer": (
        *("/", "/agreements/list/?status=active&q=社区", "/agreements/show/2", "/agreements/add", "/agreements/edit/2"),
        *("/agreements/2/history", "/agreements/import", "/agreements/figures", "/units/tree", "/search/?q=社区"),
        *("/overdue/", "/reviews/list/", "/visits/list/", "/visits/add", "/service_projects/show/1"),
    ),
    "admin": (
        *("/roles/list/", "/roles/edit/9", "/accounts/list/", "/accounts/add", "/my_password/", "/sign_in_rules/"),
        *("/jobs/", "/rights/list/"),
    ),
    "filler01": ("/", "/agreements/list/", "/nowhere"),
    "auditor": ("/audit/", "/samples/"),
}
OPEN_MENUS = "document.querySelectorAll('.drop, .filter-panel').forEach((each) => { each.open = true; })"
FOUND = """async () => {
    const found = await axe.run();
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`);
}"""


@pytest.mark.parametrize(("width", "theme"), [(1400, "light"), (390, "dark")])
@pytest.mark.parametrize("username", PAGES)
def test_pages_have_no_fault_that_axe_finds(open_as, username, width, theme):
    page = open_as(username, width)
    page.emulate_media(color_scheme=theme)
    faults = []
    for path in PAGES[username]:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.evaluate(OPEN_MENUS)
        page.evaluate(AXE)
        faults += [f"{path} {fault}" for fault in page.evaluate(FOUND)]
    open_as.troubles.clear()  # the page that is nowhere says so
    assert faults == []
