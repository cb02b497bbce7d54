"""Every variable that `docs/variables.md` names, with values that make no sense; and all others.

Nothing but what the table says changes what mcpi does, and no value is a bug.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.builders.command import ROOT
from tests.builders.odd_places import ENTRY, Place

if os.name != "posix":
    pytest.skip("needs POSIX", allow_module_level=True)

pytestmark = pytest.mark.e2e

DEAD = "http://127.0.0.1:9/"


def unlisted(folder: Path) -> dict[str, str]:
    """Return variables that libraries or children of ours obey elsewhere, and we never name."""
    evil = str(folder / "evil")
    names = (
        "UV_PYTHON UV_CACHE_DIR UV_PROJECT UV_WORKING_DIRECTORY UV_CONSTRAINT UV_OVERRIDE "
        "UV_BUILD_CONSTRAINT UV_FIND_LINKS UV_ENV_FILE UV_TARGET UV_PREFIX UV_PYTHON_INSTALL_DIR "
        "UV_TOOL_DIR UV_CREDENTIALS_DIR VIRTUAL_ENV CONDA_PREFIX PIP_CONFIG_FILE PIP_TARGET "
        "PIP_PREFIX PIP_CONSTRAINT REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS "
        "GIT_DIR GIT_CONFIG GIT_CONFIG_GLOBAL GIT_EXEC_PATH NPM_CONFIG_USERCONFIG "
        "XDG_STATE_HOME XDG_DATA_DIRS PYTHONSTARTUP PYTHONUSERBASE "
        "MCPI_CONFIG MCPINSTALL_HOME HOSTALIASES BASH_ENV ENV"
    )
    ones = (
        "UV_NO_CACHE UV_OFFLINE UV_COMPILE_BYTECODE UV_SYSTEM_PYTHON UV_BREAK_SYSTEM_PACKAGES "
        "UV_MANAGED_PYTHON UV_VENV_SEED UV_PREVIEW UV_NO_VERIFY_HASHES UV_NO_BINARY "
        "UV_ISOLATED UV_DRY_RUN PIP_NO_INDEX PIP_USER PIP_NO_BINARY PIP_REQUIRE_HASHES "
        "PYTHONNOUSERSITE PYTHONHASHSEED MCPI_YES MCPI_ALLOW MCPI_DEBUG "
        "POSIXLY_CORRECT FORCE_COLOR CLICOLOR_FORCE TYPER_USE_RICH TYPER_STANDARD_TRACEBACK "
        "_TYPER_STANDARD_TRACEBACK _TYPER_FORCE_DISABLE_TERMINAL CI"
    )
    return {
        **dict.fromkeys(names.split(), evil),
        **dict.fromkeys(ones.split(), "1"),
        "UV_LINK_MODE": "symlink", "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_EXCLUDE_NEWER": "1999-01-01", "UV_PRERELEASE": "allow", "UV_RESOLUTION": "lowest",
        "UV_KEYRING_PROVIDER": "subprocess", "UV_INSECURE_HOST": "127.0.0.1",
        "UV_PYTHON_PREFERENCE": "only-managed", "UV_CONCURRENT_DOWNLOADS": "0",
        "UV_HTTP_TIMEOUT": "nonsense", "UV_TORCH_BACKEND": "cpu", "UV_FORK_STRATEGY": "fewest",
        "PIP_INDEX_URL": DEAD, "PIP_EXTRA_INDEX_URL": DEAD, "PIP_PROXY": DEAD,
        "NPM_CONFIG_REGISTRY": DEAD, "NODE_OPTIONS": f"--require {evil}",
        "PYTHONWARNINGS": "ignore", "PYTHONBREAKPOINT": "os.abort",
        "PYTHON_KEYRING_BACKEND": "evil.Keyring", "KEYRING_PROPERTY_X": "y",
        "_MCPI_COMPLETE": "complete_bash", "_MCPI_INSTALL_COMPLETE": "source_bash",
        "_MCPI INSTALL_COMPLETE": "source_bash", "_MCPI LIST_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": "mcpi ", "TZ": ":/etc/passwd", "LANGUAGE": "xx",
        "LC_TIME": "xx_XX", "HTTP_PROXY": DEAD, "http_proxy": DEAD,
        "IFS": "/", "PS4": "$(touch x)", "A=B": "", "\n": "\n",
    }  # fmt: skip


def test_what_is_not_in_the_table_changes_nothing(place: Place) -> None:
    plain = place.install("--dry-run").out
    hostile = {key: value for key, value in unlisted(place.home.parent).items() if "=" not in key}
    odd = place.with_variables(**hostile)
    before = sorted(place.home.parent.rglob("*"), key=str)

    digest = odd.install("--dry-run").out

    assert digest == plain
    odd.require_whole_cycle()
    odd.require_unchanged()
    new = set(place.home.parent.rglob("*")) - set(before)
    assert all(path.is_relative_to(place.home) for path in new), new
    assert list(place.cwd.iterdir()) == []


def test_the_table_names_no_variable_that_this_suite_takes_for_unlisted(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "variables.md").read_text(encoding="utf-8")

    table = "".join(line for line in page.splitlines() if line.startswith("|"))
    assert len(table) > 1000
    assert not set(unlisted(tmp_path)) & set(re.findall(r"`([A-Z_]+)`", table))


ADDRESSES = (
    "nonsense", "\n", "https://[::1", "http://u:p@127.0.0.1:1\x1b[2J", "x" * 100_000, "\udcff",
)  # fmt: skip
FOLDERS = ("..", "/dev/null", "/" + "x" * 5000, "/\udcff")

VALUES: dict[str, tuple[str, ...]] = {
    "UV_DEFAULT_INDEX": ADDRESSES,
    "UV_INDEX": (ADDRESSES[0], "a=nonsense b="),
    "UV_EXTRA_INDEX_URL": ADDRESSES[2:4],
    "UV_CONFIG_FILE": FOLDERS,
    "UV_NO_INDEX": ("1", "nonsense"),
    "XDG_CONFIG_DIRS": (":::", "relative:..", "/\udcff"),
    "NETRC": FOLDERS,
    "SSL_CERT_FILE": FOLDERS[:1],
    "SSL_CERT_DIR": FOLDERS[2:3],
    "HTTPS_PROXY": ADDRESSES[:1],
    "ALL_PROXY": ("socks5://127.0.0.1:9",),
    "NO_PROXY": (",,[::\n",),
    "PATH": ("", ".:..:relative:~", ":/dev/null:/" + "x" * 5000, "/\udcff"),
}  # fmt: skip


@pytest.mark.parametrize("variable", VALUES)
def test_a_value_that_makes_no_sense_is_no_bug(place: Place, variable: str) -> None:
    for value in VALUES[variable]:
        ended = place.with_variables(**{variable: value}).install("--dry-run", status=None)

        assert ended.status in (0, 2, 3, 5), (value[:100], ended.err)
        assert ended.status == 0 or ended.err.count("error[") == 1, (value[:100], ended.err)
        assert "\x1b" not in ended.err + ended.out
        assert "u:p@" not in ended.err + ended.out
    place.require_unchanged()
    assert list(place.cwd.iterdir()) == []


HOST_VARIABLES = ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "VSCODE_PORTABLE")


@pytest.mark.parametrize("value", [*FOLDERS, "/nonexistent"], ids=lambda text: text[:12])
def test_a_folder_of_a_host_that_makes_no_sense_is_refused_or_shown(
    place: Place, value: str
) -> None:
    odd = place.with_variables(**dict.fromkeys(HOST_VARIABLES, value))

    listed = odd.run("hosts", "--all", "--json", status=None)
    products = ("claude-code", "codex", "gemini-cli", "vscode")
    ended = odd.run(
        "install", ENTRY, *(word for one in products for word in ("-H", one)), "--dry-run",
        status=None,
    )  # fmt: skip

    assert listed.status == 0, listed.err
    assert ended.status in (0, 3, 5), ended.err
    assert list(place.cwd.iterdir()) == []


def test_a_pipe_behind_a_variable_is_not_waited_for(place: Place) -> None:
    pipe = place.home / "pipe"
    os.mkfifo(pipe)
    for variable in ("NETRC", "UV_CONFIG_FILE", "CLAUDE_CONFIG_DIR"):
        odd = place.with_variables(**{variable: str(pipe)})
        odd.run("install", ENTRY, "-H", "codex", "-H", "claude-code", "-n", status=None)


def test_a_state_folder_in_the_working_folder_works(place: Place) -> None:
    """A project can't set variables, so its user has chosen this."""
    place.with_variables(MCPI_HOME=str(place.cwd / "state")).require_whole_cycle()


