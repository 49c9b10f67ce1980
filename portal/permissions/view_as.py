"""Looking at the portal as a role: the workspace, the menu and the lists as an account of that role has them.

Nothing is added to the rights of whoever looks. A right counts where the role has it, for the rows that both the role
and the viewer reach; lists of what the viewer may not read stay shut, and nothing can be written. Only a few pages are
answered at all (`admits`), so that a page with rules of its own cannot show more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from flask import abort, g, request, session
from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext
from sqlalchemy import select

from portal.core.access import scope
from portal.core.access.row_scope import NOTHING, RowScope
from portal.core.access.scope import Principal
from portal.core.declaration.ledger import Ledger, named
from portal.database import READING
from portal.extensions import db
from portal.org.models import Area, Unit
from portal.permissions import effective_rights, roles
from portal.permissions.data_scopes import Account, Place

KEY = "view_as"
# Rights that open more of a record than reading does: only where the viewer has them, too.
OPENING = frozenset({"reveal", "names", "details"})
# What is answered beside the lists that the viewer may read, and what may be sent.
PAGES = frozenset({"WorkspaceView.index", "WorkspaceView.waiting", "SignInView.present", "LanguageView.index"})
SENT = frozenset({"RolesView.view_end", "SignInView.logout"})
LISTS = frozenset({"list", "figures", "options"})


class Preview(NamedTuple):
    """Whose eyes are borrowed: the role, and the place that an account of it would have."""

    viewer: Principal
    role: str
    place: str


def begin(role: Any, place: str) -> bool:
    """Look as this role from the next page on; False if the place is unknown. `place`: "", "unit-3" or "area-5"."""
    if place and place_of(place) is None:
        return False
    session[KEY] = [role.id, place]
    return True


def end() -> None:
    session.pop(KEY, None)


def of_request() -> Preview | None:
    found: Preview | None = g.get(KEY)
    return found


def seen_by(viewer: Principal) -> Principal:
    """Who acts in this request: the viewer, or what they see of the role. Whoever may not set rights any more sees as
    themselves again."""
    asked = session.get(KEY)
    if not asked:
        return viewer
    role_id, place = asked
    with scope.unscoped(effective_rights.WHO):
        code = db.session.scalar(select(Role.name).where(Role.id == role_id, Role.name.not_in(roles.HIDDEN)))
        found = place_of(place)
        rights = [right for right in effective_rights.rights_of_roles() if right.role == code]
        if code is None or not viewer.may("edit", "roles") or (place and found is None):
            end()
            return viewer
        account = account_at(viewer, found)
        theirs = effective_rights.reaches(rights, Place(account))
    setattr(g, KEY, Preview(viewer, roles.label_of(code), str(found or "")))
    return replace(
        viewer,
        unit_id=account.unit_id,
        unit_name=account.unit_name,
        unit_short=account.unit_short,
        org_id=None,
        area_id=account.area_id,
        roles=frozenset({code}),
        grants=narrowed(viewer, theirs),
    )


def place_of(text: str) -> Any:
    kind, _, id_ = text.partition("-")
    model: Any = {"unit": Unit, "area": Area}.get(kind)
    if model is None or not id_.isdecimal() or len(id_) > 9:
        return None
    return db.session.scalars(select(model).where(model.id == int(id_))).first()


def account_at(viewer: Principal, place: Any) -> Account:
    who = (viewer.user_id or 0, viewer.username, viewer.name)
    if isinstance(place, Unit):
        return Account(*who, place.id, str(place), place.short_name or "")
    if isinstance(place, Area):
        return Account(*who, area_id=place.id, area_kind=place.kind)
    return Account(*who)


def narrowed(viewer: Principal, theirs: dict[tuple[str, str], RowScope]) -> dict[tuple[str, str], RowScope]:
    """The rights of the role within those of the viewer. In a ledger, whose list stays shut to viewers who may not read
    it, a right without rows is kept, so that the menu and the buttons are those of the role; all else is asked about by
    right alone, so both must have it."""
    ledgers = {desk.name for desk in roles.desks() if isinstance(desk, Ledger) and desk.name != roles.TRAIL}
    found = {}
    for (ledger, verb), reach in theirs.items():
        if viewer.may(verb, ledger) or (ledger in ledgers and verb not in OPENING):
            own = both(viewer.reach(verb, ledger), viewer.reach("read", ledger))
            found[ledger, verb] = both(reach, own)
    return found


def both(one: RowScope, other: RowScope) -> RowScope:
    """Rows that are in both, as far as the claims are the same ones: fewer rather than more."""
    if one.everything:
        return other
    if other.everything:
        return one
    return RowScope(claims=one.claims & other.claims) or NOTHING


def admits(viewer: Principal) -> bool:
    endpoint = request.endpoint or ""
    if request.method not in READING:
        return endpoint in SENT
    view, _, page = endpoint.partition(".")
    ledger = named(view)
    return endpoint in PAGES or (page in LISTS and ledger is not None and viewer.may("read", ledger.name))


def refuse() -> None:
    """While somebody looks as a role: nothing but what may be looked at then. Raises Forbidden."""
    preview = of_request()
    if preview is not None and not admits(preview.viewer):
        shut = request.method in READING and (request.endpoint or "").endswith(".list")
        abort(403, gettext("You may not read this ledger yourself.") if shut else refusal())


def refusal() -> str:
    return gettext("While you look as a role, only its workspace and its lists are shown and nothing can be changed.")


def places() -> list[tuple[str, list[tuple[str, str]]]]:
    """What an account of a role could belong to, in groups."""
    units = db.session.execute(select(Unit.id, Unit.full_name).order_by(Unit.sort_no))
    areas = db.session.execute(select(Area.id, Area.name).order_by(Area.sort_no, Area.id))
    return [
        (gettext("Units"), [(f"unit-{id_}", name) for id_, name in units]),
        (gettext("Areas"), [(f"area-{id_}", name) for id_, name in areas]),
    ]
