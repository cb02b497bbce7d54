"""Shells, interpreters and tasks by name: where code stands, and which file is started."""

from __future__ import annotations

import base64
import shlex

import pytest

from mcpinstall.model.audited import FileScope
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts, PathState
from mcpinstall.rules.audit.rule import Persona
from mcpinstall.rules.audit.shells import script_of, started
from tests.unit.rules.audit.launches import values
from tests.unit.rules.audit.test_launch_words import hits, ids

PROJECT = FileScope.PROJECT
POSIX = ["sh", "bash", "zsh", "dash", "ash", "ksh", "mksh", "yash", "fish", "rbash", "csh", "tcsh",
         "nu", "xonsh", "elvish"]  # fmt: skip


def own(line: str) -> list[str]:
    """Return ids of what a project's file starts."""
    return ids(line, scope=PROJECT)


# MA203 -------------------------------------------------------------------------------------------

INLINE = [
    ("python", "-c"), ("python3.12", "-c"), ("pypy3", "-c"), ("py", "-c"),
    *((name, option) for name in ("node", "nodejs", "tsx", "ts-node", "bun")
      for option in ("-e", "--eval", "-p", "--print")),
    ("lua", "-e"), ("lua5.4", "-e"), ("luajit", "-e"), ("Rscript", "-e"), ("julia", "-e"),
    ("julia", "-E"), ("elixir", "-e"), ("ruby", "-e"), ("perl", "-e"), ("perl", "-E"),
    ("php", "-r"), ("php", "-R"), ("php", "-B"), ("osascript", "-e"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "option"), INLINE)
def test_code_of_an_interpreter(name: str, option: str) -> None:
    (hit,) = hits(f"{name} {option} 'x y'")

    assert hit.rule.id == "MA203"
    assert hit.pointer == "/mcpServers/s/args/1"
    assert ids(f"{name} /srv/x {option} y") == []
    assert ids(f"server {option} x") == []
    assert ids(f"npx {name}@1.0.0 {option} x") in ([], ["MA203"])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("python -W ignore -c x", ["MA203"]), ("python -X dev -c x", ["MA203"]),
        ("python --check-hash-based-pycs never -c x", ["MA203"]),
        ("python -m x -c y", []), ("python -Ic x", ["MA203"]), ("python -mx -c y", []),
        ("ruby -r x -e y", ["MA203"]), ("ruby -I x -e y", ["MA203"]), ("perl -Mx -e y", ["MA203"]),
        ("perl -m x -e y", ["MA203"]), ("lua -m x -e y", []),
        ("php -d a=b -r x", ["MA203"]), ("php -c x -r y", ["MA203"]),
        ("php -S h:1 -r x", ["MA203"]),
        ("php -f /srv/x -t y -z z -r x", ["MA203"]),
        ("node -r dotenv/config -e x", ["MA203"]),
        ("node --import data:text/javascript,x", ["MA203"]),
        ("node --loader=DATA:,x", ["MA203"]), ("tsx --experimental-loader data:,x", ["MA203"]),
        ("bun --preload data:,x", ["MA203"]), ("node --import /srv/x /srv/y", []),
        ("bun -r m --cwd y -c z -e w", ["MA203"]),
        ("deno eval x", ["MA203"]), ("deno eval", []), ("deno repl --eval x", ["MA203"]),
        ("deno repl --eval-file x", []), ("deno repl", []), ("deno", []),
        ("deno test --eval x", []),
        ("python", []), ("node -e", ["MA203"]), ("python3 -c", ["MA203"]),
    ],
)  # fmt: skip
def test_code_behind_other_options(line: str, expected: list[str]) -> None:
    assert ids(line) == expected


# MA202 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", [*POSIX])
def test_a_posix_shell_with_a_script(shell: str) -> None:
    assert ids(f"{shell} -c 'a && b'") == ["MA202"]
    assert [hit.persona for hit in hits(f"{shell} -c 'npx a@1.0.0'")] == [Persona.PEDANTIC]
    assert ids(f"{shell} /srv/x.sh -c 'a && b'") == []
    assert ids(f"{shell}") == []


@pytest.mark.parametrize(
    "options",
    ["-lc", "-l -c", "-ec", "-o pipefail -c", "+o x -c", "-O extglob -c", "+O x -c", "+x -c",
     "--rcfile /x -c", "--init-file /x -c", "-c -l", "--norc -c", "--command", "--commands",
     "--init-command", "--execute", "-- -c"],
)  # fmt: skip
def test_options_before_a_script(options: str) -> None:
    assert ids(f"bash {options} 'a; b'") == ([] if options == "-- -c" else ["MA202"])


