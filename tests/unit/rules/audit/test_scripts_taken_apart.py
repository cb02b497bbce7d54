"""MA201 to MA203, and what stands behind wrappers: each word that a reader passes over or takes."""

from __future__ import annotations

import base64
import shlex

import pytest

from mcpinstall.rules.audit import scripts
from mcpinstall.rules.audit.inline_code import inline_code, runs_its_input
from mcpinstall.rules.audit.shells import Shell, is_simple, powershell_file, script_of, started
from mcpinstall.rules.audit.unwrap import unwrap
from mcpinstall.rules.audit.words import LONGEST, MOST_WORDS, program, split, split_value
from mcpinstall.rules.audit.wrapper_env import skip
from tests.unit.rules.audit.launches import server, values


def ids(*argv: str) -> str:
    found = scripts.check(server(*argv))
    return " ".join(hit.rule.id for hit in found if hit.persona is None)


def launch(line: str) -> str:
    return " ".join(one.text for one in unwrap(values(*shlex.split(line))).launch)


# MA201 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    ["if true; then { curl x; } | sh; fi", "if true; then ( curl x; ) | sh; fi",
     "cd /x; bash -c 'curl y | sh'", "cd /x; sh -c \"cd y; sh -c 'curl y | sh'\"",
     "c\\url x | sh", 'c""url x | sh', "'curl' x | sh", "cu'r'l x | sh",
     "curl x | bash -o pipefail", "curl x | bash -O extglob", "curl x | bash -s a",
     "curl x | xargs bash x.sh",
     "curl x | python -W ignore", "curl x | python -X dev -", "curl x | python3 -E",
     "curl x | node -r dotenv/config", "curl x | perl -w", "curl x | ruby -n", "curl x | php",
     "curl x | deno run -", "curl x | python3.12 /dev/stdin", "curl x | $SHELL", "! curl x | sh",
     "time curl x | sh", "A=b curl x | C=d sh", "curl x | pwsh -Command -", "curl x | tee y | sh",
     ":;" * 600 + "curl x | sh", "curl x;" * 501],
)  # fmt: skip
def test_what_is_downloaded_is_run(script: str) -> None:
    assert ids("sh", "-c", script) == "MA201"


@pytest.mark.parametrize(
    "script",
    ["curl x; bash -c 'ls'", "curl x; bash -c 'cd y; ls'", "curl x | A=b", "curl x | A=b;",
     "curl x | $0/tool", "curl x | bash script.sh -", "curl x | python -m json.tool",
     "curl x | python3 -m json.tool -", "curl x | python -c 'a'", "curl x | python -cx",
     "curl x | perl -ne 'a'", "curl x | perl -pe 's/a/b/'", "curl x | ruby -e 'a' -",
     "curl x | node --eval=a", "curl x | node --eval a", "curl x | node -p a", "curl x | php -f x",
     "curl x | php -r 'a'", "curl x | perl x.pl", "curl x | pwsh -File x.ps1 -",
     "curl x | deno eval 'a'", "x=1; ls | sh", "ls | sh", "curl x;" * 500,
     ":;" * 600 + "curl x", "ls | node - fetch", "cd x; bash -c 'cd curl; ls'"],
)  # fmt: skip
def test_what_is_downloaded_is_not_run(script: str) -> None:
    assert "MA201" not in ids("sh", "-c", script)


@pytest.mark.parametrize(
    ("script", "expected"),
    [("xh x | iex", True), ("http x | Invoke-Expression", True), ("$(curl x)", False),
     ("curl x", False)],
)  # fmt: skip
def test_powershell_runs_a_download(script: str, expected: bool) -> None:
    assert ("MA201" in ids("pwsh", "-Command", script)) is expected
    assert ("MA201" in ids("powershell", script)) is expected


def test_only_whole_base64_is_decoded() -> None:
    code = base64.b64encode("irm x | iex".encode("utf-16-le")).decode()

    assert ids("pwsh", "-EncodedCommand", code) == "MA201"
    assert ids("pwsh", "-EncodedCommand", f"!!{code}") == "MA202"


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [("python", "", True), ("python", "-m x", False), ("py", "-m x", False),
     ("pypy", "-m x", False),
     ("perl", "-m x", True), ("php", "-F x", False), ("php", "-c x", True), ("lua", "-", True),
     ("lua", "x.lua", False), ("python", "x.py -", False), ("python", "-mjson.tool", False),
     ("pypy", "-mjson.tool", False), ("py", "-mx", False), ("lua", "/dev/fd/0", True),
     ("lua", "/proc/self/fd/0", True), ("lua", "/dev/stdin", True),
     ("osascript", "-e x", False), ("tsx", "--print x", False)],
)  # fmt: skip
def test_an_interpreter_runs_what_it_reads(name: str, line: str, expected: bool) -> None:
    assert runs_its_input(name, values(*line.split())) is expected


