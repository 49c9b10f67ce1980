"""Base classes of the tables that ledgers declare."""
