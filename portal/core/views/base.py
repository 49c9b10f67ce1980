"""The view of every ledger. All pages of all ledgers are these few methods, and nothing goes around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import ModelView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext
from sqlalchemy import Select, select
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from portal.core.access import scope
from portal.core.audit.as_of import as_of
from portal.core.clock import to_the_minute
from portal.core.declaration import figures
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.declaration.workflow import IN_FORCE
from portal.core.fields import Link, clean
from portal.core.fields.links import PAGE
from portal.core.models.record import Record
from portal.core.punctuation import listed
from portal.core.records import attachments, completeness
from portal.core.records.forms.form import LedgerForm
from portal.core.review import merge
from portal.core.review.steps import steps, usual
from portal.core.transactions import ledger_lock
from portal.core.views import one_record, stale
from portal.core.views.bulk import Bulk
from portal.core.views.document import place_on_form, sections, tables
from portal.core.views.files import Filing, may_remove
from portal.core.views.forms.autosave import Autosaving
from portal.core.views.forms.edit import Filling, id_of
from portal.core.views.forms.paste import Pasting
from portal.core.views.history.compare import Comparing
from portal.core.views.history.record_history import timeline
from portal.core.views.lists import listing, toolbar
from portal.core.views.lists.menus import ListMenus
from portal.core.views.lists.ordering import ordering
from portal.core.views.lists.position import position, query_of
from portal.core.views.lists.saved_views import Saving
from portal.core.views.lists.table import table
from portal.core.views.lookup import Reaching
from portal.core.views.query_args import only
from portal.core.views.record_links import amendment_of, pages_of
from portal.core.views.transition_pages import TransitionPages, batches, offers
from portal.core.views.unmask import Revealing, revealing
from portal.core.views.workbooks.exporting import Exporting
from portal.core.views.workbooks.import_runs import ImportRuns
from portal.core.views.workbooks.importing import Importing
from portal.extensions import db
from portal.org import codes

MOST_ENTRIES = 50


class LedgerView(
    Reaching,
    Filling,
    Autosaving,
    Pasting,
    TransitionPages,
    Filing,
    Importing,
    ImportRuns,
    Exporting,
    Bulk,
    Comparing,
    Revealing,
    Saving,
    ListMenus,
    ModelView,
):
    """List, show, add, edit, delete, export, choices and bulk actions of one ledger."""

    form: type[LedgerForm]
    base_order = ("id", "desc")
    method_permission_name = {
        "list": "read",
        "show": "read",
        "options": "read",
        "tree": "read",
        "about": "read",
        "history": "read",
        "figures": "read",
        "lacking": "read",
        "delete": "delete",
        **Filling.verbs,
        **Autosaving.verbs,
        **Pasting.verbs,
        **TransitionPages.verbs,
        **Filing.verbs,
        **Importing.verbs,
        **ImportRuns.verbs,
        **Exporting.verbs,
        **Bulk.verbs,
        **Comparing.verbs,
        **Revealing.verbs,
        **Saving.verbs,
        **ListMenus.verbs,
    }
    include_route_methods = {*method_permission_name} - Bulk.actions_only

    # Flask-AppBuilder would build search and edit forms with every choice of every relation in them.
    def _init_forms(self) -> None:
        self.add_form = self.edit_form = self.form

    def _init_titles(self) -> None:
        self.list_title = self.ledger.label

    @expose("/list/")
    @has_access
    def list(self) -> ResponseReturnValue:
        codes.load(self.ledger.code_lists)
        try:
            asked = listing.parse(self.ledger, request.args, past=True)
            with asked.in_time():
                return self.list_page(asked, listing.fetch(asked))
        except listing.Mistyped as fault:
            typed = MultiDict(request.args)
            if fault.field == listing.PAST:
                typed.poplist(listing.PAST)
            asked = listing.parse(self.ledger, typed, past=True)
            return make_response(self.list_page(asked, listing.Page([], 0, False), {fault.field: fault.text}), 400)

    def list_page(
        self, asked: listing.Listing, page: listing.Page, faults: Mapping[str, str] | None = None
    ) -> ResponseReturnValue:
        """The list page. `faults` are error messages by filter name."""
        filters = toolbar.filters_of(asked)
        changeable = not (asked.as_of or faults)  # the past is looked at, not changed
        return self.page(
            "list.html",
            listing=asked,
            page=page,
            table=table(self.ledger, asked.columns, page.records, asked, listing.totals(asked, page)),
            actions=self.offered_actions() if changeable else [],
            transitions=batches(self.ledger, page.records) if changeable else [],
            filters=filters,
            offered=tuple((each.name, tuple(each.options or ())) for each in filters),
            chips=[*toolbar.chips(asked, filters)],
            dated_by=toolbar.dated_by(self.ledger),
            query=query_of(asked, page=0),
            kept_in=toolbar.kept_in_forms,
            faults=faults or {},
        )

    @expose("/show/<int:pk>")
    @has_access
    def show(self, pk: int) -> ResponseReturnValue:
        codes.load(self.ledger.all_code_lists.union(*(each.code_lists for each in self.ledger.entries)))
        found = self.found_or_404(pk)
        return self.record_page(found.record, beside=found.beside)

    def record_page(
        self,
        record: Any,
        tried: dict[str, Any] | None = None,
        file_faults: dict[str, str] | None = None,
        newer: stale.Newer | None = None,
        beside: frozenset[str] | None = None,
    ) -> ResponseReturnValue:
        """The page of a record. `tried` has the refused form of a transition by its name, `newer` the changes since the
        record was shown, and `beside` which entries and files it has, if known (`one_record.Found`)."""
        hidden = self.ledger.hidden(record)
        with_files = bool(self.ledger.form.files) and (beside is None or one_record.FILES in beside)
        return self.page(
            "show.html",
            record=record,
            newer=newer,
            sentence=stale.sentence,
            meanwhile=changed_meanwhile(self.ledger, record),
            amendment=self.open_amendment(record, beside),
            steps=steps(self.ledger, record),
            position=position(self.ledger, record.id),
            to_the_minute=to_the_minute,
            listed=listed,
            tables=tables(self.ledger, record),
            entries=list_of_entries(self.ledger, record, beside),
            ways=ways_on(self.ledger, record),
            may={verb: self.may(verb, record) for verb in ("edit", "delete", "maintain", "attach")},
            hidden=hidden,
            sections=sections(self.ledger, record, hidden),
            pages=pages_of(self.ledger, record, hidden),
            missing=completeness.missing(self.ledger, record) if self.may("edit", record) else (),
            unattached=() if self.ledger.foreign(record) else completeness.unattached(self.ledger, record),
            **(revealing(self.ledger, record) if self.may_reveal(record) else {}),
            transitions=offers(self.ledger, record, tried or {}),
            files=attachments.of(self.ledger, record) if with_files else (),
            file_faults=file_faults or {},
            may_remove=bool(self.ledger.form.files) and self.reaches("edit", record) and may_remove(self, record),
        )

    def open_amendment(self, record: Any, beside: frozenset[str] | None) -> Any:
        """Asked for only if there is one, or if that is not known."""
        known = beside is None or one_record.AMENDED in beside
        return amendment_of(self.ledger, record) if known and self.ledger.transition("amend") else None

    @expose("/<int:pk>/history")
    @has_access
    def history(self, pk: int) -> ResponseReturnValue:
        codes.load(self.ledger.all_code_lists)
        record = self.record_to_follow(pk)
        former = former_versions(self.ledger, record)
        return self.page("history.html", record=record, events=timeline(self.ledger, record), former=former)

    def record_to_follow(self, pk: int) -> Any:
        """A record whose history the user may see. 403 for the other party, because history includes the unit's
        internal notes."""
        record = self.record_or_404(pk)
        if not self.ledger.changing:
            abort(404)
        return abort(403) if self.ledger.foreign(record) else record

    @expose("/figures")
    @has_access
    def figures(self) -> ResponseReturnValue:
        """The ledger's figures, of today or `as_of` a former day; as a part of the list page when its script asks
        (`?part=1`)."""
        only(request.args, ("part", listing.PAST) if self.ledger.remembered else ("part",))
        day, told, model = listing.past_day(request.args.get(listing.PAST, "")), self.ledger.told(), self.ledger.model

        def asked() -> Iterator[Select[Any]]:
            yield from (query for each in told for query in each.statements(model))

        with as_of(self.ledger, day, asked) if day else nullcontext():
            found = figures.values(model, told)
        template = "figures_part.html" if request.args.get("part") else "figures.html"
        return self.page(template, values=found, day=day, when={listing.PAST: day.isoformat()} if day else {})

    @expose("/figures/<string:name>")
    @has_access
    def lacking(self, name: str) -> ResponseReturnValue:
        """The records missing from a rate; with `?of=counted` those counted, with `?of=whole` all."""
        only(request.args, ("of",))
        figure = next((each for each in self.ledger.told() if each.name == name and each.named), None)
        which = request.args.get("of") or "lacking"
        if figure is None:
            abort(404)
        if which not in ("lacking", "counted", "whole"):
            raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name="of"))
        return self.page("lacking.html", figure=figure, which=which, rows=figures.named(figure, which))

    @expose("/about")
    @has_access
    def about(self) -> ResponseReturnValue:
        """What belongs in this ledger, what has to be filled in, and who reviews it."""
        entered = [self.ledger.field(name) for name in self.ledger.entered]
        required = [each.label for each in entered if each.starred]
        in_force = [self.ledger.label_of(name) for name in self.ledger.review.required_in_force]
        return self.page("lists/about.html", steps=usual(self.ledger), required=required, in_force=in_force)

    @expose("/tree")
    @has_access
    def tree(self) -> ResponseReturnValue:
        """All rows as a tree, in official order."""
        if not self.ledger.list.tree:
            abort(404)
        model, parent = self.ledger.model, f"{self.ledger.list.tree}_id"
        rows = db.session.scalars(select(model).order_by(model.sort_no, model.id)).all()
        below: dict[int | None, list[Any]] = {}
        for row in rows:
            below.setdefault(getattr(row, parent), []).append(row)
        return self.page("tree.html", below=below)

    @expose("/delete/<int:pk>", methods=["POST"])
    @has_access
    def delete(self, pk: int) -> ResponseReturnValue:
        ledger_lock.hold(self.ledger.name)
        record = self.record_or_404(pk)
        self.require("delete", record)
        if met := stale.newer(self.ledger, record, stale.posted()):
            return stale.shown_instead(self, record, met)
        back = self.home_of(record)
        self.remove(record)
        flash(gettext("Deleted."), "success")
        return redirect(back)

    @expose("/options/<string:name>")
    @has_access
    def options(self, name: str) -> ResponseReturnValue:
        """The choices of a remote select for `?q=`: {"results": [{"id", "text"}], "more"}."""
        names = (*self.ledger.list.filters, *self.ledger.entered)
        declared = {each: self.ledger.field(each) for each in names}
        for rows in self.ledger.form.tables:
            declared |= {f"{rows.name}.{each}": found for each, found in self.ledger.rows_fields(rows).items()}
        kind = declared[name].kind if name in declared else None
        if not isinstance(kind, Link):
            abort(404)
        found = kind.search(clean(request.args.get("q", ""))[:100])
        return {"results": [{"id": id_, "text": text} for id_, text in found], "more": len(found) == PAGE}

    def page(self, template: str, **context: Any) -> ResponseReturnValue:
        known = {"ledger": self.ledger, "place_on_form": partial(place_on_form, self.ledger)}
        return render_template(template, **{**known, **context})

    def may_reveal(self, record: Any) -> bool:
        return "reveal" in self.ledger.verbs and self.reaches("reveal", record)

    def home_of(self, record: Any, show: bool = False) -> str:
        """The page to show after a change: that of the record or its parent record, or the list."""
        under = self.ledger.under
        if under and not (show and self.ledger.review.statuses):
            return url_for(f"{under.ledger}.show", pk=id_of(getattr(record, under.relation)))
        return url_for(f"{self.endpoint}.show", pk=id_of(record)) if show else url_for(f"{self.endpoint}.list")


def changed_meanwhile(ledger: Ledger, record: Any) -> Sequence[merge.Difference]:
    """The changes of the record in force since its amendment began, limited to what the user may see."""
    if getattr(record, "amends_id", None) is None:
        return ()
    hidden = ledger.hidden(record)
    return [each for each in merge.differences(ledger, record) if each.name not in hidden]


def former_versions(ledger: Ledger, record: Any) -> Sequence[Any]:
    """The superseded versions of a record and its abandoned amendments, newest first. No list shows them."""
    if not issubclass(ledger.model, Record):
        return ()
    query = select(ledger.model).where(ledger.model.amends_id == record.id, ~ledger.model.is_current())
    return db.session.scalars(query.order_by(ledger.model.id.desc()).limit(MOST_ENTRIES)).all()


def list_of_entries(ledger: Ledger, record: Any, beside: frozenset[str] | None = None) -> list[dict[str, Any]]:
    """The entries of a record that the user may see, with whether one may be added now. Queries only ledgers in
    `beside`, or all."""
    principal, found = scope.current(), []
    for other in ledger.entries:
        if other.under and principal.may("read", other.name):
            names = [name for name in other.list.columns if name != f"{other.under.relation}_id"]
            asked = beside is None or other.name in beside
            records = entries_of(other, other.under.relation, names, record) if asked else ()
            covered = principal.covers_row("add", other.name, record)
            may_add = covered and record.status in other.under.statuses
            found.append({"table": table(other, names, records), "may_add": may_add})
    return found


def entries_of(ledger: Ledger, relation: str, names: Sequence[str], record: Any) -> Sequence[Any]:
    query = select(ledger.model).where(getattr(ledger.model, relation) == record)
    query = query.order_by(*ordering(ledger, ledger.list.order)).options(*listing.loading(ledger, names))
    return db.session.scalars(query.limit(MOST_ENTRIES)).all()


def ways_on(ledger: Ledger, record: Any) -> list[tuple[Ledger, dict[str, Any]]]:
    """The ledgers to which a record in force leads and in which the user may add records, with the values to copy."""
    if not ledger.leads_to or record.status != IN_FORCE:
        return []
    found = []
    for other in mounted():
        if other.name in ledger.leads_to and scope.current().may("add", other.name):
            taken = {there: ledger.field(here) for there, here in ledger.leads_to[other.name].items()}
            here = ledger.leads_to[other.name]
            texts = {name: each.kind.typed(each.kind.stored(record, here[name])) for name, each in taken.items()}
            found.append((other, texts))
    return found
