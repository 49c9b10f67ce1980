"""The audit log: who changed what, when and from where, and what a record was on a former day."""
