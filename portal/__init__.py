"""The portal: an engine (core), an organisation (org), its registry, accounts and ledgers, assembled here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from portal import cli, compression, database, ledgers, registry, static_files
from portal.accounts import ldap, oidc, security, start_pages, trail_words, vouched
from portal.builder import PortalBuilder
from portal.core import (
    audit,
    declarations,
    guessing,
    import_runs,
    installation,
    jobs,
    key_files,
    lookups,
    numbering,
    record,
    row_security,
    scheduling,
    scope,
    sealer,
    search,
)
from portal.core.api import mount as rest
from portal.core.views import addresses, health, limits, request_log, revealing, web
from portal.core.views.mount import mount
from portal.extensions import csrf, db, migrate
from portal.operations import checks, scheduled

__all__ = ["create_app", "numbering"]
ACCOUNTS = (start_pages, trail_words, vouched, oidc, ldap)
PARTS = (
    *(installation, checks, addresses, web, *ACCOUNTS, revealing, guessing, sealer, rest),
    *(jobs, scheduling, scheduled),
)


def create_app(**overrides: Any) -> Flask:
    """The application, out of the environment and these overrides of its settings.

    Asks the database nothing, but whether it is new when a key is missing. In production, serves nothing that exposes
    data.

    Raises BadSetting and BadLedger, which say all that is wrong.
    """
    declared = (*ledgers.ALL, *registry.ALL)
    declarations.check(declared)
    app = configured(overrides)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(Path(app.root_path) / "migrations"), render_as_batch=True)
    for layer in (compression, request_log, health, database, row_security):
        layer.install(app)
    for listener in (scope, record, search, audit, import_runs, lookups):
        listener.install()
    key_files.install(app)
    # The second for what restores another portal.
    app.extensions |= {"portal.ledgers": declared, "portal.create_app": create_app}
    # Before the CSRF check, which parses the body, and whose error page needs to know who asks.
    for part in (security, limits):
        part.install(app)
    csrf.init_app(app)
    for part in PARTS:
        part.install(app)
    with app.app_context():
        appbuilder = PortalBuilder(app, db.session)
        for each in declared:
            mount(appbuilder, each)
            rest.mount(appbuilder, each)
    static_files.install(app)
    app.cli.add_command(cli.portal)
    return app


def configured(overrides: dict[str, Any]) -> Flask:
    """A bare application with its settings. Raises BadSetting."""
    app = Flask(__name__)
    app.config.from_mapping(config.settings({**os.environ, **overrides.pop("environ", {})}))
    app.config.from_mapping(overrides)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.engine_options(app.config["SQLALCHEMY_DATABASE_URI"])
    if count := app.config["PROXIES"]:  # else whose address it is, is whose connection it is
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    return app
