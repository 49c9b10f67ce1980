"""Importing and exporting workbooks as pages."""
