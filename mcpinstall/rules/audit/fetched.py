"""What a launch fetches: the answer of every runner's reader."""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall.model.audited import Value
from mcpinstall.rules.audit.options import Option
from mcpinstall.rules.audit.specs import Package


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """A launch by a program that fetches what it runs."""

    runner: str
    """As one writes it: `npx`, `uv run`, `docker run`."""
    packages: tuple[Package, ...] = ()
    options: tuple[Option, ...] = ()
    """Of the runner; none of the server."""
    arguments: tuple[Value, ...] = ()
    """Of the server; for `uv run`, the command that runs in the environment."""
    code: Value | None = None
    """A script in an argument of the runner: `npx -c`."""
    is_offline: bool = False
    """Nothing new is fetched."""

    def all(self, *names: str) -> tuple[Option, ...]:
        """Return the runner's options of these names."""
        return tuple(one for one in self.options if one.name in names)
