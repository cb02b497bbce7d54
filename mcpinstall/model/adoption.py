"""What `mcpi adopt` takes over: an entry that another program wrote, and what stays of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFields:
    """What an entry that was adopted keeps of the one that stood there: names, never values.

    All else that mcpinstall does not write, such as a list of allowed tools, stays too.
    """

    variables: tuple[str, ...] = ()
    """Of its environment."""
    keys: tuple[str, ...] = ()
    """Fields that change what is started, such as the working directory."""
    forwarded: tuple[str, ...] = ()
    """Variables that the host passes on, or fills in, by their names alone."""


NOTHING_KEPT = KeptFields()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What an installation takes over: entries of one name that another program wrote."""

    keeps: KeptFields
    starts: str
    """What hosts start until then, in words; it goes into the receipt."""
    digests: tuple[tuple[str, str], ...] = field(repr=False)
    """Row id → digest of its entry when it was looked at; never written."""
    script: str = ""
    """Program of the package that hosts start; another one is another server."""
    stays: tuple[str, ...] = ()
    """Further fields of the entries that stay as they are, by name."""
    notes: tuple[str, ...] = ()
    """What the person must know before the yes, as sentences."""
