"""Bare objects that the whole portal shares."""

import logging
from typing import Any

from flask_appbuilder import Model
from flask_appbuilder.models.sqla.base import SQLA
from flask_migrate import Migrate
from flask_sqlalchemy.session import Session
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import SQLAlchemyError

__all__ = ["BOUND", "BUILT_ONCE", "Model", "csrf", "db", "migrate"]

# In a session's `info`: the engine that it works on in place of the portal's.
BOUND = "bound"
# Execution options of a statement that is built once and executed at many requests: what each reach makes of it is kept
# (`core/access/scope.py`).
BUILT_ONCE = {"built_once": True}


class PortalSession(Session):
    """A session that can be told to work on another database of the same tables."""

    def get_bind(self, *args: Any, **more: Any) -> Any:
        return self.info[BOUND] if BOUND in self.info else self._db.engines[None]


class Database(SQLA):
    """Flask-SQLAlchemy's, but for ending a request whose database has gone: that is told already."""

    def _teardown_session(self, exc: BaseException | None) -> None:
        try:
            super()._teardown_session(exc)
        except SQLAlchemyError:
            logging.getLogger(__name__).warning("a session could not be ended", exc_info=True)
            self.session.registry.clear()


# Named constraints, so that SQLite's batch migrations can find and drop them.
Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Flask-AppBuilder's own documentation leaves db.metadata empty, and migrations would drop every table.
db = Database(metadata=Model.metadata, session_options={"class_": PortalSession})
migrate = Migrate()
csrf = CSRFProtect()
