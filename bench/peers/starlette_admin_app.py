"""starlette-admin, without sign-in, as it comes."""

from __future__ import annotations

import os
from contextvars import ContextVar
from typing import Any

from models import ENTERED, EXPORTED, FILTERS, LISTED, SHOWN, define
from sqlalchemy import create_engine, event
from sqlalchemy.orm import declarative_base
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_admin.contrib.sqla import Admin, ModelView

DATABASE = os.environ["BENCH_DATABASE"]
engine = create_engine(DATABASE, connect_args={"check_same_thread": False} if DATABASE.startswith("sqlite") else {})
models = define(declarative_base())
# A list, as the request is answered in several tasks and threads, each with a copy of the context.
statements: ContextVar[list[int]] = ContextVar("statements")


@event.listens_for(engine, "before_cursor_execute")
def count(*_of: Any) -> None:
    if (counted := statements.get(None)) is not None:
        counted[0] += 1


class Tell:
    """The number of statements in a header; pages have been rendered when their answer begins."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counted = [0]
        statements.set(counted)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-statements", str(counted[0]).encode())]
            await send(message)

        await self.app(scope, receive, told)


class AgreementView(ModelView):
    fields = ("id", *dict.fromkeys((*SHOWN, *EXPORTED)))
    page_size = 25
    fields_default_sort = (("id", True),)
    # Which it filters by, too; links it does not.
    searchable_fields = ("title", *(name for name in FILTERS if name in models.Agreement.__table__.c))
    exclude_fields_from_list = tuple(name for name in fields if name not in LISTED)
    exclude_fields_from_detail = tuple(name for name in fields if name not in SHOWN)
    exclude_fields_from_create = tuple(name for name in fields if name not in ENTERED)
    exclude_fields_from_export = tuple(name for name in fields if name not in EXPORTED)
    exclude_fields_from_import = tuple(name for name in fields if name not in ENTERED)
    exporters = ("xlsx",)
    importers = ("xlsx",)

    def get_search_query(self, _request: Any, term: str) -> Any:
        """Of the title alone, as all others search."""
        return models.Agreement.title.contains(term)


class NamedView(ModelView):
    fields = ("id", "full_name")


admin = Admin(engine, title="starlette-admin", secret_key="a key of the benchmark, for nobody else")
for model, view in ((models.Agreement, AgreementView), (models.PartyOrg, NamedView), (models.Unit, NamedView)):
    admin.add_view(view(model))
served = Starlette()
admin.mount_to(served)
app = Tell(served)
