"""Pages of spot checks: draw a sample, enter findings."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.ledger import named
from portal.core.fields import clean
from portal.core.fields.links import PAGE
from portal.extensions import db
from portal.oversight import spot_checks
from portal.oversight.spot_checks import Sample, SampleItem, Typed

SHOWN = 100


class SamplesView(BaseView):
    route_base = "/samples"
    class_permission_name = "samples"
    method_permission_name = {"index": "read", "show": "read", "options": "read", "add": "add", "judge": "add"}
    base_permissions = ["can_read", "can_add"]
    default_view = "index"

    @expose("/")
    @has_access
    def index(self) -> ResponseReturnValue:
        query = select(Sample).options(joinedload(Sample.unit), joinedload(Sample.drawn_by))
        query = query.where(Sample.ledger.in_([each.name for each in spot_checks.ledgers()]))
        samples = db.session.scalars(query.order_by(Sample.id.desc()).limit(SHOWN)).all()
        counts: dict[int, Counter[str | None]] = {}
        found = select(SampleItem.sample_id, SampleItem.result, func.count(SampleItem.id))
        found = found.where(SampleItem.sample_id.in_([each.id for each in samples]))
        for id_, result, count in db.session.execute(found.group_by(SampleItem.sample_id, SampleItem.result)):
            counts.setdefault(id_, Counter())[result] = count
        return render_template(
            "samples/list.html",
            samples=[(each, named(each.ledger), counts.get(each.id, Counter())) for each in samples],
            sampling=spot_checks,
            local=clock.local,
            may_draw=scope.current().may("add", "samples"),
        )

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> ResponseReturnValue:
        typed = Typed.posted() if request.method == "POST" else Typed()
        if request.method == "POST" and (sample := spot_checks.draw(typed)):
            db.session.commit()
            return redirect(url_for("SamplesView.show", pk=sample.id))
        units = spot_checks.UNIT.shown_choices([typed.unit_id])
        return render_template("samples/add.html", typed=typed, sampling=spot_checks, units=units)

    @expose("/options")
    @has_access
    def options(self) -> ResponseReturnValue:
        found = spot_checks.UNIT.search(clean(request.args.get("q", ""))[:100])
        return {"results": [{"id": id_, "text": text} for id_, text in found], "more": len(found) == PAGE}

    @expose("/show/<int:pk>")
    @has_access
    def show(self, pk: int) -> ResponseReturnValue:
        return page(sample_or_404(pk), {})

    @expose("/judge/<int:pk>", methods=["POST"])
    @has_access
    def judge(self, pk: int) -> ResponseReturnValue:
        sample = sample_or_404(pk)
        faults = spot_checks.judge(sample, records_of(sample))
        if faults:
            db.session.rollback()
            flash(gettext("Nothing was saved. Please look at the marked fields."), "error")
            return page(sample_or_404(pk), faults)
        db.session.commit()
        flash(gettext("Saved."), "success")
        return redirect(url_for("SamplesView.show", pk=pk))


def sample_or_404(pk: int) -> Sample:
    """What was found is about records, so it is for those who read such records."""
    query = select(Sample).where(Sample.id == pk).options(joinedload(Sample.unit), joinedload(Sample.drawn_by))
    query = query.options(selectinload(Sample.items).joinedload(SampleItem.judged_by))
    found = db.session.scalars(query).first() if pk < 2**31 else None
    return found if found is not None and scope.current().may("read", found.ledger) else abort(404)


def records_of(sample: Sample) -> dict[int, Any]:
    """Those of the records that the user sees, by their ids."""
    ledger = named(sample.ledger) or abort(404)
    ids = [item.record_id for item in sample.items]
    query = select(ledger.model).where(ledger.model.id.in_(ids))
    if ledger.review.statuses:
        query = query.options(joinedload(ledger.model.owner_unit))
    return {record.id: record for record in db.session.scalars(query)}


def page(sample: Sample, faults: dict[int, str]) -> ResponseReturnValue:
    """What a record is called comes from the record, so that nobody reads here what they may not read there."""
    ledger = named(sample.ledger) or abort(404)
    return render_template(
        "samples/show.html",
        sample=sample,
        source=ledger,
        records=records_of(sample),
        faults=faults,
        sampling=spot_checks,
        same=spot_checks.drawn_again(ledger, sample),
        local=clock.local,
        may_judge=scope.current().may("add", "samples"),
    )
