"""Rows of a sheet become records through the form of their ledger."""
