"""TOML read strictly: UTF-8, one error for everything that is wrong with it."""

from __future__ import annotations

import tomllib

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.fields import Fields


def parse(data: bytes, code: ErrorCode, where: str) -> Fields:
    """Return the document as fields whose refusals have `code`.

    Raises:
        McpInstallError: `code`, naming `where` and the position.
    """
    try:
        return Fields.of(tomllib.loads(data.decode("utf-8")), code)
    except UnicodeDecodeError as error:
        raise _invalid(code, where, f"it is not UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise _invalid(code, where, str(error) or "it nests too deep") from None


def _invalid(code: ErrorCode, where: str, why: str) -> McpInstallError:
    return McpInstallError(code, f"`{where}` is not valid TOML: {why}")
