"""What the user's index has of a package that is locked for others."""

from __future__ import annotations

from mcpinstall import environments, indexes
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.model.lock import Lock
from mcpinstall.model.server_json import Package
from mcpinstall.operations.context import Context


def home_of(name: str, described: Package | None, context: Context) -> indexes.Home:
    """Return where the user's index has a package; `described` is what `server.json` says of it.

    Raises:
        McpInstallError: `not-found`, or `index-forbidden` for one that is of another index.
    """
    context.progress.step(f"looking up `{name}`")
    index = indexes.effective_index(context.machine, environments.uv_program())
    if described is not None:
        server_text.require_default_index(described, index.url)
    home = indexes.home_of(name, index, context.machine)
    if home is None:
        raise McpInstallError(
            ErrorCode.NOT_FOUND,
            f"no package is named `{name}` on your index (`{index.shown}`)",
            hint="a name that a model or a page made up is often one letter off; look it up first",
        )
    return home


def require_offered(home: indexes.Home, found: Lock, name: str) -> None:
    """Refuse a lock whose own package the index took back.

    Raises:
        McpInstallError: `version-yanked`.
    """
    own = (one for one in found.packages if one.name == name)
    for wheel in (wheel for package in own for wheel in package.wheels):
        reason = home.withdrawn(wheel.filename)
        if reason is not None:
            raise McpInstallError(
                ErrorCode.VERSION_YANKED,
                f"the index withdrew `{wheel.filename}`" + (f" ({reason})" if reason else ""),
                hint="lock another version of the package",
            )
