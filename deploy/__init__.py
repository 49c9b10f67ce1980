"""How the portal is run on machines of an office; see docs/operations.md."""