@pytest.mark.parametrize("option", ["--command", "--commands", "--init-command", "--execute"])
def test_a_script_that_is_glued_to_its_option(option: str) -> None:
    assert ids(f"fish '{option}=a; b'") == ["MA202"]
    assert ids(f"fish {option}") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [("fish -C 'a; b'", ["MA202"]), ("nu -e 'a; b'", ["MA202"]), ("nu -C 'a; b'", ["MA202"]),
     ("bash -C 'a; b'", []), ("bash -e 'a; b'", []), ("bash --cx 'a; b'", []),
     (f"bash -{'x' * 14}c 'a; b'", ["MA202"]), (f"bash -{'x' * 15}c 'a; b'", [])],
)  # fmt: skip
def test_which_option_brings_a_script(line: str, expected: list[str]) -> None:
    assert ids(line) == expected


@pytest.mark.parametrize(
    "script",
    ["a;b", "a&b", "a|b", "a<b", "a>b", "a $b", "a `b`", "a\nb", "a\rb", "(a)", "{ a; }", "a 'x';b",
     "/usr/bin/np? a", "/usr/bin/n* a", "/usr/bin/[n]px a"],
)  # fmt: skip
def test_a_sign_that_makes_more_than_one_program_of_it(script: str) -> None:
    assert ids(shlex.join(["sh", "-c", script])) == ["MA202"]


@pytest.mark.parametrize(
    "script",
    ["a 'b;c'", "a b?", "exec a b", 'exec "$@"', "$@", "A=b a", "command a", "", " "],
)  # fmt: skip
def test_a_script_that_starts_one_program(script: str) -> None:
    assert ids(shlex.join(["sh", "-c", script, "sh", "x"])) == []


@pytest.mark.parametrize("name", ["cmd", "cmd.exe", "%COMSPEC%", "${COMSPEC}", "${env:COMSPEC}",
                                  "$env:ComSpec", "$COMSPEC"])  # fmt: skip
@pytest.mark.parametrize("switch", ["/c", "/K", "/r", "/d /s /c"])
def test_cmd_with_a_script(name: str, switch: str) -> None:
    for script in ("a & b", "a | b", "a > b", "a < b", "if x y", "FOR x", "forfiles x", "(a)",
                   "%A% b", "x\\%A% b"):  # fmt: skip
        assert ids(f"'{name}' {switch} '{script}'") == ["MA202"], script
    for script in ("npx a@1.0.0", 'a "b & c"', "%A%\\npx a@1.0.0", "start /b a", "call a", "@a"):
        assert ids(f"'{name}' {switch} '{script}'") == [], script


def test_words_of_cmd() -> None:
    assert ids("cmd /c a https://h.example/?a=1&b=2") == []
    assert ids("cmd '/c a https://h.example/?a=1&b=2'") == ["MA202"]
    assert ids("cmd '/ca & b'") == ["MA202"]
    assert ids("cmd /c npx a --token '<your-token>'") == ["MA101"]
    assert ids("cmd /c npx a@1.0.0 '--token=<personal access token>' b") == []
    assert ids("cmd /c npx a@1.0.0 '<a.txt' '>b.txt'") == ["MA202"]
    assert ids("cmd /c 'npx a@1.0.0 <your-token>'") == ["MA202"]
    assert ids("cmd /c") == ids("cmd x /c 'a & b'") == ids("cmd /x") == []


@pytest.mark.parametrize("name", ["powershell", "pwsh", "pwsh-preview", "powershell.exe"])
@pytest.mark.parametrize(
    "option",
    ["-Command", "-c", "-com", "/c", "\u2013c", "\u2014Command", "\u2015c", "--command",
     "-CommandWithArgs", "-cwa", "-NoProfile -c", "-ExecutionPolicy Bypass -c", "-ep Bypass -c",
     "-WindowStyle Hidden -c", "-v 5 -c", "-InputFormat x -c", "-if x -c", "-OutputFormat x -c",
     "-o x -c", "-of x -c", "-ConfigurationName x -c", "-SettingsFile x -c", "-PSConsoleFile x -c",
     "-CustomPipeName x -c"],
)  # fmt: skip
def test_powershell_with_a_script(name: str, option: str) -> None:
    assert ids(f"{name} {option} 'a; b'") == ["MA202"]
    assert ids(f"{name} {option} 'npx a@1.0.0'") == []
    assert ids(f"{name} -File x {option} 'a; b'") == []


