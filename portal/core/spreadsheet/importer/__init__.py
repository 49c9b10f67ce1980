"""Import rows of a sheet as records, through the form of their ledger."""
