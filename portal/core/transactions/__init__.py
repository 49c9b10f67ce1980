"""Work at the end of a transaction, and locks that end with a transaction or process."""
