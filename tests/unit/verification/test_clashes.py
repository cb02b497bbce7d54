"""Wheels side by side: only what would meet is refused."""

from __future__ import annotations

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model.artifact import Inspection, Scheme, WheelFile
from mcpinstall.verification.clashes import check_clashes


def holding(*files: tuple[Scheme, str], invites: tuple[str, ...] = ()) -> Inspection:
    """What an inspection says about a wheel with these files."""
    return Inspection(
        files=tuple(WheelFile(scheme=one, path=path, sha256="", size=0) for one, path in files),
        record=b"", dist_info="", scripts=(), accepted=(), members=0, open_packages=invites,
    )  # fmt: skip


def test_source_outside_site_packages_is_no_module() -> None:
    one = holding((Scheme.DATA, "share/example.py"), (Scheme.SCRIPTS, "tool.py"))
    two = holding((Scheme.SITE, "share/example/__init__.py"), (Scheme.SITE, "tool.py"))

    check_clashes([("one", one), ("two", two)])


def test_each_package_has_headers_of_its_own() -> None:
    one = holding((Scheme.HEADERS, "config.h"))

    check_clashes([("one", one), ("two", one)])


@pytest.mark.parametrize("scheme", [Scheme.SITE, Scheme.SCRIPTS, Scheme.DATA, Scheme.COMPILED])
def test_any_other_path_has_one_owner(scheme: Scheme) -> None:
    one = holding((scheme, "a/b"))

    with pytest.raises(McpInstallError):
        check_clashes([("one", one), ("two", one)])


def test_an_invitation_holds_for_its_own_folder_only() -> None:
    one = holding((Scheme.SITE, "a/__init__.py"), (Scheme.SITE, "a/b/__init__.py"), invites=("a",))

    check_clashes([("one", one), ("two", holding((Scheme.SITE, "a/x.py")))])
    with pytest.raises(McpInstallError):
        check_clashes([("one", one), ("two", holding((Scheme.SITE, "a/b/x.py")))])
