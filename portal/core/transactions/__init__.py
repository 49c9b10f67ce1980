"""What happens at the end of a transaction, and locks that end with it or with its process."""
