"""Flask-AppBuilder, as it comes: a signed-in administrator, whose rights it looks up for every page."""

from __future__ import annotations

import os

from flask import Flask
from flask_appbuilder import AppBuilder, ModelView
from flask_appbuilder.models.sqla.base import SQLA
from flask_appbuilder.models.sqla.interface import SQLAInterface
from models import ENTERED, FILTERS, LISTED, SHOWN, define
from statements import watch

app = Flask(__name__)
app.config["SECRET_KEY"] = "a key of the benchmark, for nobody else"
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["BENCH_DATABASE"]
app.config["AUTH_RATE_LIMITED"] = False
db = SQLA(app)
models = define(db.Model)


class AgreementView(ModelView):
    datamodel = SQLAInterface(models.Agreement)
    page_size = 25
    base_order = ("id", "desc")
    list_columns = LISTED
    search_columns = ("title", *FILTERS)
    show_columns = SHOWN
    add_columns = ENTERED
    edit_columns = ENTERED


with app.app_context():
    appbuilder = AppBuilder(app, db.session)
    appbuilder.add_view(AgreementView, "Agreements")
    watch(app, db.engine)
