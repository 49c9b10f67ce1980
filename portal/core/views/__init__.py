"""Ledgers as Flask-AppBuilder views: the one place where declarations become pages."""
