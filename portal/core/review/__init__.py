"""Record workflow after filling in: transitions, amendments, termination."""
