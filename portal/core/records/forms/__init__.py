"""Forms of records and what is typed into them before it is saved."""
