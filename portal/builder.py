"""Flask-AppBuilder with the portal's own pages in place of its built-in ones."""

from __future__ import annotations

from flask_appbuilder import AppBuilder

from portal.accounts.account_pages import AccountsView
from portal.accounts.account_sheets import AccountSheetsView
from portal.accounts.audit_pages import AuditView
from portal.accounts.export_pages import ExportsView
from portal.accounts.job_pages import JobsView
from portal.accounts.language import LanguageView
from portal.accounts.ldap import LdapView
from portal.accounts.my_pages import MyPasswordView, MySecondFactorView, MySessionsView
from portal.accounts.oidc import OidcView
from portal.accounts.overdue_pages import OverdueView
from portal.accounts.reset_pages import ResetsView
from portal.accounts.review_pages import ReviewsView
from portal.accounts.rights_pages import RightsView
from portal.accounts.role_pages import RolesView
from portal.accounts.sample_pages import SamplesView
from portal.accounts.sign_in_rules import SignInRulesView
from portal.accounts.start_pages import StartView
from portal.accounts.workspace import WorkspaceView


class PortalBuilder(AppBuilder):
    """Mounts no page, menu or API of Flask-AppBuilder that the portal does not use."""

    def _add_admin_views(self) -> None:
        self._indexview = self.add_view_no_menu(WorkspaceView)
        self.sm.register_views()
        for view in (
            LanguageView,
            OverdueView,
            StartView,
            AccountsView,
            AccountSheetsView,
            RolesView,
            SignInRulesView,
            ReviewsView,
            RightsView,
            AuditView,
            SamplesView,
            ExportsView,
            JobsView,
            MyPasswordView,
            MySecondFactorView,
            MySessionsView,
            ResetsView,
            OidcView,
            LdapView,
        ):
            self.add_view_no_menu(view)
