"""Lists and empty templates as workbooks."""
