"""Declarations of ledgers as data: fields of the model, form, list, review, sheet and figures."""
