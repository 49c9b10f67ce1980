"""Import and export of accounts: bulk authorisation, and slips with one-time passwords that are shown once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from portal.accounts import account_rows
from portal.accounts.account_pages import fault_of_roles
from portal.accounts.account_rows import LABELS
from portal.accounts.passwords import one_time_password
from portal.core.audit import audit_log
from portal.core.fields import natural
from portal.core.jobs import files, jobs
from portal.core.jobs.jobs import Job
from portal.core.punctuation import labelled
from portal.core.spreadsheet.exporter.exporter import digest_of, plain_sheet
from portal.core.spreadsheet.importer.verdict import CHANGED, NEW, REJECTED, UNCHANGED, Rejected
from portal.core.spreadsheet.reader.workbook import MOST_BYTES, Unreadable, read
from portal.core.views.downloads import download
from portal.core.views.workbooks import uploads
from portal.core.views.workbooks.uploads import SHEET
from portal.extensions import db
from portal.org.account_profiles import AccountProfile
from portal.permissions import roles
from portal.permissions.grant_log import tell_account, tell_roles

AT_ONCE = 20  # accounts that one transaction stores
SHOWN = 500
# A slip's password is random, so a quick hash keeps it as safe as a slow one keeps what people choose.
QUICK = "pbkdf2:sha256:20000"


class AccountSheetsView(BaseView):
    route_base = "/accounts"
    class_permission_name = "accounts"
    method_permission_name = {
        "bring": "import",
        "brought": "import",
        "bring_on": "import",
        "template": "import",
        "export": "export",
        "waiting": "grant",
        "authorise": "grant",
    }
    base_permissions = ["can_import", "can_export", "can_grant"]
    default_view = "bring"

    @expose("/import", methods=["GET", "POST"])
    @has_access
    def bring(self) -> ResponseReturnValue:
        fault = uploads.fault() if request.method == "POST" else ""
        if request.method == "POST" and not fault:
            job = jobs.make("accounts", name=uploads.name(), step="preview")
            uploads.keep(job)
            jobs.start(job, reading=True)
            return redirect(url_for("AccountSheetsView.brought", token=job.token))
        return bringing(fault)

    @expose("/import/<string:token>")
    @has_access
    def brought(self, token: str) -> ResponseReturnValue:
        job = job_or_404(token)
        if fault := job.state.get("fault"):  # of the file: another one is chosen where it is said
            return bringing(fault, job)
        return render_template("accounts/imported.html", job=job, state=job.state, held=job.has(SHEET), shown=SHOWN)

    @expose("/import/<string:token>/<string:name>", methods=["POST"])
    @has_access
    def bring_on(self, token: str, name: str) -> ResponseReturnValue:
        """`run`, `cancel`, and `slips` or `slips_sheet`: the passwords, once."""
        job = job_or_404(token)
        here = redirect(url_for("AccountSheetsView.brought", token=token))
        state = job.state
        if name == "cancel":
            job.cancel()
        elif state["active"]:
            flash(gettext("Please wait until it has ended."), "warning")
        elif name in ("slips", "slips_sheet"):
            return slips(job, state, as_sheet=name == "slips_sheet")
        elif name != "run" or state.get("ran") or state["state"] != jobs.DONE:
            abort(404)
        elif not job.has(SHEET):
            flash(gettext("The sheet is not there any more. Please bring it once again."), "warning")
        else:
            job.ask(step="run")
            jobs.start(job)
        return here

    @expose("/template.xlsx")
    @has_access
    def template(self) -> ResponseReturnValue:
        return download(account_rows.template(), f"{gettext('Accounts')}.xlsx")

    @expose("/export")
    @has_access
    def export(self) -> ResponseReturnValue:
        heads = [str(label) for label in LABELS.values()]
        book = plain_sheet(gettext("Accounts"), heads, account_rows.exported())
        audit_log.log_and_commit("export", "accounts", changes=[["sha256", None, [digest_of(book)]]])
        return download(book, f"{gettext('Accounts')}.xlsx")

    @expose("/waiting")
    @has_access
    def waiting(self) -> ResponseReturnValue:
        return render_template("accounts/waiting.html", rows=those_waiting(), label_of=roles.label_of)

    @expose("/waiting", methods=["POST"])
    @has_access
    def authorise(self) -> ResponseReturnValue:
        """Grant the roles that were asked for to each chosen account, one by one: a fault of one stops no other."""
        chosen = {id_ for text in request.form.getlist("account") if (id_ := natural(text)) is not None}
        done = 0
        for user, profile in those_waiting():
            if user.id in chosen and user.id != current_user.id:
                done += authorised(user, profile)
        flash(gettext("%(count)d accounts were authorised.", count=done), "success" if done else "warning")
        return redirect(url_for("AccountSheetsView.waiting"))


def bringing(fault: str, job: Job | None = None) -> str:
    return render_template("accounts/import.html", job=job, fault=fault, most=MOST_BYTES // 2**20)


def job_or_404(token: str) -> Job:
    job = jobs.find(token, "accounts")
    return job if job is not None else abort(404)


@jobs.kind("accounts", lazy_gettext("Import of accounts"))
def work(job: Job) -> dict[str, Any]:
    """Judge every row and, for good, store it. What was stored stays stored when somebody stops it."""
    jobs.require("import", "accounts")
    for_good = job.asked["step"] == "run"
    try:
        with files.local(job.token, SHEET) as path:
            found = account_rows.table_of(read(path, job.asked["name"]))
    except Unreadable as fault:
        job.let_go()
        return {"fault": str(fault)}
    outcome = Outcome()
    for n, (number, texts) in enumerate(found.rows):
        job.progress(n, len(found.rows))
        outcome.take(number, texts, for_good=for_good)
        if for_good and n % AT_ONCE == AT_ONCE - 1:
            db.session.commit()
    if for_good:
        db.session.commit()
        job.let_go()
    else:
        db.session.rollback()
    told = {"sheet": found.sheet, "left_out": found.left_out, "other_sheets": found.other_sheets}
    told["template"] = found.template
    return outcome.told() | told | {"ran": for_good, "slips": bool(outcome.made)}


@dataclass
class Outcome:
    """What became of the rows."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((NEW, CHANGED, UNCHANGED, REJECTED), 0))
    listed: list[tuple[int, str, str, str]] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def take(self, number: int, texts: dict[str, str], *, for_good: bool) -> None:
        result, why = REJECTED, ""
        try:
            judged = account_rows.judge(texts, self.seen)
            why = account_rows.changes_of(judged) if judged.result == CHANGED else ""
            if for_good:
                account_rows.store(judged)
            if for_good and judged.result == NEW:
                self.made.append(judged.typed["username"])
            result = judged.result
        except Rejected as fault:
            why = labelled(LABELS[fault.name], fault.why)
        self.counts[result] += 1
        self.listed.append((number, result, texts.get("username", ""), why))

    def told(self) -> dict[str, Any]:
        return {"counts": self.counts, "listed": self.listed, "made": self.made}


