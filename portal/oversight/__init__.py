"""Looking after the portal: audit, alerts, spot checks, overdue work, jobs."""
