"""Signing in and out, and what nobody sees without it."""

import pytest


def test_whoever_is_not_signed_in_gets_the_sign_in_page(visit):
    for path in ("/", "/agreements/list/", "/nowhere"):
        answer = visit().look(path)
        assert answer.status == 302
        assert answer.response.location.startswith("/login/")


def test_a_wrong_password_is_refused_in_words(visit):
    visitor = visit()
    visitor.look("/login/")
    answer = visitor.post("/login/", username="filler01", password="wrong")
    assert answer.notices("error") == ["账号或密码不正确。"]
    assert answer.one("#username")["value"] == "filler01"


def test_signing_in_leads_back_to_the_page_asked_for(visit):
    visitor = visit()
    wanted = visitor.look("/agreements/list/?q=x").response.location
    visitor.look(wanted)
    assert (
        visitor.post(wanted, username="auditor", password="Demo-12345678").response.location == "/agreements/list/?q=x"
    )


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_to_another_host(visit, target):
    visitor = visit()
    visitor.look("/login/")
    answer = visitor.post(f"/login/?next={target}", username="auditor", password="Demo-12345678")
    assert answer.response.location == "/"


def test_signing_out_is_a_post(visit):
    visitor = visit("auditor")
    assert visitor.look("/logout/").status == 405
    assert visitor.post("/logout/").status == 302
    assert visitor.look("/").status == 302
