"""What every request and answer has: headers, error pages, limits, health, the request log."""
