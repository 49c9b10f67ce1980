"""The application: core, organisation, registry, permissions, accounts, oversight and ledgers, assembled here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from portal import cli, database, ledgers, navigation, registry, static_files
from portal.accounts import appearance, security_manager
from portal.accounts.sign_in import external_identity, ldap, oidc
from portal.builder import PortalBuilder
from portal.core import search
from portal.core.access import cached_lookups, postgres_rls, scope
from portal.core.api import mount as rest
from portal.core.audit import audit_log, probe_limit
from portal.core.declaration import checks as declaration_checks
from portal.core.hash_chain import background_sealing
from portal.core.imports import runs
from portal.core.jobs import jobs, schedule
from portal.core.models import numbering, record
from portal.core.storage import installation, key_files
from portal.core.views import query_args, unmask
from portal.core.views.mount import mount
from portal.extensions import csrf, db, migrate
from portal.http import (
    catalogues,
    compression,
    errors_and_headers,
    fragments,
    health,
    limits,
    request_log,
    urls,
)
from portal.operations import checks, scheduled
from portal.oversight import account_words, onboarding_pages

__all__ = ["create_app", "numbering"]
ACCOUNTS = (appearance, onboarding_pages, account_words, external_identity, oidc, ldap)
PARTS = (
    *(installation, checks, query_args, errors_and_headers, *ACCOUNTS, unmask, probe_limit, background_sealing, rest),
    *(jobs, schedule, scheduled),
)


def create_app(**overrides: Any) -> Flask:
    """The application, out of the environment and these overrides of its settings.

    Asks the database nothing, but whether it is new when a key is missing. In production, serves nothing that exposes
    data.

    Raises BadSetting and BadLedger, which say all that is wrong.
    """
    declared = (*ledgers.ALL, *registry.ALL)
    declaration_checks.check(declared)
    app = configured(overrides)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(Path(app.root_path) / "migrations"), render_as_batch=True)
    for layer in (compression, request_log, health, database, postgres_rls):
        layer.install(app)
    for listener in (scope, record, search, audit_log, runs, cached_lookups):
        listener.install()
    key_files.install(app)
    # The second for what restores another portal.
    app.extensions |= {"portal.ledgers": declared, "portal.create_app": create_app}
    # Before the CSRF check, which parses the body, and whose error page needs to know who asks.
    for part in (security_manager, limits):
        part.install(app)
    csrf.init_app(app)
    for part in PARTS:
        part.install(app)
    with app.app_context():
        appbuilder = PortalBuilder(app, db.session)
        for each in declared:
            mount(appbuilder, each)
            rest.mount(appbuilder, each)
    for part in (static_files, catalogues, urls, fragments, navigation):
        part.install(app)
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
