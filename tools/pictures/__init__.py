"""The pictures of the guides and of the README, taken from a demo portal: `python -m tools.pictures`."""
