"""Checks 4 and 6: stored files become verified artifacts, and nothing else does.

One parser decides what an archive holds, and refuses every archive that another parser could
read differently.  What comes out of it is what the environment is later compared with.
"""

from __future__ import annotations

from mcpinstall.verification.inspection import (
    examine_wheel,
    inspect_wheel,
    unaccepted_hooks,
)
from mcpinstall.verification.outcomes import archives_check, counted, downloads_check
from mcpinstall.verification.staging import Copies, stage_artifacts
from mcpinstall.verification.wheel_description import (
    member_start,
    metadata_of,
    names_a_licence,
)

__all__ = [
    "Copies",
    "archives_check",
    "counted",
    "downloads_check",
    "examine_wheel",
    "inspect_wheel",
    "member_start",
    "metadata_of",
    "names_a_licence",
    "stage_artifacts",
    "unaccepted_hooks",
]
