"""What a ledger is: its model's fields, form, list, review, sheet and figures, as data."""
