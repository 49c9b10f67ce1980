"""The portal on several machines and a PostgreSQL with a standby. Started by `make test-cluster`, as root: programs of
Debian run in network namespaces (`deploy/cluster/`)."""
