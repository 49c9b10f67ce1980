"""Import child rows, and records below a parent record."""
