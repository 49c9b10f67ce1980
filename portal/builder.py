"""Flask-AppBuilder with the portal's own pages in place of its built-in ones."""

from __future__ import annotations

from flask_appbuilder import AppBuilder

from portal.accounts.account_pages import AccountsView
from portal.accounts.account_sheets import AccountSheetsView
from portal.accounts.appearance import AppearanceView
from portal.accounts.language import LanguageView
from portal.accounts.my_pages import MyPasswordView, MySecondFactorView, MySessionsView
from portal.accounts.reset_pages import ResetsView
from portal.accounts.sign_in.ldap import LdapView
from portal.accounts.sign_in.oidc import OidcView
from portal.accounts.sign_in.policy import SignInRulesView
from portal.finder import SearchView
from portal.oversight.audit_pages import AuditView
from portal.oversight.feedback_pages import FeedbackView
from portal.oversight.job_pages import JobsView
from portal.oversight.onboarding_pages import StartView
from portal.oversight.overdue_pages import OverdueView
from portal.oversight.spot_check_pages import SamplesView
from portal.oversight.unmasked_export_pages import ExportsView
from portal.permissions.access_review_pages import RightsView
from portal.permissions.review_step_pages import ReviewsView
from portal.permissions.role_pages import RolesView
from portal.workspace import WorkspaceView


class PortalBuilder(AppBuilder):
    """Mounts no page, menu or API of Flask-AppBuilder that the portal does not use."""

    def _add_admin_views(self) -> None:
        self._indexview = self.add_view_no_menu(WorkspaceView)
        self.sm.register_views()
        for view in (
            LanguageView,
            AppearanceView,
            SearchView,
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
            FeedbackView,
            MyPasswordView,
            MySecondFactorView,
            MySessionsView,
            ResetsView,
            OidcView,
            LdapView,
        ):
            self.add_view_no_menu(view)
