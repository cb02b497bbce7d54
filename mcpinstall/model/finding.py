"""What a rule finds in a file: which rule, how bad, where, why, and what to do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is, the least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Place among all severities; a higher one is worse."""
        return list(Severity).index(self)

    @property
    def score(self) -> str:
        """Middle of its band on CVSS's scale of 0 to 10, which code-scanning tools sort by."""
        return {"low": "2.0", "medium": "5.5", "high": "8.0", "critical": "9.5"}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.  `id` and `slug` are public: renaming one is a breaking change."""

    id: str
    """`MV101`: letters of the command, then a number."""
    slug: str
    """The same as words: `manifest-invalid`."""
    severity: Severity
    title: str
    """What is wrong when it fires, as a short sentence."""
    page: str
    """Page below `docs/` whose heading `id slug` explains it."""

    @property
    def anchor(self) -> str:
        """The heading's anchor on its page."""
        return f"{self.id}-{self.slug}".lower()

    @property
    def precision(self) -> str:
        """How sure it is, as code-scanning tools call it."""
        return "high"

    @property
    def tags(self) -> tuple[str, ...]:
        """Words by which code-scanning tools sort rules."""
        return ("security", "supply-chain")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Location:
    """A region of a file.  Lines and columns (characters) count from 1; 0 is the whole file."""

    file: str
    """Path with `/`, relative to where the command was run when it is below that."""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    """Behind the last character of the region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    rule: Rule
    location: Location
    message: str
    """The fact; may hold text from outside."""
    subject: str
    """What it is about, the same wherever the file lies: `io.github.user/clock/1.2.0`."""
    fix: str = ""
    """What to do, best a command."""
    evidence: str = ""
    """More of the fact, in lines."""
    excerpt: str = ""
    """The line that the region begins on."""
    why: str = ""
    """What the rule is about, and where that is explained."""

    @property
    def fingerprint(self) -> str:
        """What tells it from others in two versions of a file: no line numbers, no folders."""
        name = self.location.file.rpartition("/")[2]
        words = (self.rule.id, self.subject, name, self.message)
        return hashlib.sha256("\0".join(words).encode("utf-8", "backslashreplace")).hexdigest()

    @property
    def about(self) -> str:
        """The part of the file that it is about, by name; empty where the place says enough."""
        return ""

    @property
    def accepting(self) -> str:
        """What a suppression of it names; empty where there are none."""
        return ""

    @property
    def order(self) -> tuple[Location, str, str]:
        """Findings are listed by file, line and rule."""
        return self.location, self.rule.id, self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked:
    """Something that could not be looked at, so that nothing is known of it."""

    subject: str
    code: str
    """Error code, such as `offline-missing`."""
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run of rules found, and what it did not look at."""

    tool: str
    """`mcpi manifest verify`."""
    rules: tuple[Rule, ...]
    """All that were asked."""
    subjects: tuple[str, ...]
    """What was looked at, sorted."""
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...] = ()
    left_out: tuple[str, ...] = ()
    """What was not asked for, as sentences: nothing is claimed about it."""
    noun: str = "manifest"
    """What one subject is."""

    def at_or_above(self, least: Severity | None) -> tuple[Finding, ...]:
        """Return the findings that are at least that bad; None for none of them."""
        if least is None:
            return ()
        return tuple(one for one in self.findings if one.rule.severity.rank >= least.rank)
