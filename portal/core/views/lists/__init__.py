"""What stands around the table of a list."""
