"""What happens to records after they are filled in: transitions, amendments, termination."""