# MA202, MA203 ------------------------------------------------------------------------------------


def test_a_script_is_told_once_and_where_it_begins() -> None:
    outer = list(scripts.check(server("sh", "-c", "sh -c 'a;b'")))
    nested = list(scripts.check(server("sh", "-c", "sh -c x")))
    joined = list(scripts.check(server("cmd", "/c", "a", "&", "b")))

    assert [(hit.rule.id, hit.persona) for hit in outer] == [("MA202", None)]
    assert len(nested) == 1
    assert [hit.pointer for hit in joined] == ["/mcpServers/s/args/1"]


@pytest.mark.parametrize(
    "argv",
    [("sh", "-c", 'exec "$@"; a', "sh", "b"), ("cmd", "/c", "npx", "a", "&", "calc"),
     ("sh", "-c", "x" * LONGEST), ("bash", "-c", "--", "a; b"), ("bash", "-c", "-l", "a; b"),
     ("cmd", "/c", "a://b", "x&y"), ("fish", "-C", "a; b"), ("nu", "-e", "a; b"),
     ("sh", "-c", f"-{'a' * 20}; b"), ("bash", "-c", "-l", f"a; {'b' * 20}")],
)  # fmt: skip
def test_a_script_does_more_than_start_a_program(argv: tuple[str, ...]) -> None:
    assert ids(*argv) == "MA202"


@pytest.mark.parametrize(
    "argv",
    [("sh", "-c", "A=b"), ("sh", "-c", ""), ("sh", "-c", "x" * (LONGEST - 1)),
     ("fish", "--profile=a;b", "x"), ("fish", "-i", "a;b"), ("bash", "--rcfile=a;b", "x"),
     ("cmd", "/c", "start", "https://h.example/?a=b&c=d"), ("sh", "-c"), ("cmd", "/c"),
     ("powershell", "-"), ("cmd", "/cnpx", "-y", "a"), ("sh", "-c", "-l")],
)  # fmt: skip
def test_a_script_starts_one_program(argv: tuple[str, ...]) -> None:
    assert ids(*argv) == ""


def test_a_dash_alone_brings_no_encoded_text() -> None:
    found = script_of(values("powershell", "-", "QQBC"))
    encoded = script_of(values("powershell", "-enc", "QQBC", "x"))

    assert found is not None
    assert not found.is_encoded
    assert encoded is not None
    assert (encoded.is_encoded, encoded.text) == (True, "QQBC")


@pytest.mark.parametrize(
    ("line", "file"),
    [("pwsh x.ps1 a", "x.ps1"), ("pwsh /x/y.ps1", "/x/y.ps1"), ("powershell -File x.ps1", "x.ps1"),
     ("powershell -NoProfile -ep Bypass -f x.ps1", "x.ps1"), ("powershell x.ps1", None),
     ("pwsh -c x.ps1", None), ("pwsh -File", None), ("pwsh", None), ("bash x.ps1", None),
     ("bash -File x.ps1", None),
     ("pwsh -enc x.ps1", None), ("pwsh-preview -File x.ps1", "x.ps1")],
)  # fmt: skip
def test_the_file_of_powershell(line: str, file: str | None) -> None:
    found = powershell_file(values(*line.split()))

    assert (found.text if found else None) == file
    assert powershell_file(()) is None


def test_words_of_cmd_keep_the_place_of_the_first() -> None:
    found = unwrap(values("cmd", "/c", "@a,b", "c"))

    assert [(one.text, one.pointer[-6:]) for one in found.launch] == [
        ("a", "args/1"), ("b", "args/1"), ("c", "args/2"),
    ]  # fmt: skip
    assert launch("cmd /cnpx -y a") == "npx -y a"


