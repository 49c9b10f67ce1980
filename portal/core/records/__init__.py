"""One record: from a posted form to a row with its files and its number."""
