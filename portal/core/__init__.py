"""The engine: what a ledger is, and everything that is done with every ledger. It knows no ledger by name."""
