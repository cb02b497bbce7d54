"""Where a host's file is, on each system and with each override."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import config_path, detected, find_rows, terminal_host
from tests.builders.hosts import machine, program

MSIX = "AppData/Local/Packages/Claude_pzs8sxrjxfjjc"
MSIX_FILE = f"{MSIX}/LocalCache/Roaming/Claude/claude_desktop_config.json"
CLASSIC = "AppData/Roaming/Claude/claude_desktop_config.json"


def make(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    return path


@pytest.mark.parametrize(
    ("product", "platform", "path"),
    [
        ("claude-desktop", "linux", ".config/Claude/claude_desktop_config.json"),
        (
            "claude-desktop",
            "darwin",
            "Library/Application Support/Claude/claude_desktop_config.json",
        ),
        ("claude-desktop", "win32", CLASSIC),
        ("claude-code", "linux", ".claude.json"),
        ("cursor", "win32", ".cursor/mcp.json"),
        ("vscode", "linux", ".config/Code/User/mcp.json"),
        ("vscode", "darwin", "Library/Application Support/Code/User/mcp.json"),
        ("vscode", "win32", "AppData/Roaming/Code/User/mcp.json"),
        ("codex", "darwin", ".codex/config.toml"),
        ("gemini-cli", "linux", ".gemini/settings.json"),
        ("qwen-code", "linux", ".qwen/settings.json"),
    ],
)
def test_each_system_has_its_path(product: str, platform: str, path: str, tmp_path: Path) -> None:
    found = config_path(find_rows(product), machine(tmp_path, platform))

    assert found == tmp_path / path


@pytest.mark.parametrize(
    ("product", "variable", "path"),
    [
        ("claude-code", "CLAUDE_CONFIG_DIR", ".claude.json"),
        ("codex", "CODEX_HOME", "config.toml"),
        ("gemini-cli", "GEMINI_CLI_HOME", ".gemini/settings.json"),
        ("vscode", "VSCODE_PORTABLE", "user-data/User/mcp.json"),
        ("vscode", "VSCODE_APPDATA", "Code/User/mcp.json"),
        ("vscode", "XDG_CONFIG_HOME", "Code/User/mcp.json"),
    ],
)
def test_a_variable_moves_the_file(product: str, variable: str, path: str, tmp_path: Path) -> None:
    moved = tmp_path / "moved"

    found = config_path(find_rows(product), machine(tmp_path, **{variable: str(moved)}))

    assert found == moved / path


def test_an_empty_variable_is_as_none(tmp_path: Path) -> None:
    found = config_path(find_rows("codex"), machine(tmp_path, CODEX_HOME=""))

    assert found == tmp_path / ".codex/config.toml"


def test_a_relative_override_is_refused(tmp_path: Path) -> None:
    with pytest.raises(McpInstallError) as refused:
        config_path(find_rows("codex"), machine(tmp_path, CODEX_HOME="codex"))

    assert refused.value.code is ErrorCode.HOST_PATH_REFUSED


def test_a_relative_xdg_folder_is_ignored(tmp_path: Path) -> None:
    found = config_path(find_rows("vscode"), machine(tmp_path, XDG_CONFIG_HOME="conf"))

    assert found == tmp_path / ".config/Code/User/mcp.json"


def test_windows_folders_come_from_the_environment(tmp_path: Path) -> None:
    found = config_path(
        find_rows("vscode"), machine(tmp_path, "win32", APPDATA=str(tmp_path / "roaming"))
    )

    assert found == tmp_path / "roaming/Code/User/mcp.json"


def test_the_store_package_of_claude_desktop_has_its_own_file(tmp_path: Path) -> None:
    (tmp_path / MSIX).mkdir(parents=True)

    found = config_path(find_rows("claude-desktop"), machine(tmp_path, "win32"))

    assert found == tmp_path / MSIX_FILE


def test_the_classic_file_of_claude_desktop_is_used_alone(tmp_path: Path) -> None:
    make(tmp_path / CLASSIC)

    found = config_path(find_rows("claude-desktop"), machine(tmp_path, "win32"))

    assert found == tmp_path / CLASSIC


def test_two_files_of_claude_desktop_are_a_question(tmp_path: Path) -> None:
    make(tmp_path / MSIX_FILE)
    make(tmp_path / CLASSIC)

    with pytest.raises(McpInstallError) as refused:
        config_path(find_rows("claude-desktop"), machine(tmp_path, "win32"))

    assert refused.value.code is ErrorCode.HOST_AMBIGUOUS
    assert MSIX_FILE in refused.value.hint
    assert CLASSIC in refused.value.hint


def test_a_system_without_a_path_is_unsupported(tmp_path: Path) -> None:
    with pytest.raises(McpInstallError) as refused:
        config_path(find_rows("cursor"), machine(tmp_path, "sunos"))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED


def test_a_host_is_detected_by_its_program(tmp_path: Path) -> None:
    program(tmp_path / "bin", "codex")
    program(tmp_path / "bin", "cursor-agent")

    found = detected(machine(tmp_path, PATH=str(tmp_path / "bin")))

    assert [row.product for row in found] == ["codex", "cursor"]


def test_a_host_is_detected_by_its_application(tmp_path: Path) -> None:
    (tmp_path / "Applications" / "Cursor.app").mkdir(parents=True)

    found = detected(machine(tmp_path, "darwin"))

    assert "cursor" in [row.product for row in found]


def test_the_store_package_proves_claude_desktop(tmp_path: Path) -> None:
    (tmp_path / MSIX).mkdir(parents=True)

    assert [row.product for row in detected(machine(tmp_path, "win32"))] == ["claude-desktop"]


def test_a_configuration_folder_is_no_proof(tmp_path: Path) -> None:
    make(tmp_path / ".cursor/mcp.json")
    make(tmp_path / ".codex/config.toml")

    assert detected(machine(tmp_path)) == ()


@pytest.mark.parametrize(
    ("environ", "product"),
    [
        ({"TERM_PROGRAM": "vscode"}, "vscode"),
        ({"TERM_PROGRAM": "vscode", "CURSOR_TRACE_ID": "1"}, "cursor"),
        ({"TERM_PROGRAM": "vscode", "CLAUDECODE": "1"}, "claude-code"),
        ({"GEMINI_CLI": "1"}, "gemini-cli"),
        ({"QWEN_CODE": "1"}, "qwen-code"),
        ({"CODEX_THREAD_ID": "0199"}, "codex"),
    ],
)
def test_the_terminal_says_whose_it_is(
    environ: dict[str, str], product: str, tmp_path: Path
) -> None:
    row = terminal_host(machine(tmp_path, **environ))

    assert row is not None
    assert row.product == product


@pytest.mark.parametrize("environ", [{}, {"TERM_PROGRAM": "iTerm.app"}, {"CLAUDECODE": "0"}])
def test_another_terminal_says_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    assert terminal_host(machine(tmp_path, **environ)) is None