@pytest.mark.parametrize(
    "first",
    ["start-process", "saps", "Start", "Invoke-Expression", "iex", "invoke-command", "icm",
     "start-job", "sajb", "invoke-item", "ii", "invoke-wmimethod", "invoke-cimmethod", "."],
)  # fmt: skip
def test_a_command_of_powershell_that_starts_another(first: str) -> None:
    assert ids(f"powershell -c '{first} x'") == ["MA202"]


def test_words_of_powershell() -> None:
    encoded = base64.b64encode("npx a@1.0.0".encode("utf-16-le")).decode()

    assert ids("powershell 'a; b'") == ["MA202"]
    assert ids("pwsh 'a; b'") == ids("pwsh -NoProfile 'a; b'") == []
    assert ids("powershell") == ids("powershell -c") == ids("powershell -enc") == []
    for option in ("-enc", "-EncodedCommand", "-ec", "-e"):
        assert ids(f"powershell {option} {encoded}") == ["MA202"]
    assert ids("powershell -c \"a 'b;c'\"") == []


@pytest.mark.parametrize(
    ("line", "assigned", "words"),
    [
        ("sh -c 'A=b C=d exec npx a'", "A=b C=d", "npx a"),
        ("sh -c 'command npx a'", "", "npx a"),
        ("sh -c 'exec -a x npx a'", "", "exec -a x npx a"),
        ("sh -c 'exec \"$@\"' sh npx a", "", "npx a"),
        ("sh -c '$@' sh npx a", "", "npx a"),
        ("cmd /c call npx a", "", "npx a"),
        ("cmd /c A=b", "", "A b"),
        ("cmd /c @n^px,-y;a=b c", "", "npx -y a b c"),
        ("cmd /c http://x,y", "", "http://x,y"),
        ("powershell -c A=b npx", "", "A=b npx"),
    ],
)
def test_what_a_simple_script_starts(line: str, assigned: str, words: str) -> None:
    script = script_of(values(*shlex.split(line)))

    assert script is not None
    found = started(script)
    assert [" ".join(one.text for one in part) for part in found] == [assigned, words]


# MA201 -------------------------------------------------------------------------------------------

DOWNLOADERS = ["curl", "wget", "wget2", "aria2c", "http", "https", "xh", "iwr", "irm", "fetch",
               "invoke-webrequest", "invoke-restmethod"]  # fmt: skip
READERS = ["sh", "bash", "zsh", "dash", "ash", "ksh", "mksh", "fish", "pwsh -Command -",
           "pwsh -c -", "powershell", "cmd", "python", "python3.12", "pypy", "node", "perl",
           "ruby", "php", "osascript", "bun run -", "deno run -", "tsx", "lua", "source",
           ". ", "eval", "iex"]  # fmt: skip


@pytest.mark.parametrize("downloader", DOWNLOADERS)
def test_each_downloader_brings_code(downloader: str) -> None:
    for script in (f"{downloader} x | sh", f"/usr/bin/{downloader} x |& sh", f'"$({downloader} x)"',
                   f"bash <({downloader} x)", f"eval `{downloader} x`", f"{downloader} x|cat|sh",
                   f"A=b {downloader} x | sh", f"sudo {downloader} x | sh"):  # fmt: skip
        assert "MA201" in ids(shlex.join(["bash", "-c", script])), script
    for script in (f"{downloader} x > y", f"{downloader} x; sh", f"{downloader} x && sh",
                   f"{downloader} x || sh", f"echo {downloader} | sh", f"x{downloader} y | sh",
                   f"A=$({downloader} x) b"):  # fmt: skip
        assert ids(shlex.join(["bash", "-c", script])) == ["MA202"], script


@pytest.mark.parametrize("reader", READERS)
def test_each_reader_runs_what_it_is_given(reader: str) -> None:
    assert ids(shlex.join(["bash", "-c", f"curl x | {reader}"])) == ["MA201"]
    assert ids(shlex.join(["bash", "-c", f"curl x | cat y{reader}"])) == ["MA202"]


@pytest.mark.parametrize(
    "script",
    ["curl x | sh -s a", "curl x | bash -", "curl x | sh /dev/stdin", "curl x | bash /dev/fd/0",
     "curl x | sh /proc/self/fd/0", "curl x | python -", "curl x | node -", "curl x | xargs sh -c",
     "curl x | $SHELL", "curl x | ${BASH}", "curl x | $0", 'curl x | "$SHELL"', "{ curl x; } | sh",
     "( curl x ) | sh", "if a; then curl x | sh; fi", "! curl x | sh", "time curl x | sh",
     "while a; do curl x | sh; done", "if a; then b; else curl x | sh; fi", "curl x | (sh)",
     "sh -c 'curl x | sh'", "sh -c \"sh -c 'curl x | sh'\"", "timeout 5 curl x | sh",
     "nice curl x | env sh", "busybox wget x | busybox sh", "command curl x | exec sh"],
)  # fmt: skip
def test_a_download_reaches_an_interpreter(script: str) -> None:
    assert ids(shlex.join(["bash", "-c", script])) == ["MA201"]


