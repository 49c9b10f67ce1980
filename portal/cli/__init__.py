"""The commands of the portal: `flask --app portal portal …`. Errors are one line on stderr."""

from portal.cli import accounts, new_ledger, operations, workbooks
from portal.cli.groups import portal

__all__ = ["accounts", "new_ledger", "operations", "portal", "workbooks"]
