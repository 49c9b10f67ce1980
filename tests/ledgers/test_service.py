"""Service projects: who proposes, who puts off, who accepts, who judges (`docs/domain` §2.5.1)."""

from __future__ import annotations

import pytest

from tests.security.walk import first, unchanged, unit_id


def of_unit(rows, n, where):
    return first(rows, "service_project", f"owner_unit_id = {unit_id(rows, n)} AND {where}")


@pytest.fixture
def project(rows):
    """A project in progress of the first unit."""
    return of_unit(rows, 1, "status = 'active' AND due_on >= '2026-06-30' AND acceptance_asked_on IS NULL")


@pytest.fixture
def proposal(rows):
    town = first(rows, "area", "kind = 'town'")
    return {
        "title": "楼道扶手加装",
        "series": "1",
        "origin": "2",
        "area_id": str(town),
        "beneficiaries": "社区老年居民",
        "lead_unit_id": str(unit_id(rows, 1)),
        "owner_name": "王演晨",
        "collected_on": "2026-06-01",
        "due_on": "2026-12-31",
    }


def test_a_town_proposes_and_goes_on_writing_its_own_draft_only(visit, rows, proposal):
    town = visit("town01")
    assert town.post("/service_projects/add", proposal).status == 302
    id_ = first(rows, "service_project", "title = '楼道扶手加装'")
    assert rows(f"SELECT owner_unit_id FROM service_project WHERE id = {id_}") == [(unit_id(rows, 1),)]
    assert town.look(f"/service_projects/edit/{id_}").status == 200
    assert visit("filler01").look(f"/service_projects/edit/{id_}").status == 200
    others = of_unit(rows, 1, "status = 'draft' AND title <> '楼道扶手加装'")
    assert town.look(f"/service_projects/edit/{others}").status in (403, 404)
    assert visit("town02").look(f"/service_projects/show/{id_}").status == 404
    with unchanged(rows):
        assert town.post(f"/service_projects/edit/{others}", proposal).status in (403, 404)
    assert town.post(f"/service_projects/{id_}/move/submit").status == 302
    assert rows(f"SELECT status FROM service_project WHERE id = {id_}") == [("pending_unit",)]


def test_a_town_sees_the_projects_of_its_area_and_nothing_else(visit, rows):
    area = first(rows, "area", "kind = 'town'")
    own = {i for (i,) in rows(f"SELECT id FROM service_project WHERE area_id = {area}")}
    town = visit("town01")
    assert {int(i) for i in town.look("/service_projects/list/").ids()} == own != set()
    reports = rows(
        f"SELECT p.id FROM project_progress p JOIN service_project s ON s.id = p.project_id WHERE s.area_id = {area}"
    )
    assert len(town.look("/project_progress/list/").ids()) == len(reports) > 0
    assert town.look("/agreements/list/").status == 403


def test_a_town_neither_sees_nor_writes_the_units_notes_in_a_form(visit, rows, change, proposal):
    town = visit("town01")
    assert "remark" not in town.look("/service_projects/add").filled()
    assert town.post("/service_projects/add", proposal | {"remark": "来自街镇"}).status == 302
    id_, remark = rows("SELECT id, remark FROM service_project ORDER BY id DESC LIMIT 1")[0]
    assert remark is None
    change(f"UPDATE service_project SET remark = '单位内部说明' WHERE id = {id_}")
    page = town.look(f"/service_projects/edit/{id_}")
    assert "单位内部说明" not in str(page)
    assert town.post(f"/service_projects/edit/{id_}", page.filled() | {"remark": "", "title": "改名"}).status == 302
    assert rows(f"SELECT title, remark FROM service_project WHERE id = {id_}") == [("改名", "单位内部说明")]


def test_the_day_of_approval_is_the_committees(visit, rows, proposal):
    with unchanged(rows):
        for account in ("filler01", "town01"):
            answer = visit(account).post("/service_projects/add", proposal | {"approved_on": "2026-06-02"})
            assert "approved_on" in answer.errors()
    waiting = of_unit(rows, 1, "status = 'pending_committee'")
    assert visit("reviewer").post(f"/service_projects/{waiting}/move/approve_committee").status == 302
    found = rows(f"SELECT status, approved_on FROM service_project WHERE id = {waiting}")[0]
    assert (found[0], str(found[1])) == ("active", "2026-06-30")


