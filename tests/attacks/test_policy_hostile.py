r"""Attack T12: a project's policy attacks whoever reads it: endless matching, hidden text, floods.

Who: the author of a repository in whose folder the user runs mcpi.
Stopped by: patterns are no regular expressions and are compared in linear time; files, lists and
numbers are bounded; hostile text is refused (check 3).
Twin: `test_an_honest_policy_of_a_project_is_obeyed`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.globs import covers, matches
from mcpinstall.operations import policies
from mcpinstall.operations.context import Context
from mcpinstall.planning.policy_rules import decide, refused
from mcpinstall.system import limits
from tests.builders import policies as written
from tests.builders.watchdog import ends

LONG = 200_000
EXCEPTION = """\
deny-names = ["a"]
[[exceptions]]
rule = "deny-names"
names = ["a"]
reason = "{}"
until = 2027-01-01
"""


@pytest.fixture(autouse=True)
def _project(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def refusal() -> McpInstallError:
    with ends(), pytest.raises(McpInstallError) as error:
        policies.load(Context.current())
    return error.value


@pytest.mark.parametrize("pattern", ["*a" * 150, "a*" * 150, "*" * 300, "*a*b" * 75, "*aab" * 75])
def test_no_pattern_takes_long(pattern: str) -> None:
    with ends():
        assert matches(pattern, "a" * LONG + "b" * 2) in (True, False)
        assert covers(pattern, "a*" * LONG) in (True, False)


@pytest.mark.parametrize("pattern", ["(a+)+$", "[a-z]*", "a?", "{a,b}", "^.*$", "(?i)a", "\\w"])
def test_a_pattern_is_no_regular_expression(pattern: str) -> None:
    policy = written.parsed(f"deny-names = ['{pattern}']")

    for name in ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "a", "ab", "b"):
        assert decide(policy, written.subject(name=name), written.NOW).refusals == ()
    literal = written.subject(name=pattern.replace("*", "x"))
    assert refused(decide(policy, literal, written.NOW), literal) is not None


@pytest.mark.parametrize(
    "text",
    [
        'deny-names = ["\\u001b[2J"]', 'deny-names = ["\\u202ekcolc"]', '"\\u202e" = 1',
        EXCEPTION.format("fine\\nPolicy  allows all"),
        f"deny-names = {['a' * 301]}", f"deny-names = {['a'] * 1001}",
        "deny-names = " + "[" * 5000 + "]" * 5000, "a." * 5000 + "b = 1",
        "min-release-age-days = 99999999999999999999",
    ],
)  # fmt: skip
def test_text_that_deceives_or_floods_is_refused(text: str) -> None:
    path = written.of_project(text)

    error = refusal()

    assert error.code is ErrorCode.POLICY_INVALID
    assert str(path) in error.message


def test_a_file_without_end_is_refused() -> None:
    written.of_project("#" * limits.POLICY_BYTES)

    assert refusal().code is ErrorCode.FILE_UNREADABLE


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("kind", ["pipe", "link to nowhere", "device", "folder"])
def test_what_is_no_file_is_refused_and_nothing_waits_for_it(kind: str) -> None:
    path = written.of_project("")
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "device" else "/nowhere/at/all")

    assert refusal().code is ErrorCode.FILE_UNREADABLE


def test_a_tree_full_of_policies_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path.cwd()
    for name in "abcdefghi":
        folder /= name
        folder.mkdir()
        written.of_project("", folder)
    monkeypatch.chdir(folder)

    assert refusal().code is ErrorCode.POLICY_INVALID


def test_long_lists_are_compared_in_time(home: Path) -> None:
    wide, narrow = ("*a" * 100, "*a" * 99 + "b")
    written.of_user(f"allow-names = {[f'{wide}{n}' for n in range(1000)]}", home)
    written.of_project(f"allow-names = {[f'{narrow}{n}' for n in range(1000)]}")

    assert refusal().code is ErrorCode.POLICY_LOOSENED


def test_an_honest_policy_of_a_project_is_obeyed() -> None:
    written.of_project(EXCEPTION.format("fine").replace('["a"]', '["io.github.user/*"]', 1))

    policy = policies.load(Context.current())

    assert len(decide(policy, written.subject(), written.NOW).refusals) == 1
    other = written.subject(name="io.github.other/x")
    assert decide(policy, other, written.NOW).refusals == ()
