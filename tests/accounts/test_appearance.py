"""Light or dark, large type and roomy lists: the choice of a browser."""

import pytest


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ({"theme": "dark"}, ' data-bs-theme="dark" data-no'),
        ({"theme": "light", "large": "1"}, ' data-bs-theme="light" class="large" data-no'),
        ({"theme": "system"}, " data-no"),
        ({"theme": "neon"}, " data-no"),
    ],
)
def test_pages_look_as_was_chosen_in_this_browser(visit, sent, shown):
    visitor = visit("filler01")
    answer = visitor.post("/appearance/", **sent, next="/agreements/list/?q=x")
    assert answer.status == 303
    assert answer.response.location == "/agreements/list/?q=x"
    head = visitor.look("/agreements/list/").text.partition("<head>")[0]
    assert f'lang="en"{shown}' in head


@pytest.mark.parametrize("written", ["", "dark.large.unheard", "light<script>", "系统", "a" * 4000])
def test_a_cookie_of_unknown_words_changes_nothing(visit, written):
    visitor = visit("filler01")
    visitor.client.set_cookie("appearance", written)
    head = visitor.look("/").text.partition("<head>")[0]
    assert "data-bs-theme" not in head or written.startswith("dark.")
    assert "unheard" not in head


def test_the_choice_never_leads_to_another_host(visit):
    answer = visit("filler01").post("/appearance/", theme="dark", next="https://elsewhere.example/x")
    assert answer.response.location == "/"
