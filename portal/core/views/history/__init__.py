"""The history of a record and the words of the audit log."""