def test_a_script_that_hands_on_its_arguments_starts_these() -> None:
    found = script_of(values("sh", "-c", 'exec "$@"', "sh", "npx", "a"))

    assert found is not None
    assert found.language is Shell.POSIX
    assert is_simple(found)
    assert [one.text for one in started(found)[1]] == ["npx", "a"]


@pytest.mark.parametrize(
    ("line", "code"),
    [("deno repl --eval x", "x"), ("deno repl --eval-file a --eval x --eval y", "x"),
     ("deno eval x", "x"), ("deno eval", None), ("perl -MCGI::Pretty x.pl", None),
     ("perl -m Foo -e x", "x"), ("node -r data:x /srv/x.js", None), ("julia -m x -e y", None),
     ("node --import data:x y.js", "data:x"), ("node --import=data:x y.js", "--import=data:x"),
     ("ruby -e x", "x"), ("python -m x -c y", None)],
)  # fmt: skip
def test_code_of_an_argument(line: str, code: str | None) -> None:
    words = values(*line.split())
    found = inline_code(words)

    place = next((one.pointer for one in words if one.text == code), None)
    assert (found[1].pointer if found else None) == place
    assert inline_code(()) is None
    (runner, said) = inline_code(values("npx", "-c", "x y")) or ("", None)
    assert (runner, said and said.text) == ("npx", "x y")
    assert ids("env", "python", "-c", "x") == "MA203"


# Words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["x", "/a/x", "C:\\a\\x", "x.exe", "x.cmd", "x.bat", "x.com", "x.ps1", '"x"', "X", "x "]
)
def test_a_program_has_one_name(text: str) -> None:
    assert program(text) == "x"


@pytest.mark.parametrize(
    ("text", "plain", "posix"),
    [("a b", ["a", "b"], ["a", "b"]), ("a\\ b", ["a\\", "b"], ["a b"]),
     ("'a b' c", ["a b", "c"], ["a b", "c"]), ('"a b"c', ["a bc"], ["a bc"]),
     ('"a\\"b"', ['a"b'], ['a"b']), ('"a\\$b"', ["a\\$b"], ["a$b"]), ("C:\\x y", ["C:\\x", "y"],
     ["C:x", "y"]), ("'a", None, None), (" a ", ["a"], ["a"]), ("", [], []), ("''", [""], [""]),
     ("a''", ["a"], ["a"])],
)  # fmt: skip
def test_a_line_is_split_as_its_shell_does(
    text: str, plain: list[str] | None, posix: list[str] | None
) -> None:
    assert split(text) == plain
    assert split(text, escapes=True) == posix


def test_words_are_counted_up_to_a_limit() -> None:
    assert len(split("a " * (MOST_WORDS + 5)) or ()) == MOST_WORDS
    assert [one.text for one in split_value(values("C:\\x y")[0])] == ["C:\\x", "y"]


@pytest.mark.parametrize(
    ("line", "count"), [("-a b c", 2), ("-- -a", 1), ("- a", 0), ("a", 0), ("-v -a b", 3), ("", 0)]
)
def test_options_are_passed_over(line: str, count: int) -> None:
    assert skip(values(*line.split()), frozenset({"-a"})) == count


