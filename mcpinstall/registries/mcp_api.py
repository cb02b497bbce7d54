"""The MCP Registry API v0.1: one entry, or all that match, page by page.

The address is the user's.  Redirects are checked hop by hop, and none leads further into a
network than the address itself (`system.fetch`).
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, registry_entry
from mcpinstall.model.fields import Fields
from mcpinstall.model.registry_entry import RegistryEntry
from mcpinstall.system.fetch import Client
from mcpinstall.system.machine import Machine

LATEST = "latest"
_PAGE = 100  # entries, the most that the API gives at once
_MOST_PAGES = 20  # of one search: nobody reads 2,000 rows
_CURSOR = 1000  # characters
_ANSWER_BYTES = 8 * 1024 * 1024  # bytes of one page: 100 entries of at most 64 KiB, mostly 2


class McpRegistry:
    """One registry, asked over one client."""

    def __init__(self, address: str, machine: Machine) -> None:
        self._base = address.rstrip("/")
        self._client = Client(self._base, machine=machine)

    def close(self) -> None:
        """End all connections."""
        self._client.close()

    def entry(self, name: str, version: str | None) -> RegistryEntry:
        """Return one version of a server; without `version`, what the registry calls latest.

        Raises:
            McpInstallError: `not-found`, `registry-unavailable`, `registry-invalid` for an
                answer about something else, or the refusal of its document.
        """
        wanted = quote(version or LATEST, safe="")
        data = self._get(f"/v0.1/servers/{quote(name, safe='')}/versions/{wanted}")
        if data is None:
            which = f" in version `{version}`" if version else ""
            raise McpInstallError(
                ErrorCode.NOT_FOUND,
                f"the registry has no server `{name}`{which}",
                hint=f"`mcpi search mcp:{name.rsplit('/', 1)[-1]}` asks it for names",
            )
        found = registry_entry.parse(data, "answer")
        if found.server.name != name or version not in (None, found.server.version):
            raise McpInstallError(
                ErrorCode.REGISTRY_INVALID,
                f"asked for `{name}`, the registry answers about `{found.server.name}` "
                f"{found.server.version}",
            )
        return found

    def search(self, text: str, *, updated_since: str = "") -> Iterator[RegistryEntry]:
        """Yield the latest version of every server whose name holds `text`.

        With `updated_since` (RFC 3339) only what changed since, deleted entries too.  An entry
        that can't be read is passed over: one bad document must not hide the others.

        Raises:
            McpInstallError: `registry-unavailable`, or `registry-invalid` for endless pages.
        """
        asked = {"limit": str(_PAGE), "version": LATEST}
        asked |= {"search": text} if text else {}
        asked |= {"updated_since": updated_since} if updated_since else {}
        cursors: set[str] = set()
        for _ in range(_MOST_PAGES):
            page = self._page(asked)
            for answer in _items(page):
                try:
                    yield registry_entry.entry_of(answer)
                except McpInstallError:
                    continue
            about = page.fields("metadata")
            if about.table.get("nextCursor") is None:  # null and nothing mean the same
                return
            if not (cursor := about.text("nextCursor", limit=_CURSOR)):
                return
            if cursor in cursors:
                raise McpInstallError(
                    ErrorCode.REGISTRY_INVALID, "the registry's pages lead round in a circle"
                )
            cursors.add(cursor)
            asked["cursor"] = cursor

    def _page(self, asked: dict[str, str]) -> Fields:
        data = self._get(f"/v0.1/servers?{urlencode(asked)}")
        if data is None:
            raise McpInstallError(
                ErrorCode.REGISTRY_UNAVAILABLE,
                "there is no MCP registry (API v0.1) at the configured address",
                hint="correct `url` in `config.toml`: it is what stands before `/v0.1/servers`",
            )
        return Fields.of(json_text.parse(data, "answer"), ErrorCode.REGISTRY_INVALID, "answer")

    def _get(self, path: str) -> bytes | None:
        try:
            answer = self._client.get_bytes(
                f"{self._base}{path}", limit=_ANSWER_BYTES, headers={"accept": "application/json"}
            )
        except McpInstallError as error:
            if error.code is not ErrorCode.INDEX_UNAVAILABLE:
                raise
            raise McpInstallError(
                ErrorCode.REGISTRY_UNAVAILABLE, error.message, hint=error.hint
            ) from None
        return None if answer is None else answer.body


def _items(page: Fields) -> list[object]:
    found = page.table.get("servers")
    if not isinstance(found, list) or len(found) > _PAGE:
        raise page.error("servers", f"is not a list of at most {_PAGE}")
    return list(found)
