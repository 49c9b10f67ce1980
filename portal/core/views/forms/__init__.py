"""Adding and editing a record: the form, its autosave, and conflicts of two people."""
