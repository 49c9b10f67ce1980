"""Signing in, accounts, and what roles may do."""