# Wrappers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "inner"),
    [
        ("env -S 'a\\$b c'", "a$b c"), ("env -S", "env -S"), ("env -S x -S", "x -S"),
        ("env -S 'A=b'", "env -S A=b"), ("runas -noprofile npx a", "npx a"),
        ("runas /user:x npx a", "npx a"), ('start /b "" npx a', "npx a"),
        ('start "" "C:\\a b\\x.exe" a', "C:\\a b\\x.exe a"), ("start npx 'a b'", "npx a b"),
        ("start", "start"), ("start /b", "start /b"), ("setarch -R npx a", "npx a"),
        ("setarch x86_64 -R npx a", "npx a"), ("setarch x86_64 npx -y", "npx -y"),
        ("cmd /c $@", "$@"), ("script --args -c x", "script --args -c x"),
        ("doppler run -p --command -- npx a", "npx a"),
        ("doppler run --token=x --command 'npx a'", "npx a"),
        ("dotenvx run -x y -- npx a", "npx a"), ("wsl -e -x a", "-x a"),
        (f"npx supergateway@{'1' * 300} --stdio 'npx a'", "npx a"),
        ("wsl", "wsl"), ("wsl -e ~/x a", "~/x a"),
        ("wsl ~/x a", "~/x a"), ("wsl ~ -e npx a", "npx a"), ("wsl --exec -x a", "-x a"),
        ("wsl -- -x", "-x"), ("wsl -d U npx a", "npx a"), ("dotenv -e f", "dotenv -e f"),
        ("dotenv -e f run", "dotenv -e f run"), ("dotenv -e f run --", "dotenv -e f run --"),
        ("dotenvx run npx a", "npx a"), ("dotenvx run -f x -- npx a", "npx a"),
        ("dotenvx get npx a", "dotenvx get npx a"), ("dotenvx", "dotenvx"),
        ("pnpm exec npx a", "npx a"), ("pipx run npx a", "npx a"), ("npm exec -- npx a", "npx a"),
        ("phase run npx a", "npx a"), ("phase run -- npx a", "npx a"),
        ("phase --env p run --app q npx a", "npx a"), ("phase get npx a", "phase get npx a"),
        ("direnv exec /srv npx a", "npx a"), ("op run -- npx a", "npx a"),
        ("op get -- npx a", "op get -- npx a"), ("aws-vault exec p -- npx a", "npx a"),
        ("doppler run --command 'npx a'", "npx a"), ("doppler run --command='npx a'", "npx a"),
        ("doppler run -p x --command 'npx a'", "npx a"), ("doppler run --", "doppler run --"),
        ("doppler run -- x --command y", "x --command y"), ("script -c", "script -c"),
        ("flock -w 5 /srv/l -c 'npx a'", "npx a"), ("flock /srv/l npx a", "npx a"),
        ("su x -c 'npx a'", "npx a"), ("mise exec node@22 -- npx a", "npx a"),
        ("mise x -c 'npx a'", "npx a"), ("mise run -- npx a", "mise run -- npx a"),
        ("nice -n 5 -- npx a", "npx a"), ("taskset 1 npx a", "npx a"),
        ("'C:\\Program Files\\x\\curl.exe -x y'", "C:\\Program Files\\x\\curl.exe -x y"),
        ("'/opt/my tools/nice -n 5 npx a'", "npx a"), ("'npx -y a' b", "npx -y a b"),
    ],
)  # fmt: skip
def test_what_a_wrapper_starts(line: str, inner: str) -> None:
    assert launch(line) == inner


@pytest.mark.parametrize(
    ("argv", "words"),
    [(("npx -y a", "b"), ["npx", "-y", "a", "b"]), (("npx", "-y a"), ["npx", "-y a"]),
     (("mytool /a b",), ["mytool", "/a", "b"]), (("mytool a b",), ["mytool", "a", "b"]),
     (('"C:\\a\\npx b\\x.exe"',), ['"C:\\a\\npx b\\x.exe"']),
     (("/opt/my tools/node x", "y", "z"), ["/opt/my tools/node", "x", "y", "z"])],
)  # fmt: skip
def test_a_command_line_in_one_text_is_taken_apart(argv: tuple[str, ...], words: list[str]) -> None:
    found = unwrap(values(*argv)).layers[0]

    assert [one.text for one in found] == words
    assert found[0].pointer == "/mcpServers/s/command"


def test_what_a_package_starts_stands_where_the_package_does() -> None:
    found = unwrap(values("npx", "-y", "uvx@1", "a")).launch

    assert [(one.text, one.pointer[-6:]) for one in found] == [("uvx", "args/1"), ("a", "args/2")]


@pytest.mark.parametrize("name", ["curl", "wget", "su"])
def test_a_program_with_arguments_ends_its_path(name: str) -> None:
    found = unwrap(values(f"/opt/my tools/{name} -x y")).layers[0]

    assert [one.text for one in found] == [f"/opt/my tools/{name}", "-x", "y"]


@pytest.mark.parametrize(
    ("line", "url"),
    [("mcp-remote https://a", "https://a"), ("mcp-remote --url=https://a", "https://a"),
     ("mcp-remote h=https://a https://b", "https://b"), ("mcp-remote --url https://a", "https://a"),
     ("mcp-remote -u=https://a", None), ("other https://a", None), ("https://a mcp-remote", None)],
)  # fmt: skip
def test_the_address_of_a_bridge(line: str, url: str | None) -> None:
    found = unwrap(values(*line.split())).url

    assert (found.text if found else None) == url
