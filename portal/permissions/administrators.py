"""Who is an administrator, judged by permissions and not by names of roles (`docs/domain` §4.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from portal.core.access.scope import Principal
from portal.permissions import roles

# By (ledger, verb): the rights that make an administrator.
POWERS = {
    **dict.fromkeys((("accounts", "add"), ("accounts", "edit"), ("accounts", "import")), "accounts"),
    **dict.fromkeys((("accounts", "grant"), ("roles", "edit"), ("exports", "approve")), "rights"),
    ("sign_in_rules", "edit"): "rights",
    **dict.fromkeys(((roles.TRAIL, "read"), (roles.TRAIL, "export"), ("audit", "read")), "trail"),
}


def held(rights: Iterable[tuple[str, str]], codes: Collection[str]) -> set[str]:
    """Whoever only reads records may read the trail beside them and is no administrator for that."""
    found = {POWERS[pair] for pair in rights if pair in POWERS}
    return found - {"trail"} if roles.READERS.intersection(codes) else found


def administers(principal: Principal) -> bool:
    return bool(held(principal.grants, principal.roles))


__all__ = ["POWERS", "administers", "held"]
