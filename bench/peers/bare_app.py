"""The lower bound: Flask, raw SQL, templates compiled at start, a session cookie, and nothing in between."""

from __future__ import annotations

import os
import sqlite3
import threading
from datetime import datetime
from typing import Any

import psycopg
from flask import Flask, abort, redirect, request, session
from flask.typing import ResponseReturnValue
from jinja2 import Environment
from models import ENTERED, LISTED, SHOWN
from statements import count_one, tell

DATABASE = os.environ["BENCH_DATABASE"]
SQLITE = DATABASE.startswith("sqlite")
PAGE_SIZE = 25
PARTIES = "JOIN party_org pa ON pa.id = a.party_a_org_id JOIN party_org pb ON pb.id = a.party_b_org_id"
TEXTS = {"party_a_org": "pa.full_name", "party_b_org": "pb.full_name"}
COLUMNS = {"party_a_org": "party_a_org_id", "party_b_org": "party_b_org_id"}
LIST = (
    f"SELECT a.id, {', '.join(TEXTS.get(name, f'a.{name}') for name in LISTED)} FROM (SELECT a.id FROM agreement a "
    f"{{where}} ORDER BY a.id DESC LIMIT ? OFFSET ?) k JOIN agreement a ON a.id = k.id {PARTIES} ORDER BY a.id DESC"
)
COUNT = "SELECT count(*) FROM agreement a {where}"
SHOW = f"SELECT {', '.join(TEXTS.get(name, f'a.{name}') for name in SHOWN)} FROM agreement a {PARTIES} WHERE a.id = ?"
# What a new draft says of itself beside what was entered.
GIVEN = {"owner_unit_id": 1, "proxy_filled": False, "status": "draft", "source": "online", "version": 1}
SAVED = (*(COLUMNS.get(name, name) for name in ENTERED), *GIVEN, "search_text", "created_at", "updated_at")
INSERT = f"INSERT INTO agreement ({', '.join(SAVED)}) VALUES ({', '.join('?' * len(SAVED))})"
ORGS = "SELECT id, full_name FROM party_org ORDER BY id"

environment = Environment(autoescape=True)
HEAD = "<!doctype html><title>bare</title><nav><a href=/list>list</a></nav>"
LIST_PAGE = environment.from_string(
    HEAD + "<p>{{ total }}</p><table><tr>{% for name in names %}<th>{{ name }}</th>{% endfor %}</tr>{% for row in rows"
    ' %}<tr><td><a href="/show/{{ row[0] }}">{{ row[1] }}</a></td>{% for value in row[2:] %}<td>{{ value }}</td>'
    "{% endfor %}</tr>{% endfor %}</table>"
)
SHOW_PAGE = environment.from_string(
    HEAD + "<dl>{% for name, value in row %}<dt>{{ name }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>"
)
FORM_PAGE = environment.from_string(
    HEAD + '<form method=post>{% for name in names %}<label>{{ name }} {% if name in choices %}<select name="{{ name }}'
    '">{% for id, text in choices[name] %}<option value="{{ id }}">{{ text }}</option>{% endfor %}</select>{% else %}'
    '<input name="{{ name }}">{% endif %}</label>{% endfor %}<input type=hidden name="csrf" value="{{ csrf }}"></form>'
)

app = Flask(__name__)
app.secret_key = "a key of the benchmark, for nobody else"
app.after_request(tell)
local = threading.local()


def query(sql: str, values: tuple[Any, ...] = ()) -> Any:
    """One connection a thread."""
    if not hasattr(local, "connection"):
        if SQLITE:
            local.connection = sqlite3.connect(DATABASE.removeprefix("sqlite:///"), isolation_level=None)
        else:
            local.connection = psycopg.connect(DATABASE, autocommit=True)
    count_one()
    return local.connection.execute(sql if SQLITE else sql.replace("?", "%s"), values)


@app.before_request
def guard() -> ResponseReturnValue | None:
    return None if "user" in session or request.path == "/login" else redirect("/login")


@app.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    if request.method == "POST":
        session["user"], session["csrf"] = request.form["username"], "token"
        return redirect("/list")
    return "<form method=post><input name=username><input name=password></form>"


@app.route("/list")
def list_() -> ResponseReturnValue:
    asked = request.args
    both = (("a.title LIKE ?", f"%{asked.get('q')}%", "q"), ("a.status = ?", asked.get("status"), "status"))
    chosen = [(condition, value) for condition, value, name in both if name in asked]
    where = f"WHERE {' AND '.join(condition for condition, _ in chosen)}" if chosen else ""
    values = tuple(value for _, value in chosen)
    first = PAGE_SIZE * int(asked.get("page", 0))
    rows = query(LIST.format(where=where), (*values, PAGE_SIZE, first)).fetchall()
    total = query(COUNT.format(where=where), values).fetchone()[0]
    return LIST_PAGE.render(rows=rows, names=LISTED, total=total)


@app.route("/show/<int:id_>")
def show(id_: int) -> ResponseReturnValue:
    row = query(SHOW, (id_,)).fetchone()
    return SHOW_PAGE.render(row=zip(SHOWN, row, strict=True)) if row else abort(404)


@app.route("/add", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    form = request.form
    if request.method == "GET":
        orgs = query(ORGS).fetchall()
        choices = {"party_a_org": orgs, "party_b_org": orgs}
        return FORM_PAGE.render(names=ENTERED, choices=choices, csrf=session["csrf"])
    if form["csrf"] != session["csrf"]:
        abort(400)
    now = datetime.now()
    entered = (form.get(name) or None for name in ENTERED)
    made = (now.isoformat(" "),) * 2 if SQLITE else (now, now)
    query(INSERT, (*entered, *GIVEN.values(), form["title"], *made))
    return redirect("/list")
