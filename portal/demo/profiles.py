"""How much the demo holds (`domain.md` §6.2)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """Numbers of records."""

    groups: int
    stopped_groups: int
    group_size: int
    sessions: int
    outputs: int


TINY = Profile(groups=6, stopped_groups=1, group_size=8, sessions=48, outputs=18)