def test_progress_does_not_go_back_without_a_reason(visit, rows, project):
    path, visitor = f"/project_progress/add?project_id={project}", visit("filler01")
    sent = {"reported_on": "2026-06-29", "percent": "90%", "note": "基本完成。"}
    assert visitor.post(path, sent).status == 302
    assert rows(f"SELECT progress FROM service_project WHERE id = {project}")[0][0] == 90
    less = sent | {"reported_on": "2026-06-30", "percent": "50"}
    with unchanged(rows):
        assert "less_because" in visitor.post(path, less).errors()
    assert visitor.post(path, less | {"less_because": "方案调整"}).status == 302
    assert rows(f"SELECT progress FROM service_project WHERE id = {project}")[0][0] == 50


def test_the_first_later_date_is_the_units_and_the_second_the_committees(visit, rows, proposal):
    project = of_unit(rows, 2, "status = 'active' AND due_on >= '2026-06-30'")
    due = rows(f"SELECT due_on FROM service_project WHERE id = {project}")[0][0]
    granted = rows(f"SELECT count(*) FROM project_extension WHERE project_id = {project} AND status = 'active'")[0][0]
    path, filler = f"/project_extensions/add?project_id={project}", visit("filler02")
    sent = {"put_off": "extend", "until": "2027-06-01", "reason": "材料到货推迟。", "_then": "submit"}
    assert filler.post(path, sent).status == 302
    id_ = rows("SELECT max(id) FROM project_extension")[0][0]
    assert visit("secretary02").post(f"/project_extensions/{id_}/move/approve").status == 302
    status = rows(f"SELECT status FROM project_extension WHERE id = {id_}")[0][0]
    now = str(rows(f"SELECT due_on FROM service_project WHERE id = {project}")[0][0])
    if granted:
        assert (status, now) == ("pending_committee", str(due))
        assert visit("reviewer").post(f"/project_extensions/{id_}/move/approve_committee").status == 302
        assert str(rows(f"SELECT due_on FROM service_project WHERE id = {project}")[0][0]) == "2027-06-01"
        with unchanged(rows):
            assert "put_off" in filler.post(path, sent | {"until": "2027-07-01"}).errors()
    else:
        assert (status, now) == ("active", "2027-06-01")


def test_the_lead_unit_does_not_accept_itself(visit, rows, project):
    """The committee looks at it; only what passed is completed, by somebody else than who asked."""
    filler, reviewer = visit("filler01"), visit("reviewer")
    accepted = {"accepted_on": "2026-06-30", "way": "site", "accepted_by": "工委组织科", "conclusion": "redo"}
    path = f"/project_acceptances/add?project_id={project}"
    assert filler.post(path, accepted).status == 403
    done = {"done_on": "2026-06-28", "outcome": "按期完成。"}
    transition = f"/service_projects/{project}/move/complete"
    assert filler.post(transition, done).status == 302
    assert "Pending acceptance" in filler.look(f"/service_projects/show/{project}").words
    assert reviewer.post(path, accepted).status == 302
    with unchanged(rows):
        assert reviewer.post(transition, done).status == 409
    assert filler.post(transition, done).status == 302
    assert reviewer.post(path, accepted | {"conclusion": "passed"}).status == 302
    assert reviewer.post(transition, done).status == 302
    assert rows(f"SELECT status FROM service_project WHERE id = {project}") == [("done",)]


def test_towns_judge_and_units_do_not(visit, rows):
    area = first(rows, "area", "kind = 'town'")
    project = first(rows, "service_project", f"status = 'done' AND area_id = {area}")
    path = f"/project_satisfactions/add?project_id={project}"
    sent = {"judged_on": "2026-06-30", "judge": "town", "method": "site", "satisfied_cnt": "8", "fairly_cnt": "1"}
    assert visit("filler01").post(path, sent).status == 403
    assert visit("town01").post(path, sent).status == 302
    assert rows("SELECT sample_cnt, satisfied_cnt FROM project_satisfaction ORDER BY id DESC LIMIT 1") == [(9, 8)]


def test_a_nearly_equal_title_is_asked_about(visit, rows, proposal):
    visitor = visit("filler01")
    assert visitor.post("/service_projects/add", proposal).status == 302
    page = visitor.post("/service_projects/add", proposal | {"title": "楼道扶手加装。"})
    [doubt] = page.select("[data-doubt]")
    answer = {f"_distinct-{doubt['data-doubt']}": "两处不同的小区。"}
    assert visitor.post("/service_projects/add", proposal | {"title": "楼道扶手加装。"} | answer).status == 302