REFUSED = {
    "relative": ("MCPI_HOME", "state"),
    "parent": ("MCPI_HOME", ".."),
    "tilde": ("MCPI_HOME", "~/state"),
    "device": ("MCPI_HOME", "/dev/null"),
    "below a device": ("MCPI_HOME", "/dev/null/x"),
    "too long": ("MCPI_HOME", "/" + "x" * 5000),
    "no home": ("HOME", ""),
    "relative home": ("HOME", "home"),
    "missing home": ("HOME", "/nonexistent/home"),
    "device for home": ("HOME", "/dev/null"),
    "data on a device": ("XDG_DATA_HOME", "/dev/null"),
    "long data": ("XDG_DATA_HOME", "/" + "x" * 5000),
    "long cache": ("XDG_CACHE_HOME", "/" + "x" * 5000),
}


@pytest.mark.parametrize("case", REFUSED)
def test_state_at_a_place_that_makes_no_sense_is_refused(place: Place, case: str) -> None:
    variable, value = REFUSED[case]
    odd = place.with_variables(**{variable: value})

    assert odd.install(status=3).refused("state-unsafe")

    place.require_nothing_installed()
    assert list(place.cwd.iterdir()) == []
    assert not Path("/nonexistent").exists()


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.mark.parametrize(
    "variable", ["MCPI_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR", "HOME"]
)
def test_a_place_in_a_folder_of_everybody_is_refused(
    place: Place, variable: str, shared: Path
) -> None:
    mine = shared / "mine"
    mine.mkdir(mode=0o700)

    ended = place.with_variables(**{variable: str(mine)}).install(status=3)

    assert ended.refused("state-unsafe")
    assert "Nothing has been written yet" not in ended.err
    place.require_nothing_installed()


def test_the_working_folder_may_be_gone(place: Place) -> None:
    gone = place.cwd / "gone"
    gone.mkdir()

    ended = place.run("list", status=5, cwd=gone, preexec_fn=gone.rmdir)

    assert ended.refused("file-unreadable")
