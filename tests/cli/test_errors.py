"""Every way to end that is not good: its words, its exit status."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

import sys

import pytest
from inline_snapshot import snapshot

from mcpinstall import cli
from mcpinstall.errors import ErrorCode, McpInstallError
from tests.cli.conftest import Mcpi, Operations, Screen


@pytest.mark.parametrize(
    "arguments",
    [
        ["instal", "time"],
        ["cache"],
        ["--quiet", "list"],
        ["--", "x"],
        ["install"],
        ["install", "time", "--hots", "x"],
        ["install", "time", "--set"],
        ["install", "time", "--set", "hunter2"],
        ["install", "time", "--allow", "everything"],
        ["verify", "--fetch", "--offline"],
        ["list", "time"],
        ["cache", "prune", "--days", "x"],
        ["cache", "siez"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_a_hint(
    mcpi: Mcpi, operations: Operations, arguments: list[str]
) -> None:
    ran = mcpi(*arguments)

    assert (ran.status, ran.out) == (2, "")
    assert (
        ran.err
        == snapshot(
            {
                "instal time": """\
error[usage]: there is no command `instal`

hint: did you mean `install` or `uninstall`?
""",
                "cache": """\
error[usage]: `mcpi cache` needs one more word

hint: `mcpi cache --help` lists them
""",
                "-- x": """\
error[usage]: `mcpi` has no option `--`

hint: options stand behind the command: `mcpi --help`
""",
                "install": """\
error[usage]: missing argument `NAME[@VERSION]...`

hint: `mcpi install --help` shows its options
""",
                "install time --hots x": """\
error[usage]: `mcpi install` has no option `--hots`

hint: did you mean `--as` or `--host`?
""",
                "install time --set": """\
error[usage]: option `--set` requires an argument

hint: `mcpi install --help` shows its options
""",
                "install time --set hunter2": """\
error[usage]: `--set` takes `KEY=VALUE`

hint: for example `--set repository=~/code/app`
""",
                "install time --allow everything": """\
error[usage]: `--allow` does not know `everything`

hint: it takes `unreviewed`, `stale`, `yanked`, `vulnerable`
""",
                "verify --fetch --offline": "error[usage]: `--fetch` and `--offline` exclude each other\n",
                "list time": """\
error[usage]: got unexpected extra argument(s) (time)

hint: `mcpi list --help` shows its options
""",
                "cache prune --days x": """\
error[usage]: invalid value for `--days`: `x` is not a valid number

hint: `mcpi cache prune --help` shows its options
""",
                "--quiet list": """\
error[usage]: `mcpi` has no option `--quiet`

hint: options stand behind the command: `mcpi --help`
""",
                "cache siez": """\
error[usage]: there is no command `cache siez`

hint: did you mean `cache size` or `cache prune`?
""",
            }
        )[" ".join(arguments)]
    )


FAILURES = {
    2: McpInstallError(
        ErrorCode.INPUT_MISSING,
        "required inputs are missing: `repository`",
        hint="add --set repository=…",
    ),
    3: McpInstallError(
        ErrorCode.DIGEST_MISMATCH,
        "`time-2.1.0-py3-none-any.whl` is not the file that its manifest names",
        hint=f"expected sha256 `{'9f' * 32}`, got `{'60' * 32}`",
    ),
    4: McpInstallError(ErrorCode.DECLINED, "the answer was no"),
    5: McpInstallError(
        ErrorCode.TOOL_FAILED,
        "`uv` ended with status 2",
        hint="run the command again",
        evidence="error: no space left\r\n\n  Caused by: disk\n",
    ),
}


@pytest.mark.parametrize("status", FAILURES)
def test_a_failure_has_its_status_fact_evidence_and_hint(
    mcpi: Mcpi, operations: Operations, status: int
) -> None:
    operations.refusal = FAILURES[status]

    ran = mcpi("install", "git")

    assert (ran.status, ran.out) == (status, "")
    assert (
        ran.err
        == snapshot(
            {
                2: """\
error[input-missing]: required inputs are missing: `repository`

hint: add --set repository=…
""",
                3: """\
error[digest-mismatch]: `time-2.1.0-py3-none-any.whl` is not the file that its
    manifest names
  nothing was changed

hint: expected sha256
    `9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f`, got
    `6060606060606060606060606060606060606060606060606060606060606060`
""",
                4: """\
