"""Signing in: password, second factor, other providers, sessions and lockout."""
