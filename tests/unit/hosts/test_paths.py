"""Where a host's file is, on each system and with each override."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import (
    config_path,
    detected,
    find_rows,
    is_installed,
    require_writable,
    terminal_host,
    why_not,
)
from mcpinstall.hosts.paths import alternatives
from tests.builders.hosts import machine, program, server

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
        ("zed", "linux", ".config/zed/settings.json"),
        ("zed", "darwin", ".config/zed/settings.json"),
        ("zed", "win32", "AppData/Roaming/Zed/settings.json"),
        ("goose", "win32", "AppData/Roaming/Block/goose/config/config.yaml"),
        ("opencode", "win32", ".config/opencode/opencode.jsonc"),
        ("hermes", "win32", "AppData/Local/hermes/config.yaml"),
        ("trae", "darwin", "Library/Application Support/Trae/User/mcp.json"),
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
        ("zed", "XDG_CONFIG_HOME", "zed/settings.json"),
        ("zed", "FLATPAK_XDG_CONFIG_HOME", "zed/settings.json"),
        ("cline", "CLINE_DIR", "data/settings/cline_mcp_settings.json"),
        ("cline", "CLINE_MCP_SETTINGS_PATH", ""),
        ("mcporter", "MCPORTER_CONFIG", ""),
        ("crush", "CRUSH_GLOBAL_CONFIG", "crush.json"),
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


def test_the_inner_of_two_nested_variables_counts_when_the_outer_is_not_set(
    tmp_path: Path,
) -> None:
    both = {"XDG_CONFIG_HOME": str(tmp_path / "x"), "FLATPAK_XDG_CONFIG_HOME": str(tmp_path / "f")}

    found = config_path(find_rows("zed"), machine(tmp_path, **both))

    assert found == tmp_path / "f/zed/settings.json"


def test_a_template_may_name_alternatives() -> None:
    assert alternatives("~/.{a,b}/{,c}x/${D:-~/.d}") == (
        "~/.a/x/${D:-~/.d}",
        "~/.a/cx/${D:-~/.d}",
        "~/.b/x/${D:-~/.d}",
        "~/.b/cx/${D:-~/.d}",
    )


FLATPAK = ".var/app/com.visualstudio.code/config/Code/User"


def test_the_private_file_of_a_flatpak_is_used_alone(tmp_path: Path) -> None:
    make(tmp_path / FLATPAK / "mcp.json")

    assert config_path(find_rows("vscode"), machine(tmp_path)) == tmp_path / FLATPAK / "mcp.json"


def test_a_flatpak_that_has_no_file_yet_is_known_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / FLATPAK).mkdir(parents=True)

    assert config_path(find_rows("vscode"), machine(tmp_path)) == tmp_path / FLATPAK / "mcp.json"


def test_the_files_of_a_flatpak_and_of_a_package_are_a_question(tmp_path: Path) -> None:
    make(tmp_path / FLATPAK / "mcp.json")
    make(tmp_path / ".config/Code/User/mcp.json")

    with pytest.raises(McpInstallError) as refused:
        config_path(find_rows("vscode"), machine(tmp_path))

    assert refused.value.code is ErrorCode.HOST_AMBIGUOUS


def test_inside_a_flatpak_both_places_are_one(tmp_path: Path) -> None:
    private = tmp_path / ".var/app/com.visualstudio.code/config"
    file = make(private / "Code/User/mcp.json")

    found = config_path(find_rows("vscode"), machine(tmp_path, XDG_CONFIG_HOME=str(private)))

    assert found == file


def test_a_pointer_names_the_folder_of_lm_studio(tmp_path: Path) -> None:
    (tmp_path / ".lmstudio-home-pointer").write_text(f"{tmp_path / 'big disk'}\n")

    found = config_path(find_rows("lm-studio"), machine(tmp_path))

    assert found == tmp_path / "big disk/mcp.json"
    assert why_not(find_rows("lm-studio"), machine(tmp_path)) == ""


@pytest.mark.parametrize("content", [b"", b"relative", b"\xff\xfe", b"/a\n/b", b"/" + b"a" * 9000])
def test_a_broken_pointer_is_ignored(content: bytes, tmp_path: Path) -> None:
    (tmp_path / ".lmstudio-home-pointer").write_bytes(content)

    assert config_path(find_rows("lm-studio"), machine(tmp_path)) == tmp_path / ".lmstudio/mcp.json"


def test_one_copy_of_many_editors_is_used_and_several_are_a_question(tmp_path: Path) -> None:
    below = "User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json"
    first = make(tmp_path / ".config/Cursor" / below)

    assert config_path(find_rows("roo-code"), machine(tmp_path)) == first

    make(tmp_path / ".config/Code - Insiders" / below)
    with pytest.raises(McpInstallError) as refused:
        config_path(find_rows("roo-code"), machine(tmp_path))

    assert refused.value.code is ErrorCode.HOST_AMBIGUOUS


def test_antigravity_says_which_of_its_files_is_read(tmp_path: Path) -> None:
    now, before = find_rows("antigravity"), find_rows("antigravity-legacy")
    here = machine(tmp_path)

    assert why_not(now, here) == ""
    assert "only the program itself" in why_not(before, here)

    make(tmp_path / ".gemini/antigravity/mcp_config.json")
    assert "reads another file here" in why_not(now, here)
    assert why_not(before, here) == ""

    make(tmp_path / ".gemini/config/.migrated")
    assert why_not(now, here) == ""
    assert "reads another file here" in why_not(before, here)


def test_a_file_that_is_not_read_any_more_names_the_one_that_is(tmp_path: Path) -> None:
    (tmp_path / ".cline/data/settings").mkdir(parents=True)

    with pytest.raises(McpInstallError) as refused:
        require_writable(find_rows("cline-legacy"), [server()], machine(tmp_path))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    assert "`--host cline`" in refused.value.hint


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

    found = detected(machine(tmp_path, "win32", ProgramFiles=str(tmp_path)))

    assert [row.product for row in found] == ["claude-desktop"]


def test_the_version_of_an_extension_tells_which_file_is_meant(tmp_path: Path) -> None:
    extensions = tmp_path / ".cursor/extensions"
    (extensions / "saoudrizwan.claude-dev-3.81.0").mkdir(parents=True)

    assert [row.id for row in detected(machine(tmp_path))] == ["cline-legacy"]

    (extensions / "saoudrizwan.claude-dev-3.81.0").rmdir()
    (extensions / "saoudrizwan.claude-dev-4.0.1").mkdir()

    found = detected(machine(tmp_path, "win32", ProgramFiles=str(tmp_path)))
    assert [row.id for row in found] == ["cline"]


def test_a_flatpak_proves_its_program(tmp_path: Path) -> None:
    (tmp_path / ".local/share/flatpak/app/dev.zed.Zed").mkdir(parents=True)

    assert is_installed(find_rows("zed"), machine(tmp_path))
    assert not is_installed(find_rows("vscodium"), machine(tmp_path))
    assert not is_installed(find_rows("zed"), machine(tmp_path, "win32"))


def test_two_stars_in_a_path_find_a_program(tmp_path: Path) -> None:
    make(tmp_path / "Microsoft Visual Studio/2026/Community/Common7/IDE/devenv.exe")

    found = detected(machine(tmp_path, "win32", ProgramFiles=str(tmp_path)))

    assert [row.id for row in found] == ["visual-studio-user"]


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
