"""The audit log sealed in blocks, each with a keyed hash of the one before."""
