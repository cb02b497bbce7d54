"""What launch rules may know besides the entry; the engine fills it, no rule reads a disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mcpinstall.model.advisory import Advisory
from mcpinstall.model.advisory_text import AdvisoryFile
from mcpinstall.model.json_text import Json
from mcpinstall.model.tools import UNKNOWN_TOOLS, ToolList


@dataclass(frozen=True, slots=True, kw_only=True)
class PathState:
    """What the machine says of one path, looked at without following it to run anything."""

    exists: bool
    resolved: str = ""
    """Where links lead; empty where that is the path itself."""
    writable: str = ""
    """The path, what its links lead to, or the first folder above that other users may change: by
    mode (a sticky folder counts only when the entry in it is another user's) or by owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """An entry that starts or connects to what a registry revoked since."""

    entry_names: tuple[str, ...]
    """Entries of mcpinstall that start it, or connect to it."""
    sentence: str
    """What was revoked, why, and when."""
    is_copy: bool = False
    """Somebody else wrote the entry: no command takes it out."""
    is_remote: bool = False


class Client(StrEnum):
    """A program that fetches packages, by whose files it is configured."""

    NPM = "npm"
    """Also what reads npm's files: pnpm and Bun."""
    UV = "uv"
    UV_PIP = "uv pip"
    """Settings of uv that count for `uv pip` alone."""
    PIP = "pip"


class Effect(StrEnum):
    """What a setting does to where packages come from."""

    REPLACES = "replaces"
    ADDS = "adds"
    UNPROTECTED = "unprotected"
    """An index is believed without a check of who it is."""
    ANY = "any"
    """Any index may answer for any package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSetting:
    """A setting of a file from which a runner learns where packages come from."""

    client: Client
    effect: Effect
    file: str
    """As people say it: `.npmrc`."""
    is_project: bool
    """It came with a project, and counts where the entry is the project's as well."""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """What an entry of mcpinstall starts, as it is now, beside what its receipt says."""

    entry_name: str
    drift: str = ""
    """How the entry is not the one that was written, as a sentence behind `it`."""
    is_copy: bool = False
    """Somebody else wrote the entry: no command writes it again."""
    by_hand: tuple[str, ...] = ()
    """Fields of an adopted entry that are its user's: no command writes them again."""
    written: Mapping[str, Json] = field(default_factory=dict, repr=False)
    """Fields that are other ones now → as they were written; None for those that were not."""
    is_missing: bool = False
    """Its environment is gone."""
    tampered: tuple[str, ...] = ()
    """How the environment is not the one that was checked, a sentence each."""
    hooks: tuple[str, ...] = ()
    """The same of what decides what Python runs when it starts."""
    regressed: str = ""
    """How its registry vouches for less, or for another publisher, than when it was installed."""
    withdrawn: str = ""
    """That its registry, as it is on this disk, revoked it: a sentence."""
    packages: tuple[tuple[str, str], ...] = ()
    """Name and version of the packages in its environment."""
    tools: ToolList = UNKNOWN_TOOLS
    """Tools that were reviewed, or seen first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """Facts about one server's surroundings.  Empty ones are unknown ones."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    """`pypi:mcp-server-time` → `time`: what a trusted registry offers of a package."""
    advisories: AdvisoryFile | None = None
    locked: Mapping[str, str] = field(default_factory=dict)
    """`npm:NAME` → exact version in a lock file beside the project's file."""
    indexes: frozenset[str] = frozenset()
    """Addresses of package indexes that the user's own configuration names: an entry that names
    one of them changes nothing."""
    index_settings: tuple[IndexSetting, ...] = ()
    """What configuration files say, the weaker first: of the system, the user, the project."""
    paths: Mapping[str, PathState] = field(default_factory=dict)
    """What is known of the paths that `asked.asked_paths` names."""
    found: Mapping[str, PathState] = field(default_factory=dict)
    """What PATH has of the name that `asked.asked_name` gives; `resolved` is its place."""
    revoked: Revoked | None = None
    managed: Managed | None = None
    """Of an entry that mcpinstall wrote, or one that starts what mcpinstall installed."""
    hooks: tuple[str, ...] = ()
    """What runs by itself in a virtual environment of others that the entry starts."""
    neighbours: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Other servers of the same file → names of their tools, as far as these are known."""
    online: Mapping[tuple[str, str, str], tuple[Advisory, ...]] = field(default_factory=dict)
    """Ecosystem, name and version of a package → what OSV said just now of that version."""
    is_approved: bool = False
    """A person has approved this entry as it is."""


NOTHING = MachineFacts()
