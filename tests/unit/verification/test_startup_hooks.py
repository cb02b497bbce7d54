"""What runs uncalled: names of the standard library and the interpreter, and acceptance."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model.artifact import Scheme
from mcpinstall.model.manifest import Hook, HookKind
from mcpinstall.verification import startup_hooks
from mcpinstall.verification.startup_hooks import (
    accept,
    hook_kind,
    is_interpreter_name,
    shadows_stdlib,
)
from tests.builders.environments import pythons


@pytest.mark.parametrize("python", pythons(), ids=lambda path: path.name)
def test_no_verdict_depends_on_the_python_that_runs_us(python: Path) -> None:
    script = "import json, sys; print(json.dumps(sorted(sys.stdlib_module_names)))"
    asked = subprocess.run([python, "-I", "-c", script], capture_output=True, check=True)
    names = frozenset(json.loads(asked.stdout))

    known = (names | startup_hooks._IN_SOME) - startup_hooks._REMOVED

    assert all(map(shadows_stdlib, known))
    assert {name.casefold() for name in known} == startup_hooks._STDLIB


def test_a_name_that_only_some_pythons_have_needs_no_python_to_be_known() -> None:
    versions = files("mypy").joinpath("typeshed/stdlib/VERSIONS").read_text("utf-8")
    ranges = re.findall(r"^(\w+): 3\.(\d+)-(?:3\.(\d+))?", versions, re.MULTILINE)
    from_11 = [(name, int(first), last) for name, first, last in ranges if int(last or 99) >= 11]
    in_some = {name for name, first, last in from_11 if first > 11 or last}

    assert {"_compression", "compression", "distutils"} <= in_some
    assert in_some <= startup_hooks._IN_SOME | startup_hooks._REMOVED
    assert all(map(shadows_stdlib, in_some - startup_hooks._REMOVED))


@pytest.mark.parametrize("name", ["os", "JSON", "_gdbm", "tomllib", "compression"])
def test_a_name_of_the_standard_library_is_told_in_any_case(name: str) -> None:
    assert shadows_stdlib(name)


@pytest.mark.parametrize("name", ["distutils", "imp", "asynchat", "example", "osx", ""])
def test_a_name_that_it_no_longer_has_or_never_had_is_free(name: str) -> None:
    assert not shadows_stdlib(name)


@pytest.mark.parametrize("name", ["python", "Python3.12", "pythonw.exe", "pypy3", "deactivate"])
def test_a_name_of_the_interpreter_or_its_activation_is_told(name: str) -> None:
    assert is_interpreter_name(name)


@pytest.mark.parametrize("name", ["python-tool", "pythonic", "activate-all", "ipython", "mypy"])
def test_a_name_that_only_holds_such_a_name_is_free(name: str) -> None:
    assert not is_interpreter_name(name)


def test_a_file_in_a_folder_that_is_called_like_a_hook_is_none() -> None:
    assert hook_kind(Scheme.SITE, "example.pth", b"") is HookKind.STARTUP
    assert hook_kind(Scheme.SITE, "example.pth/readme.txt", b"") is None
    assert hook_kind(Scheme.SITE, "example/example.pth", b"") is None


def hook(member: str, wheel: str = "a.whl", digest: str = "1") -> Hook:
    return Hook(
        wheel=wheel, member=member, sha256=digest * 64, kind=HookKind.STARTUP, reason="read"
    )


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ([], "does not accept"),
        ([hook("x.pth", digest="2")], "accepts with another digest or kind"),
        ([hook("x.pth", wheel="b.whl")], "does not accept"),
        ([hook("y.pth", digest="2")], "does not accept"),
        ([hook("y.pth", wheel="b.whl"), hook("x.pth", digest="2")], "another digest or kind"),
    ],
)
def test_the_first_hook_that_nobody_accepted_is_named(known: list[Hook], words: str) -> None:
    found = [hook("x.pth"), hook("z.pth")]

    with pytest.raises(McpInstallError) as refused:
        accept(found, known)

    assert refused.value.message.startswith("member `x.pth` is a start-up hook")
    assert words in refused.value.message
    assert refused.value.evidence.count(".pth") == len(found)


def test_the_accepted_form_of_a_hook_is_the_reviewers() -> None:
    found = [hook("x.pth"), hook("z.pth")]

    assert accept(found, [hook("z.pth"), hook("x.pth"), hook("y.pth")]) == tuple(found)
    with pytest.raises(McpInstallError, match=r"z\.pth"):
        accept(found, [hook("x.pth")])
