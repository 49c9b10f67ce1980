"""Where things lie: this project, the compared applications, and the data of the benchmark."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "bench" / "data"
PEERS = ROOT / "bench" / "peers"
PEERS_PYTHON = ROOT / "bench" / ".peers" / "bin" / "python"


def environment(**settings: str) -> dict[str, str]:
    """Ours without the settings of another portal; compiled modules are kept apart from the sources."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PORTAL_")}
    return {**kept, "PYTHONPYCACHEPREFIX": str(DATA / "compiled"), **settings}