def slips(job: Job, state: dict[str, Any], *, as_sheet: bool) -> ResponseReturnValue:
    """New one-time passwords for the accounts of this import whose users have not signed in yet. Once: they are kept
    nowhere, so whoever loses a slip needs a new password on the account's page."""
    if not state.get("slips"):
        abort(404)
    if not job.retell(slips=False):
        abort(404)
    query = select(User, AccountProfile).join(AccountProfile, AccountProfile.user_id == User.id)
    query = query.where(
        User.username.in_(state["made"]), AccountProfile.password_on.is_(None), User.last_login.is_(None)
    )
    found = []
    for user, profile in db.session.execute(query.order_by(User.username)).all():
        password = one_time_password()
        user.password = generate_password_hash(password, method=QUICK)
        tell_account(user, [], password=True, off=False)
        found.append((user.username, user.first_name or "", str(profile.unit or profile.area or ""), password))
    db.session.commit()
    address = request.url_root
    if not as_sheet:
        return render_template("accounts/slips.html", slips=found, address=address)
    heads = [gettext("Web address"), *map(str, (LABELS["username"], LABELS["name"])), gettext("Unit or area")]
    heads.append(gettext("One-time password"))
    book = plain_sheet(gettext("Slips"), heads, ([address, *each] for each in found))
    return download(book, f"{gettext('Slips')}.xlsx")


def those_waiting() -> list[Any]:
    query = select(User, AccountProfile).join(AccountProfile, AccountProfile.user_id == User.id)
    return list(db.session.execute(query.where(AccountProfile.waiting).order_by(User.username)).all())


def authorised(user: Any, profile: AccountProfile) -> bool:
    """Grant what was asked for; says what is wrong when it cannot be."""
    before, name = {role.name for role in user.roles}, user.username
    codes = [code for code in profile.asked_roles or before if not roles.switched_off(code)]
    if not codes:
        return False
    user.roles = account_rows.granted(codes)
    was_active, user.active, profile.waiting, profile.asked_roles = user.active, True, False, None
    if fault := fault_of_roles(user):
        db.session.rollback()
        flash(f"{name}: {fault}", "error")
        return False
    tell_roles(user, before, {role.name for role in user.roles}, active=(was_active, True))
    db.session.commit()
    return True
