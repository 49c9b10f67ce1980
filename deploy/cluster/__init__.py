"""PostgreSQL with a standby and two portal machines, all on one machine in network namespaces (README.md)."""
