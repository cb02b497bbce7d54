"""The numbered checks of an installation and the words for their outcomes (design §2, §3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Outcome(StrEnum):
    """What is known after a check.  Only `VERIFIED` counts as evidence."""

    VERIFIED = "verified"
    FAILED = "failed"
    ABSENT = "absent"
    UNSUPPORTED = "unsupported"
    NOT_CHECKED = "not checked"
    NOT_YET = "not yet run"


class Check(IntEnum):
    """The checks, with the numbers that code, documents, screen and receipt share."""

    REGISTRY = 1
    MANIFEST = 2
    POLICY = 3
    DOWNLOADS = 4
    PUBLISHER = 5
    ARCHIVES = 6
    ENVIRONMENT = 7
    ANSWERS = 8
    HOST_FILES = 9

    @property
    def title(self) -> str:
        """The word that the screen prints behind the number."""
        return _TITLES[self]


_TITLES = {
    Check.REGISTRY: "registry",
    Check.MANIFEST: "manifest",
    Check.POLICY: "policy",
    Check.DOWNLOADS: "downloads",
    Check.PUBLISHER: "publisher",
    Check.ARCHIVES: "archives",
    Check.ENVIRONMENT: "environment",
    Check.ANSWERS: "answers",
    Check.HOST_FILES: "host file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check's outcome and the fact that it rests on."""

    check: Check
    outcome: Outcome
    evidence: str
    """A short fact in plain words, such as `32 files, 10.1 MB, sha256`."""
