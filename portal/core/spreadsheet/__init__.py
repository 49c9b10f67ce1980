"""Ledgers as workbooks."""
