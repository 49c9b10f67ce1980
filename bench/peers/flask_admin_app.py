"""Flask-Admin, without sign-in, as it comes."""

from __future__ import annotations

import os
import sys

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from models import ENTERED, EXPORTED, FILTERS, LISTED, SHOWN, define
from statements import watch

# Installed for Flask-AppBuilder; where it is not, Flask-Admin translates nothing, which costs less.
sys.modules["flask_babel"] = None  # type: ignore[assignment]
from flask_admin import Admin  # noqa: E402
from flask_admin.contrib.sqla import ModelView  # noqa: E402

RELATED = ("owner_unit", "party_a_org", "party_b_org")

app = Flask(__name__)
app.config["SECRET_KEY"] = "a key of the benchmark, for nobody else"
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["BENCH_DATABASE"]
db = SQLAlchemy(app)
models = define(db.Model)


class AgreementView(ModelView):
    page_size = 25
    column_list = LISTED
    column_default_sort = ("id", True)
    column_searchable_list = ("title",)
    column_filters = tuple(f"{name}.full_name" if name in RELATED else name for name in FILTERS)
    column_details_list = SHOWN
    column_export_list = EXPORTED
    form_columns = ENTERED
    named_filter_urls = True
    can_view_details = True
    can_export = True
    export_types = ("xlsx",)


admin = Admin(app, name="Flask-Admin")
admin.add_view(AgreementView(models.Agreement, db.session, url="/agreement", endpoint="agreement"))
with app.app_context():
    watch(app, db.engine)
