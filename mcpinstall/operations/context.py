"""What every operation needs to know about the world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mcpinstall.system.machine import Machine, now
from mcpinstall.system.paths import StatePaths, require_own_state, state_paths
from mcpinstall.system.progress import Progress, SilentProgress


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Machine, state folders, the time at the start, and who listens to progress."""

    machine: Machine
    paths: StatePaths
    now: datetime
    progress: Progress

    @classmethod
    def current(cls, progress: Progress | None = None) -> Context:
        """Return the context of this process.

        Raises:
            McpInstallError: `state-unsafe` where others could plant or exchange state.
        """
        machine = Machine.current()
        paths = state_paths(machine)
        require_own_state(paths, machine)
        return cls(
            machine=machine,
            paths=paths,
            now=now(),
            progress=progress or SilentProgress(),
        )
