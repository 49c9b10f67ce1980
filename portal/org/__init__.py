"""The organisation: models and look-ups. It knows no ledger and no page."""
