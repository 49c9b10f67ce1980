"""Runs of imports, and undoing one as a whole."""
