"""Long work beside the requests, and scheduled work."""
