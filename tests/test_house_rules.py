"""Rules of the house that a machine keeps (CONTRIBUTING.md, docs/architecture.md)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import config

HERE = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for path in (HERE / "portal").rglob("*.py") if "migrations" not in path.parts)
TEMPLATES = sorted((HERE / "portal" / "templates").rglob("*.html"))
SCRIPTS = sorted((HERE / "portal" / "static" / "js").glob("*.js"))
# Who ends transactions: commands and the few pages that are no ledger's. Ledgers leave it to Flask-AppBuilder.
COMMITTING = {
    "portal/operations/key_rotation.py",
    "portal/operations/restore.py",
    "portal/core/spreadsheet/importer/savepoints.py",
    "portal/cli/accounts.py",
    "portal/setup.py",
    "portal/demo/__init__.py",
    "portal/core/audit/audit_log.py",
    "portal/core/spreadsheet/importer/runner.py",
    "portal/core/views/forms/autosave.py",
    "portal/core/views/lists/saved_views.py",
    "portal/core/views/forms/restored_drafts.py",
    "portal/core/views/workbooks/importing.py",
    "portal/accounts/account_pages.py",
    "portal/accounts/account_sheets.py",
    "portal/oversight/unmasked_export_pages.py",
    "portal/oversight/feedback_pages.py",
    "portal/accounts/my_pages.py",
    "portal/accounts/create_account.py",
    "portal/accounts/sign_in/external_identity.py",
    "portal/accounts/reset_pages.py",
    "portal/permissions/review_step_pages.py",
    "portal/permissions/role_pages.py",
    "portal/oversight/spot_check_pages.py",
    "portal/accounts/sign_in/sessions.py",
    "portal/accounts/sign_in/pages.py",
    "portal/accounts/sign_in/policy.py",
}
# Who may set the scope aside, each for a reason that stands there.
UNSCOPED = {
    "portal/cli/accounts.py",
    "portal/cli/operations.py",
    "portal/setup.py",
    "portal/permissions/effective_rights.py",
    "portal/permissions/view_as.py",
    "portal/accounts/security_manager.py",
    "portal/oversight/onboarding_pages.py",
    "portal/core/records/known_values.py",
    "portal/core/records/unique_values.py",
    "portal/core/access/scope.py",
    "portal/demo/__init__.py",
    "portal/ledgers/assistance/rules.py",
    "portal/ledgers/cobuilding/overlap.py",
    "portal/operations/restore.py",
    "portal/registry/audit_trail.py",
}


def name(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


def holding(pattern: str) -> set[str]:
    return {name(path) for path in SOURCES if re.search(pattern, path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_and_functions_stay_short(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 50, node.name


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_only_named_modules_end_transactions():
    assert holding(r"\.commit\(") == COMMITTING


def test_only_named_modules_set_the_scope_aside():
    assert holding(r"unscoped\(") == UNSCOPED


def test_nothing_passes_the_scope_by():
    """`text()`, tables and identity-map hits are not narrowed (`portal/core/access/scope.py`)."""
    assert holding(r"\btext\(\"|__table__|db\.session\.get\(|\.query\(|exec_driver_sql") == {
        "portal/database.py",
        "portal/operations/dialects.py",
        "portal/setup.py",
    }


def test_rows_of_scoped_tables_are_selected_as_rows_or_columns_of_their_class():
    """Statements over the association tables of accounts are the only ones over bare tables."""
    assert holding(r"\.c\.") == {
        "portal/permissions/effective_rights.py",
        "portal/oversight/onboarding_pages.py",
        "portal/core/views/lists/listing.py",
        "portal/core/views/lists/ordering.py",
        "portal/org/trees.py",
    }


def test_a_ledger_names_its_statuses_in_a_context_of_its_own():
    """Else two ledgers that say the same in English say the same in Chinese."""
    assert holding(r"Status\(_\(") == {"portal/core/declaration/parts.py"}


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_pages_hold_no_script_style_or_address_of_another_host(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 150
    assert not re.search(r"<style|style=|\son\w+=|javascript:|https?://", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert "|safe" not in re.sub(r"'aria-current=\"\w+\"'\|safe", "", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_scripts_stay_small_and_change_no_markup_as_text(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 150
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_every_setting_is_documented_and_read():
    documents = [(HERE / "docs" / name).read_text(encoding="utf-8") for name in ("commands.md", "commands.zh.md")]
    text = (HERE / "config.py").read_text(encoding="utf-8")
    for setting in config.SETTINGS:
        assert all(f"`{setting}`" in document for document in documents), setting
        assert text.count(f'"{setting}"') >= 2


def test_every_package_is_explained():
    contributing = (HERE / "CONTRIBUTING.md").read_text(encoding="utf-8").lower()
    own = (HERE / "requirements.txt").read_text(encoding="utf-8").split("\n\n")[0]
    for line in own.splitlines():
        if "==" in line:
            assert line.split("==")[0].lower().removesuffix("-binary") in contributing


NAMED = re.compile(r"`((?:[a-z_0-9]+/)*[a-z_0-9]+\.py)`")
DOCUMENTS = [*sorted((HERE / "docs").rglob("*.md")), HERE / "CONTRIBUTING.md", HERE / "README.md"]
FOLDERS = ("portal", "tests", "deploy", "tools", "bench/peers")
THERE = {name(path) for folder in FOLDERS for path in (HERE / folder).rglob("*.py")}
THERE |= {"config.py", "run.py", "logs.py", "tests/ledgers/test_letters.py"}
THERE |= {f"portal/ledgers/letters/{name}.py" for name in ("__init__", "model", "figures", "rules")}


@pytest.mark.parametrize("path", [*SOURCES, *DOCUMENTS], ids=name)
def test_modules_that_are_named_are_there(path):
    """By their path, or by its end. `letters` is the ledger that docs/new-ledger.md adds."""
    named = sorted(set(NAMED.findall(path.read_text(encoding="utf-8"))))
    assert [each for each in named if not any(f"/{there}".endswith(f"/{each}") for there in THERE)] == []
