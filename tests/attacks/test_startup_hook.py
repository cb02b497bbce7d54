"""Attack T13: a wheel puts code where every start of Python runs it, imported or not.

Who: a publisher, or whoever has taken over a package.
Stopped by: check 6, `startup_hooks`: a reviewer must accept each such file by its digest.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.manifest import HookKind
from tests.builders.wheels import accepted, inspect, wheel

CODE = b"import os; os.system('id')\n"


@pytest.mark.parametrize(
    "member",
    [
        "example.pth",
        "EXAMPLE.PTH",
        "example.start",
        "sitecustomize.py",
        "usercustomize.py",
        "SiteCustomize.py",
        "sitecustomize/__init__.py",
        "sitecustomize.cpython-312-x86_64-linux-gnu.so",
        "usercustomize.pyd",
        "example-1.0.data/purelib/example.pth",
        "example-1.0.data/platlib/sitecustomize.py",
        "readline.py",
        "_gdbm.cpython-312-x86_64-linux-gnu.so",
        "compression/zstd.py",
    ],
)
def test_code_that_nobody_calls_is_refused(member: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({member: CODE}))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED
    assert member in refused.value.message
    assert "example-1.0-py3-none-any.whl" in refused.value.message


def test_a_path_file_without_code_is_refused_too() -> None:
    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({"example.pth": b"../../elsewhere\n"}))

    assert "start-up hook" in refused.value.message


@pytest.mark.parametrize(
    "member",
    [
        "example/__pycache__/module.cpython-312.pyc",
        "example/module.pyc",
        "example/module.pyo",
        "example/pyvenv.cfg",
        "python312._pth",
    ],
)
def test_code_without_source_is_refused_even_when_accepted(member: str) -> None:
    hook = accepted(member, CODE, HookKind.STARTUP)

    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({member: CODE}), [hook])

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_an_acceptance_of_another_file_counts_for_nothing() -> None:
    hook = accepted("example.pth", CODE, HookKind.STARTUP)
    others = [
        replace(hook, sha256="0" * 64),
        replace(hook, member="other.pth"),
        replace(hook, wheel="example-1.1-py3-none-any.whl"),
        replace(hook, kind=HookKind.DATA),
    ]

    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({"example.pth": CODE}), others)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_the_hook_that_reviewers_accepted_is_let_through_and_named() -> None:
    hook = accepted("example.pth", CODE, HookKind.STARTUP)

    assert inspect(wheel({"example.pth": CODE}), [hook]).accepted == (hook,)


def test_ordinary_modules_need_no_acceptance() -> None:
    files = {
        "example/__init__.py": b"",
        "example/sitecustomize.py": b"",
        "example/example.pth": b"",
        "typing_extensions.py": b"",
        "test/__init__.py": b"",
        "audioop/__init__.py": b"",
    }

    assert inspect(wheel(files)).accepted == ()
