"""What developers run: checks, texts, pictures."""
