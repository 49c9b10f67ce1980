"""What belongs in a ledger, beside its list and its form; over the registry."""

from tests.test_every_ledger import readable


def test_ledgers_say_what_belongs_in_them_and_who_reviews(app, visit):
    visitor = visit("reviewer").speak("zh_Hans")
    told = [ledger for ledger in readable(app, "reviewer") if ledger.about]
    assert len(told) > 12
    for ledger in told:
        link = visitor.look(f"/{ledger.name}/list/").one(".about-link a")["href"]
        page = visitor.look(link)
        about = page.one("[data-about]").get_text(" ", strip=True)
        assert len(about) > 8, ledger.name
        assert ("审核流程" in about) == bool(ledger.review.statuses and not ledger.review.tier_of), ledger.name


def test_what_is_always_filled_in_is_what_the_form_stars(app, visit):
    visitor = visit("filler01").speak("zh_Hans")
    for name in ("agreements", "visits", "study_groups"):
        starred = [
            label.find(string=True).strip()
            for label in visitor.look(f"/{name}/add").select(".form-grid .form-label")
            if label.select(".req")
        ]
        about = visitor.look(f"/{name}/about").one("[data-about]").get_text(" ", strip=True)
        assert starred
        assert all(label in about for label in starred), name