def test_rates_agree_with_a_count_by_hand(visit, rows):
    unit = unit_id(rows, 1)
    mine = f"FROM service_project WHERE owner_unit_id = {unit}"
    done = rows(f"SELECT count(*) {mine} AND status IN ('done', 'archived')")[0][0]
    taken = rows(f"SELECT count(*) {mine} AND status IN ('active', 'done', 'archived', 'terminated')")[0][0]
    overdue = rows(f"SELECT count(*) {mine} AND status = 'active' AND due_on < '2026-06-30'")[0][0]
    judged = rows(
        "SELECT sum(satisfied_cnt) + sum(fairly_cnt), sum(sample_cnt) FROM project_satisfaction j "
        f"JOIN service_project s ON s.id = j.project_id WHERE s.owner_unit_id = {unit}"
    )[0]
    page = visit("filler01").look("/service_projects/figures")

    def figure(name):
        return page.one(f'[data-figure="{name}"] [data-value]').get_text(strip=True)

    assert figure("overdue") == str(overdue)
    assert page.one('[data-figure="completion"] .hint').get_text(strip=True) == f"{done} / {taken}"
    assert page.one('[data-figure="satisfaction"] .hint').get_text(strip=True) == f"{judged[0]} / {judged[1]}"
    assert figure("overdue") != "0"


def test_a_unit_beside_the_responsible_one_follows_the_project_without_its_notes(visit, rows, change):
    query = "SELECT service_project_id FROM service_project_co_unit JOIN unit ON unit.id = unit_id WHERE sort_no = 5"
    id_ = rows(f"{query} ORDER BY 1")[0][0]
    change(f"UPDATE service_project SET remark = '内部说明' WHERE id = {id_}")
    visitor = visit("filler05")
    assert id_ in visitor.look("/service_projects/list/?page_size=100").ids()
    page = visitor.look(f"/service_projects/show/{id_}")
    assert page.status == 200
    assert "内部说明" not in page.words
    assert "内部说明" in visit("filler04").look(f"/service_projects/show/{id_}").words
    progress = rows(f"SELECT id FROM project_progress WHERE project_id = {id_}")
    assert {found for (found,) in progress} <= set(visitor.look("/project_progress/list/?page_size=100").ids())
    for path in (f"edit/{id_}", f"delete/{id_}", f"{id_}/move/complete"):
        assert visitor.post(f"/service_projects/{path}", title="x", reason="试一试不行的。").status == 403
    assert visitor.look(f"/project_progress/add?project_id={id_}").status in (403, 404)
    assert visit("filler03").look(f"/service_projects/show/{id_}").status == 404


def test_a_town_gives_its_own_draft_to_another_unit_and_no_other_project(visit, rows, proposal, project, change):
    town, two = visit("town01"), unit_id(rows, 2)
    town.post("/service_projects/add", proposal)
    id_ = first(rows, "service_project", "title = '楼道扶手加装'")
    page = town.look(f"/service_projects/edit/{id_}").filled()
    assert town.post(f"/service_projects/edit/{id_}", page | {"lead_unit_id": str(two)}).status == 302
    assert rows(f"SELECT owner_unit_id FROM service_project WHERE id = {id_}") == [(two,)]


def test_what_a_town_proposed_is_not_the_committees_to_withdraw(visit, rows, proposal):
    town = visit("town01")
    town.post("/service_projects/add", proposal)
    id_ = first(rows, "service_project", "title = '楼道扶手加装'")
    assert town.post(f"/service_projects/{id_}/move/submit").status == 302
    offered = {
        account: bool(visit(account).look(f"/service_projects/show/{id_}").select('[data-move="withdraw"]'))
        for account in ("filler01", "reviewer")
    }
    assert offered == {"filler01": True, "reviewer": False}
    with unchanged(rows):
        assert visit("reviewer").post(f"/service_projects/{id_}/move/withdraw").status == 409


def test_a_town_does_not_hand_in_what_others_wrote(visit, rows, proposal):
    assert visit("reviewer").post("/service_projects/add", proposal).status == 302
    id_ = first(rows, "service_project", "title = '楼道扶手加装'")
    town = visit("town01")
    assert town.look(f"/service_projects/show/{id_}").status == 200
    with unchanged(rows):
        assert town.post(f"/service_projects/{id_}/move/submit").status == 403
    assert not town.look(f"/service_projects/show/{id_}").select('[data-move="submit"]')
