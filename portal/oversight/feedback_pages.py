"""Pages of feedback: everybody writes and sees the answers; who keeps the portal reads all and answers."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.core import clock
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.fields import clean
from portal.core.views.query_args import local
from portal.extensions import db
from portal.oversight import feedback
from portal.oversight.feedback import Feedback


class FeedbackView(BaseView):
    route_base = "/feedback"
    class_permission_name = "feedback"
    method_permission_name = {"list": "read", "answer": "edit"}
    base_permissions = ["can_read", "can_edit"]
    default_view = "index"

    @expose("/", methods=["GET", "POST"])
    def index(self) -> ResponseReturnValue:
        page = local(request.values.get("page"))[:200]
        text, fault = clean(request.form.get("text", "")), ""
        if request.method == "POST":
            fault = feedback.fault_of(text)
            if not fault and feedback.too_many():
                fault = gettext("At most %(most)d a day, please.", most=feedback.MOST_A_DAY)
            if not fault:
                feedback.send(page, text)
                audit_log.log("feedback_sent", "feedback", title=page)
                db.session.commit()
                flash(gettext("Thank you. Those who keep the portal read it; their answer will stand here."), "success")
                return redirect(url_for("FeedbackView.index"))
        shown = {"page": page, "text": text, "fault": fault, "mine": feedback.mine(), "local": clock.local}
        return render_template("feedback/mine.html", **shown, most=feedback.MOST)

    @expose("/list/")
    @has_access
    def list(self) -> ResponseReturnValue:
        query = select(Feedback).options(joinedload(Feedback.user)).order_by(Feedback.id.desc())
        found = db.session.scalars(query.limit(feedback.SHOWN)).all()
        may_answer = scope.current().may("edit", "feedback")
        return render_template("feedback/list.html", found=found, local=clock.local, may_answer=may_answer)

    @expose("/<int:pk>/answer", methods=["POST"])
    @has_access
    def answer(self, pk: int) -> ResponseReturnValue:
        text = clean(request.form.get("answer", ""))
        if not feedback.there(pk):
            abort(404)
        if fault := feedback.fault_of(text):
            flash(fault, "error")
        else:
            feedback.answer(pk, text)
            audit_log.log("feedback_answered", "feedback", title=str(pk))
            db.session.commit()
            flash(gettext("Saved."), "success")
        return redirect(url_for("FeedbackView.list"))
