"""The project's benchmark: every page of the agreements against a bare Flask app with raw SQL over the same rows."""
