"""Nothing here is started by `make test`: it needs root and Debian's packages."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSIDE = "CLUSTER_OF"  # set by `deploy/cluster` for what runs in its namespaces

collect_ignore_glob = [] if os.environ.get(INSIDE) else ["test_*.py"]
