"""What docs/new-ledger.md says is done here, word for word, in a copy of the portal."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import settings

HERE = Path(__file__).resolve().parent.parent
PARTS = ("portal", "translations", "config.py", "logs.py", "tests")
TRIED = """
from portal import create_app
from tests.visitor import Visitor

app = create_app()
filler = Visitor.signed_in(app, "filler01", "Demo-12345678", {})
saved = filler.post("/letters/add", subject="路灯不亮", came_on="2026年6月1日", way="post")
assert saved.response.location == "/letters/show/1", saved.errors()
assert filler.post("/letters/add", subject="").errors().keys() == {"subject", "came_on"}
assert filler.look("/letters/list/").ids() == [1]
assert Visitor.signed_in(app, "filler02", "Demo-12345678", {}).look("/letters/list/").ids() == []
auditor = Visitor.signed_in(app, "auditor", "Demo-12345678", {})
assert auditor.look("/letters/list/").ids() == [1]
assert auditor.client.get("/api/v1/letters/1").json["result"]["subject"] == "路灯不亮"
assert auditor.post("/letters/edit/1", subject="x").status == 403
"""

REVIEWED = """
from portal import create_app
from tests.visitor import Visitor

app = create_app()
filler = Visitor.signed_in(app, "filler01", "Demo-12345678", {})
secretary = Visitor.signed_in(app, "secretary01", "Demo-12345678", {})
saved = filler.post("/letters/add", subject="井盖松动", came_on="2026年6月2日", way="visit")
there = saved.response.location.rpartition("/")[2]
for visitor, made in ((filler, "submit"), (secretary, "return"), (filler, "submit"), (secretary, "approve")):
    page = visitor.look(f"/letters/show/{there}")
    sent = {} if made != "return" else {"field": "subject", "reason": "请写明地点。"}
    version = page.one(f'button[data-move="{made}"]').find_parent("form").select_one("[name=version]")["value"]
    assert visitor.post(f"/letters/{there}/move/{made}", sent, version=version).status == 302, made
result = secretary.client.get(f"/api/v1/letters/{there}").json["result"]
assert (result["status"], result["record_no"][:2]) == ("active", "LX"), result
"""


@pytest.mark.slow
def test_a_ledger_is_added_by_a_folder_and_a_line(tmp_path):
    for part in PARTS:
        copy = shutil.copytree if (HERE / part).is_dir() else shutil.copy
        copy(HERE / part, tmp_path / part)
    guide = (HERE / "docs" / "new-ledger.md").read_text("utf-8")
    model, declaration, reviewed = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    folder = tmp_path / "portal" / "ledgers" / "letters"
    folder.mkdir()
    (folder / "model.py").write_text(model, "utf-8")
    (folder / "__init__.py").write_text(declaration, "utf-8")
    ledgers = tmp_path / "portal" / "ledgers" / "__init__.py"
    text = ledgers.read_text("utf-8").replace(
        "\nALL = (", "\nfrom portal.ledgers.letters import letters\n\nALL = (\n    letters,"
    )
    ledgers.write_text(text, "utf-8")
    flask = ("-m", "flask", "--app", "portal")

    def run(*commands):
        environment = os.environ | settings(tmp_path / "data")
        for words in commands:
            done = subprocess.run(
                [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr

    run((*flask, "db", "upgrade"), (*flask, "db", "migrate", "-m", "letters"), (*flask, "portal", "init"))
    run((*flask, "portal", "demo"), ("-c", TRIED))
    (folder / "__init__.py").write_text(reviewed, "utf-8")
    run((*flask, "portal", "init"), ("-c", REVIEWED))
