"""The REST view of every ledger: Flask-AppBuilder's, with the records, the form and the rules of the pages."""

from __future__ import annotations

from typing import Any, NoReturn

from flask import Response, abort, jsonify, request, url_for
from flask_appbuilder.api import ModelRestApi, expose
from flask_appbuilder.security.decorators import protect

from portal.core.api import decode, encode, write
from portal.core.records import completeness, idempotency
from portal.core.transactions import ledger_lock
from portal.core.views.forms.edit import NotSaved, parent_or_abort
from portal.core.views.forms.editable import editing
from portal.core.views.lists import listing
from portal.core.views.lookup import Reaching
from portal.core.views.transition_pages import offers
from portal.org import codes


class LedgerApi(Reaching, ModelRestApi):
    """List, one record, what the form takes, add, edit, delete and transitions of one ledger, as JSON."""

    # The session's cookie, with the token of its pages in `X-CSRFToken`; no other way of signing in.
    allow_browser_login = True
    csrf_exempt = False
    method_permission_name = {
        "info": "read",
        "get_list": "read",
        "get": "read",
        "post": "add",
        "put": "edit",
        "delete": "delete",
        "move": "read",
    }

    def _init_model_schemas(self) -> None:
        """Flask-AppBuilder would make schemas of whole tables; what a form takes is described in `openapi.py`."""

    def response_403(self) -> NoReturn:
        """Abort, so that the error handler of all refusals answers and logs it."""
        abort(403)

    @expose("/_info")
    @protect()
    def info(self) -> Response:
        codes.load(self.ledger.all_code_lists)
        return jsonify(encode.info(self.ledger))

    @expose("/")
    @protect()
    def get_list(self) -> Response:
        """List records. The query parameters are those of the list page."""
        asked = listing.parse(self.ledger, decode.address())
        codes.load(self.ledger.code_lists)
        page = listing.fetch(asked)
        said = {"ignored": asked.ignored} if asked.ignored else {}
        return jsonify(
            count=page.count, more=page.more, **said, **encode.listed(self.ledger, asked.columns, page.records)
        )

    @expose("/<id:pk>")
    @protect()
    def get(self, pk: int) -> Response:
        codes.load(self.ledger.all_code_lists)
        return self.told(self.record_or_404(pk))

    @expose("/", methods=["POST"])
    @protect()
    def post(self) -> Response:
        sent = decode.body()
        key = idempotency.Sent.of(decode.key(), request.args.to_dict(), sent)
        parent = parent_or_abort(self, decode.parent(self.ledger, sent))
        known = decode.made_before(self.ledger, key)
        if known is None:
            try:
                pk, warnings = write.enter(self, sent, None, parent, key=key)
                return self.told(self.record_or_404(pk), 201, warnings)
            except NotSaved as fault:
                # The same may have been sent twice at once, and the other was first.
                known = decode.made_before(self.ledger, key)
                if known is None:
                    abort(fault.code, str(fault))
        return self.told(self.record_or_404(known))

    @expose("/<id:pk>", methods=["PUT"])
    @protect()
    def put(self, pk: int) -> Response:
        """Change a record. Fields that are not sent keep their value; a table that is sent replaces all rows."""
        record = self.record_or_404(pk)
        limited = editing(self, record)
        try:
            pk, warnings = write.enter(self, decode.body(), record, limited=limited)
        except NotSaved as fault:
            abort(fault.code, str(fault))
        return self.told(self.record_or_404(pk), 200, warnings)

    @expose("/<id:pk>", methods=["DELETE"])
    @protect()
    def delete(self, pk: int) -> Response:
        ledger_lock.hold(self.ledger.name)
        write.remove(self, self.record_or_404(pk))
        return jsonify(id=pk)

    @expose("/<id:pk>/<string:name>", methods=["POST"])
    @protect()
    def move(self, pk: int, name: str) -> Response:
        ledger_lock.hold(self.ledger.name)
        codes.load(self.ledger.all_code_lists)
        after = write.transition(self, self.record_or_404(pk), name)
        return self.told(self.record_or_404(after))

    def told(self, record: Any, code: int = 200, warnings: list[str] | None = None) -> Response:
        """One record, what may be done with it now, and the version that a change starts from."""
        may = [verb for verb in ("edit", "delete") if verb in self.ledger.verbs and self.may(verb, record)]
        transitions = encode.offered(self.ledger, offers(self.ledger, record, {}))
        waits = {each.name: each.text for each in completeness.missing(self.ledger, record)} if "edit" in may else {}
        found = encode.whole(self.ledger, record)
        answer = jsonify(**found, may=may, moves=transitions, missing=waits, warnings=warnings or [])
        answer.status_code = code
        if code == 201:
            answer.location = url_for(f"{self.endpoint}.get", pk=record.id)
        if hasattr(record, "version"):
            answer.set_etag(str(record.version))
        return answer
