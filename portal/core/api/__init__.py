"""REST: the pages of every ledger for programs, with the same records, rights, form and rules."""