@pytest.mark.parametrize(
    "script",
    ["curl x | sh y", "curl x | python -m json.tool", "curl x | python -c y", "curl x | node -e y",
     "curl x | node -p y", "curl x | node --eval y", "curl x | node --print y",
     "curl x | perl -E y",
     "curl x | ruby -ne y", "curl x | perl -pe y", "curl x | php -r y",
     "curl x | perl -n y",
     "curl x | bash -c y", "curl x | $SHELLY", "curl x | tee y", 'curl "x | sh"',
     "curl x \\| sh", "curl x 2>&1 y", "curl x &> y", "a | sh; curl x"],
)  # fmt: skip
def test_a_download_reaches_none(script: str) -> None:
    assert ids(shlex.join(["bash", "-c", script])) == ["MA202"]


@pytest.mark.parametrize("evaluates", ["iex (X)", "Invoke-Expression (X)",
                                       "& ([scriptblock]::Create((X)))",
                                       "$a.InvokeScript((X))"])  # fmt: skip
@pytest.mark.parametrize(
    "fetches",
    ["iwr x", "irm x", "curl x", "wget x", "Invoke-WebRequest x", "Invoke-RestMethod x",
     "(New-Object Net.WebClient).DownloadString('x')", "$w.DownloadData('x')", "$w.OpenRead('x')"],
)  # fmt: skip
def test_powershell_runs_what_it_fetches(evaluates: str, fetches: str) -> None:
    script = evaluates.replace("X", fetches)
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()

    assert ids(shlex.join(["powershell", "-c", script])) == ["MA201"]
    assert ids(f"powershell -enc {encoded}") == ["MA201"]
    assert ids(shlex.join(["powershell", "-c", fetches])) != ["MA201"]
    assert ids("powershell -enc ///") == ["MA202"]


# MA208, MA209 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["python", "python3.12", "pypy3", "py", "node", "nodejs", "tsx", "ts-node", "bun", "ruby",
     "perl", "php", "sh", "bash", "zsh", "dash", "fish", "pwsh", "powershell -File", "lua",
     "Rscript", "osascript", "bun run", "java -jar", "uv run", "uv run python"],
)  # fmt: skip
def test_the_file_of_an_interpreter(name: str) -> None:
    facts = MachineFacts(paths={"/srv/x.py": PathState(exists=True, writable="/srv")})

    assert ids(f"{name} /tmp/x.py") == ["MA208"]
    assert ids(f"{name} /srv/x.py", facts) == ["MA208"]
    assert ids(f"{name} /srv/x.py /tmp/y.py") == []
    assert own(f"{name} x.py") == own(f"{name} ./x.py") == ["MA209"]
    assert own(f"{name} /srv/x.py") == ["MA209"] * (name == "uv run")  # (with the project's own)
    assert ids(f"{name} x.py") == []
    approved = MachineFacts(is_approved=True)
    assert ids(f"{name} x.py", approved, PROJECT) == []


@pytest.mark.parametrize(
    "options",
    ["-W ignore", "-X dev", "-r x", "--require x", "--import x", "--loader x", "--env-file x"],
)
def test_the_value_of_an_option_is_no_file(options: str) -> None:
    assert ids(f"node {options} /tmp/x.js") == ["MA208"]
    assert own(f"node {options} /srv/x.js") == []


@pytest.mark.parametrize("option", ["-r", "--require", "--import", "--loader"])
@pytest.mark.parametrize("name", ["node", "nodejs", "tsx", "ts-node", "bun"])
def test_what_node_loads_first_is_started_too(name: str, option: str) -> None:
    assert ids(f"{name} {option} /tmp/x.js /srv/y.js") == ["MA208"]
    assert ids(f"{name} {option} x /srv/y.js") == []
    assert ids(f"python {option} /tmp/x.js /srv/y.py") == []


@pytest.mark.parametrize("option", ["-c", "-e", "-m", "-p", "--eval", "--print"])
def test_code_has_no_file(option: str) -> None:
    assert "MA208" not in ids(f"python {option} x /tmp/y.py")
    assert "MA209" not in own(f"python {option} x y.py")