error[declined]: the answer was no
  nothing was changed
""",
                5: """\
error[tool-failed]: `uv` ended with status 2

  | error: no space left
  | \n\
  |   Caused by: disk

hint: run the command again
""",
            }
        )[status]
    )


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_ends_with_its_status(
    mcpi: Mcpi, operations: Operations, code: ErrorCode
) -> None:
    operations.refusal = McpInstallError(code, "it did not work")

    ran = mcpi("list")

    assert ran.status == code.exit_status
    assert ran.err.startswith(f"error[{code}]: it did not work\n")
    assert ("nothing was changed" in ran.err) == (
        code.exit_status in {3, 4} and code is not ErrorCode.TOOLS_CHANGED
    )


def test_a_server_that_ran_and_failed_is_said_to_have_run(
    mcpi: Mcpi, operations: Operations
) -> None:
    operations.late_refusal = McpInstallError(ErrorCode.TOOLS_CHANGED, "the tools are others")

    ran = mcpi("install", "git", "-y")

    assert ran.status == 3
    assert ran.err.endswith(
        "error[tools-changed]: the tools are others\n"
        "  what mcpi wrote was removed; the server's program did run\n"
    )


def test_a_bug_is_called_a_bug_without_values(mcpi: Mcpi, operations: Operations) -> None:
    secret = "hunter2"  # noqa: F841 (a traceback with local variables would show it)
    operations.refusal = ZeroDivisionError("by \x1b[2J zero")

    ran = mcpi("list")

    assert ran.status == 70
    assert "hunter2" not in ran.err
    assert "ZeroDivisionError: by \\x1b[2J zero" in ran.err
    assert ran.err.partition("zero\n")[2] == snapshot("""\

error[bug]: this is a bug in mcpinstall

hint: please report it with the lines above; they hold no values, but read them
    first
""")


def test_ctrl_c_ends_with_130(mcpi: Mcpi, operations: Operations) -> None:
    operations.refusal = KeyboardInterrupt()

    ran = mcpi("list")

    assert (ran.status, ran.out) == (130, "")
    assert ran.err == "interrupted: nothing was changed\n"


@pytest.mark.parametrize(("end", "status"), [(KeyboardInterrupt(), 130), (RuntimeError(), 70)])
def test_an_end_that_can_not_be_told_keeps_its_status(
    mcpi: Mcpi, operations: Operations, monkeypatch: pytest.MonkeyPatch,
    end: BaseException, status: int,
) -> None:  # fmt: skip
    def full(*_: object) -> None:
        raise McpInstallError(ErrorCode.DISK_FAILED, "could not write the output")

    operations.refusal = end
    monkeypatch.setattr("mcpinstall.cli.ui.Ui.insist", full)

    assert mcpi("list").status == status


def test_a_search_for_what_looks_like_help_is_answered(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = ()

    ran = mcpi("search", "--json", "--", "-h")

    assert (ran.status, ran.out[:1]) == (0, "{")


def test_the_version_needs_no_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = Screen()
    monkeypatch.setattr(sys, "argv", ["mcpi", "--version"])
    monkeypatch.setattr(sys, "stdout", out)

    cli.main()

    assert out.getvalue().startswith("mcpinstall ")


@pytest.mark.parametrize(
    "command",
    [
        "audit", "audit --baseline", "audit --host cursor", "manifest verify", "manifest diff -",
        "manifest lock --yes", "manifest sign --yes", "manifest index", "registry publish",
        "registry sign", "registry prune", "install time --offline --dry-run --print --python",
    ],
)  # fmt: skip
def test_a_path_that_is_too_long_for_the_system_is_no_bug(mcpi: Mcpi, command: str) -> None:
    for name in ("a" * 300, "a/" * 4000):
        assert mcpi(*command.split(), name, terminal=False).status in {2, 3, 5}


def test_a_folder_that_cannot_be_looked_at_is_no_bug(
    mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here because its name is too long; as for another user's, `Path.exists` raises."""
    path = f"/tmp/{'a' * 300}/x"
    ran = mcpi("install", "git", "--set", f"repository={path}", "--print", "--dry-run")
    assert ran.status == 2
    assert "`repository` does not exist" in ran.err

    monkeypatch.setenv("XDG_CONFIG_HOME", path)
    for command in ("hosts", "doctor", "list"):
        assert mcpi(command).status in {0, 1, 3, 5}
