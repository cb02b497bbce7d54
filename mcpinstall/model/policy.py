"""Policies: the rules of their files, what they judge, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import TypeAlias


class Level(IntEnum):
    """Who wrote a policy; a lower number has the say over a higher one."""

    SYSTEM = 1
    USER = 2
    PROJECT = 3

    @property
    def word(self) -> str:
        """The level as it is shown."""
        return self.name.lower()


class RuleKey(StrEnum):
    """Keys of a rule, in the order in which they are documented and judged."""

    REVIEWED_ONLY = "reviewed-only"
    REQUIRE_CRITERIA = "require-criteria"
    REGISTRIES = "registries"
    ALLOW_NAMES = "allow-names"
    DENY_NAMES = "deny-names"
    PUBLISHERS = "publishers"
    TRANSPORTS = "transports"
    REMOTE_HOSTS = "remote-hosts"
    HOSTS = "hosts"
    MIN_RELEASE_AGE_DAYS = "min-release-age-days"
    SANDBOX_REQUIRED = "sandbox-required"
    FORBID_PLAINTEXT_SECRETS = "forbid-plaintext-secrets"


RuleValue: TypeAlias = "bool | int | tuple[str, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A policy file."""

    level: Level
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyException:
    """Servers for which one rule of the same file does not hold, until a day."""

    rule: RuleKey
    names: tuple[str, ...]
    reason: str
    until: date
    """The last day, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One key of one file."""

    key: RuleKey
    value: RuleValue
    origin: Origin
    line: int | None = None
    exceptions: tuple[PolicyException, ...] = ()

    @property
    def demands(self) -> bool:
        """Tell whether it asks for anything: `false` and 0 don't."""
        return isinstance(self.value, tuple) or bool(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of one file, or of several: each of them holds."""

    rules: tuple[Rule, ...] = ()
    origins: tuple[Origin, ...] = ()
    """The files, whether or not they have a rule."""
    orphans: tuple[tuple[Origin, PolicyException], ...] = ()
    """Exceptions to a rule that their own file does not set."""


NO_POLICY = Policy()
"""No file: only what the program itself refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySubject:
    """What is to be judged: one server, as it would be or is installed."""

    name: str
    """Full name, never an alias."""
    version: str
    registry: str
    root_digest: str
    certified: bool
    criteria: tuple[str, ...]
    """What reviews claim and what means something for this transport."""
    transport: str
    address: str = ""
    """Host of a remote server's URL, lower case; empty for one that runs here."""
    hosts: tuple[tuple[str, ...], ...] = ()
    """Names of each host that has or gets the entry: product and row id; none for an unknown."""
    released: datetime | None = None
    """When the newest of its files was published at the latest; None if nobody vouches for it."""
    publisher: str | None = ""
    """Repository of whoever published its package: verified at an installation, or named by its
    manifest; empty for none, None before its files are there: then it is judged again."""
    clear_text: tuple[str, ...] = ()
    """Secrets that would stand in hosts' files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A rule that does not let a server pass."""

    rule: Rule
    why: str
    """The fact, as a sentence without its end."""
    expired: PolicyException | None = None
    """An exception that would have let it pass, had it not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a policy says of a server."""

    refusals: tuple[Refusal, ...]
    excepted: tuple[tuple[Rule, PolicyException], ...]
    """Rules that it breaks, and the exceptions by which it passes them."""