@pytest.mark.parametrize("tool", ["make", "just", "task", "gradlew", "mvnw", "rake"])
def test_a_builder_runs_what_the_project_says(tool: str) -> None:
    assert own(f"{tool} run") == ["MA209"]
    assert own(f"{tool} -C /srv run") == own(f"{tool} --dir=/srv run") == []
    assert ids(f"{tool} run") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("npm run x", ["MA209"]), ("npm start", ["MA209"]), ("pnpm run-script x", ["MA209"]),
        ("yarn run x", ["MA209"]), ("npm --silent run x", ["MA209"]), ("npm test", []),
        ("npm --prefix /srv run x", []), ("npm", []),
        ("poetry run x", ["MA209"]), ("dotnet run", ["MA209"]), ("poetry show", []),
        ("dotnet build run", []),
        ("docker compose up", ["MA209"]), ("podman compose up", ["MA209"]),
        ("nerdctl compose up", ["MA209"]), ("docker-compose up", ["MA209"]),
        ("docker ps compose", []), ("docker compose -f /srv/x up", []),
        ("cargo run", ["MA209"]), ("dotnet tool run x", ["MA209"]), ("go run ./x", ["MA209"]),
        ("uvx --from . x", ["MA209"]), ("uvx --from ./x x", ["MA209"]), ("uvx --from /srv x", []),
        ("npx ./x", ["MA209"]), ("npx file:x", ["MA209"]), ("npx /srv/x", []),
        ("docker run 0123456789ab", []), ("uv run x", ["MA209"]),
        ("uv run --no-project x", []), ("uv run --with a==1 x", []), ("uv run -w a==1 x", []),
        ("uv run --project /srv x", []), ("uv run --project sub x", ["MA209"]),
        ("uv --directory /srv run x.py", []), ("uv --directory sub run x.py", ["MA209"]),
        ("./x", ["MA209"]), ("sub/x", ["MA209"]), ("sub\\\\x", ["MA209"]), ("x", []), ("~/x", []),
        ("$HOME/x", []), ("%A%/x", []), ("${workspaceFolder}/x", ["MA209"]),
        ("${workspaceRoot}/x", ["MA209"]), ("${CLAUDE_PROJECT_DIR}/x", ["MA209"]),
        ("${PWD}/x", ["MA209"]), ("${fileWorkspaceFolder}/x", ["MA209"]),
        ("node https://h.example/x.js", []),
    ],
)  # fmt: skip
def test_code_of_the_project(line: str, expected: list[str]) -> None:
    assert own(line) == expected
    assert "MA209" not in ids(line)


@pytest.mark.parametrize(
    ("path", "shared"),
    [(path, True) for path in
     ("/tmp/x", "/tmp", "/var/tmp/x", "/private/tmp/x", "/private/var/tmp/x", "/dev/shm/x",
      "C:/Temp/x", "C:\\Windows\\Temp\\x", "C:/Users/Public/x", "/home/u/Downloads/x",
      "/Users/u/Downloads/x", "C:\\Users\\u\\Downloads\\x", "~/Downloads/x", "$HOME/Downloads/x",
      "${HOME}/Downloads/x", "${env:HOME}/Downloads/x", "%USERPROFILE%\\Downloads\\x", "%TEMP%\\x",
      "%TMP%\\x", "$TMPDIR/x", "${TMPDIR}/x", "${env:TEMP}/x",
      "C:\\Users\\u\\AppData\\Local\\Temp\\x")]
    + [(path, False) for path in
       ("/tmpx/y", "/srv/tmp/x", "/home/u/Downloadsx/y", "/home/u/x/Downloads/y", "C:/Temporary/x",
        "~/bin/x", "/var/tmpx", "%TEMPLATE%\\x", "/home/u/.local/bin/x")],
)  # fmt: skip
def test_a_folder_that_others_write_to(path: str, shared: bool) -> None:
    quoted = shlex.quote(path)

    assert ids(quoted) == (["MA208"] if shared else [])


def test_what_is_behind_a_name_is_low() -> None:
    state = PathState(exists=True, resolved="/opt/x", writable="/opt")
    facts = MachineFacts(found={"x": state, "y": PathState(exists=True, resolved="/opt/y")})

    (hit,) = hits("x", facts)
    assert (hit.rule.id, str(hit.severity)) == ("MA208", "low")
    assert hits("y", facts) == hits("z x", facts) == []


def test_where_links_lead_counts() -> None:
    linked = PathState(exists=True, resolved="/tmp/x")

    assert ids("/opt/x", MachineFacts(paths={"/opt/x": linked})) == ["MA208"]
    assert ids("/opt/x", MachineFacts(paths={"/opt/y": linked})) == []
    assert ids("uvx --from /tmp/p x", NOTHING) == ["MA208"]
    assert ids("uv run --project /tmp/p x", NOTHING) == ["MA208"]
