"""Where things lie: this project, the bare app beside it, and the data of the benchmark."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "bench" / "data"


def bare_home() -> Path:
    """The folder of the bare app."""
    home = Path(os.environ.get("PORTAL_BENCH_BARE") or ROOT.parent / "shared" / "bare").resolve()
    if not (home / "bare.py").is_file():
        sys.exit(f"The bare app is not in {home}; PORTAL_BENCH_BARE says where it is.")
    return home


def environment(**settings: str) -> dict[str, str]:
    """Ours without the settings of another portal; nothing is written beside the sources."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PORTAL_")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **settings}
