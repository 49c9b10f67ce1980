"""Fields about people: links to the roster, names, telephone numbers, personal data."""
