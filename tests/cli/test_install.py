"""`mcpi install` from its arguments to its last word, with a person at the terminal."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

from dataclasses import replace

import pytest
from inline_snapshot import snapshot

from mcpinstall.model.host import EnvironmentValue
from mcpinstall.model.plan import Request
from mcpinstall.operations.prepared import HostChoice, MissingInput
from tests.builders import plans
from tests.cli.conftest import Mcpi, Operations

ACTED = ["draft", "prepare, staging", "commit", "discard"]
NOT_ACTED = ["draft", "prepare, staging", "discard"]
QUESTION = "Install git and change 1 file? [y/N, d diff, c checks, ? help]"


def test_a_yes_installs_and_says_what_comes_next(mcpi: Mcpi, operations: Operations) -> None:
    ran = mcpi("install", "git", typed="y\n")

    assert ran.status == 0
    assert ran.out == ""
    assert ran.err.partition(QUESTION)[2] == snapshot("""\
 \n\
Installed git 2026.10.19
  Cursor: restart Cursor
  Then say to it: What changed in the last commit?
  `mcpi undo` takes it back
""")
    assert operations.calls == ACTED


@pytest.mark.parametrize("answer", ["n\n", "\n", "no\n"])
def test_a_no_changes_nothing(mcpi: Mcpi, operations: Operations, answer: str) -> None:
    ran = mcpi("install", "git", typed=answer)

    assert ran.status == 4
    assert ran.err.partition(QUESTION)[2] == snapshot("""\
 error[declined]: the answer was no
  nothing was changed
""")
    assert operations.calls == NOT_ACTED


def test_the_end_of_input_is_a_no(mcpi: Mcpi, operations: Operations) -> None:
    ran = mcpi("install", "git")

    assert ran.status == 4
    assert ran.err.partition(QUESTION)[2] == snapshot("""\
 \n\
error[declined]: the input ended before an answer
  nothing was changed
""")
    assert operations.calls == NOT_ACTED


def test_diff_checks_and_help_are_shown_and_the_question_comes_again(
    mcpi: Mcpi, operations: Operations
) -> None:
    ran = mcpi("install", "git", typed="d\nc\n?\nwhat\nyes\n")

    assert ran.status == 0
    assert ran.err.count(QUESTION) == 5
    assert ran.err.partition(QUESTION)[2] == snapshot("""\
 /home/ada/.cursor/mcp.json  (Cursor)                    4 lines added, 1 removed
    @@ -1,5 +1,12 @@
     {
       "mcpServers": {
         "weather": {
           "command": "…"
    -    }
    +    },
    +    "git": {
    +      "command": "/home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6
  ↳ f/current/bin/python"
    +    }
       }
     }

Install git and change 1 file? [y/N, d diff, c checks, ? help] Checks   explained in docs/verification.md
  1 registry     verified     shipped with mcpinstall 0.1.0, fresh, not rolled
                              back
  2 manifest     verified     4 files match their sha256
  3 policy       verified     built-in default: certified; none yanked
  4 downloads    verified     32 files, 10.1 MB, sha256
  5 publisher    absent       the manifest names no publisher identity
  6 archives     verified     1,612 members, no start-up hooks
  7 environment  not yet run
  8 answers      not yet run
  9 host file    not yet run

Install git and change 1 file? [y/N, d diff, c checks, ? help]   y  do it
  n  stop; nothing is written (also Enter, or Ctrl-C)
  d  show the whole diff of every file
  c  show all checks with all evidence
Install git and change 1 file? [y/N, d diff, c checks, ? help]   y  do it
  n  stop; nothing is written (also Enter, or Ctrl-C)
  d  show the whole diff of every file
  c  show all checks with all evidence
Install git and change 1 file? [y/N, d diff, c checks, ? help] \n\
Installed git 2026.10.19
  Cursor: restart Cursor
  Then say to it: What changed in the last commit?
  `mcpi undo` takes it back
""")


def test_an_unreviewed_server_asks_for_its_name(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = plans.unreviewed()

    ran = mcpi("install", "git", "--allow", "unreviewed", typed=f"y\n?\n{plans.GIT}\n")

    assert ran.status == 0
    assert ran.err.partition("Nothing has been written yet.\n")[2] == snapshot("""\
Install git and change 1 file? Type `io.github.modelcontextprotocol/server-git`
for yes
[N, d diff, c checks, ? help]   io.github.modelcontextprotocol/server-git  do it
  n  stop; nothing is written (also Enter, or Ctrl-C)
  d  show the whole diff of every file
  c  show all checks with all evidence
Install git and change 1 file? Type `io.github.modelcontextprotocol/server-git`
for yes
[N, d diff, c checks, ? help]   io.github.modelcontextprotocol/server-git  do it
  n  stop; nothing is written (also Enter, or Ctrl-C)
  d  show the whole diff of every file
  c  show all checks with all evidence
Install git and change 1 file? Type `io.github.modelcontextprotocol/server-git`
for yes
[N, d diff, c checks, ? help] \n\
Installed git 2026.10.19
  Cursor: restart Cursor
  Then say to it: What changed in the last commit?
  `mcpi undo` takes it back
""")
    assert operations.calls == ACTED


def test_another_name_is_no_consent(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = plans.unreviewed()

    assert mcpi("install", "git", typed="server-git\ny\n").status == 4
    assert operations.calls == NOT_ACTED


def test_a_missing_input_is_asked_for_until_it_fits(mcpi: Mcpi, operations: Operations) -> None:
    operations.missing = (MissingInput(entry_name="git", question=plans.question()),)

    ran = mcpi("install", "git", typed="\nnonsense\n~/code/app\ny\n")

    assert ran.status == 0
    assert ran.err.partition("git 2026")[0] == snapshot("""\
git needs `repository`: the Git repository to work on
repository: repository: `repository` does not exist
git needs `repository`: the Git repository to work on
repository: \
""")
    assert operations.requests[0].settings == (("repository", "~/code/app"),)


def test_a_secret_that_needs_clear_text_is_not_asked_for(
    mcpi: Mcpi, operations: Operations
) -> None:
    secret = plans.question("token", secret=True)
    operations.missing = (MissingInput(entry_name="git", question=secret),)

    ran = mcpi("install", "git", typed="hunter2\ny\n")

    assert ran.status == 2
    assert ran.err == snapshot("""\
git needs `token`: the Git repository to work on
error[input-missing]: `token` is a secret that can't be kept outside the host's
    file

hint: `--secret-from-env token=VARIABLE` refers to a variable of yours;
    `--plaintext-secrets` lets mcpi ask for it and write it there in clear text
""")
    assert operations.calls == ["draft"]


def several() -> HostChoice:
    """Return three hosts, the second preselected."""
    rows = (plans.row(), plans.row("code", "VS Code"), plans.row("zed", "Zed"))
    return HostChoice(chosen=(), candidates=rows, preselected=("code-user",))


@pytest.mark.parametrize(
    ("answer", "picked"),
    [
        ("\n", ("code-user",)),
        ("2\n", ("cursor-user",)),
        ("3, 1\n", ("zed-user", "code-user")),
        ("9\nx\n1 1\n", ("code-user",)),
    ],
)
def test_hosts_are_ticked_by_number(
    mcpi: Mcpi, operations: Operations, answer: str, picked: tuple[str, ...]
) -> None:
    operations.hosts = several()

    assert mcpi("install", "git", typed=f"{answer}y\n").status == 0
    assert operations.requests[0].hosts == picked


def test_the_tick_list(mcpi: Mcpi, operations: Operations) -> None:
    operations.hosts = several()

    ran = mcpi("install", "git", typed="n\n")

    assert ran.status == 4
    assert ran.err == snapshot("""\
Several hosts were found:
   1  [x] VS Code  code
   2  [ ] Cursor   cursor
   3  [ ] Zed      zed
Which hosts? Numbers [1], or n to stop: error[declined]: the answer was no
  nothing was changed
""")
    assert operations.calls == ["draft"]


def test_every_option_reaches_the_request(mcpi: Mcpi, operations: Operations) -> None:
    ran = mcpi(
        *("install", "git@2026.10.19", "-H", "cursor", "--host", "zed", "--set", "a=b=c"),
        *("--as", "mine", "--python", "3.12", "--print", "--replace", "--allow", "yanked"),
        *("--yes", "--offline", "--plaintext-secrets", "--", "-v", "--", "x"),
    )

    assert ran.status == 0
    assert operations.requests == [
        Request(
            names=("git@2026.10.19",),
            hosts=("cursor", "zed"),
            settings=(("a", "b=c"),),
            entry_name="mine",
            python="3.12",
            extra_arguments=("-v", "--", "x"),
            allow=frozenset({"yanked"}),
            plaintext_secrets=True,
            offline=True,
            print_only=True,
            replace=True,
            unattended=True,
        )
    ]


def test_a_printed_entry_is_data(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = plans.prepared(changes=(), print_rows=(plans.row(),))
    operations.done = plans.done(printed=(("Cursor", '{"git": {}}'),))

    ran = mcpi("install", "git", "--print", typed="y\n")

    assert ran.out == '{"git": {}}\n'
    assert "Cursor: paste this into its configuration" in ran.err


def test_a_printed_entry_says_where_it_belongs(mcpi: Mcpi, operations: Operations) -> None:
    row = plans.row("raycast", "Raycast", writable=False, why="no file", paste="paste it there")
    operations.prepared = plans.prepared(changes=(), print_rows=(row,))
    operations.done = plans.done(printed=(("Raycast", '{"git": {}}'),))

    ran = mcpi("install", "git", "--print", typed="y\n")

    assert "Raycast: paste it there\n" in ran.err


def test_what_is_in_place_is_not_asked_about(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = plans.prepared(plans.server(already_installed=True), changes=())

    ran = mcpi("install", "git", terminal=False)

    assert (ran.status, ran.out) == (0, "")
    assert ran.err == snapshot("git 2026.10.19 is already installed\n")
    assert operations.calls == ["prepare", "discard"]


def test_ctrl_c_at_the_question_changes_nothing(
    mcpi: Mcpi, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("mcpinstall.cli.ui.Ui.ask", interrupt)

    ran = mcpi("install", "git")

    assert ran.status == 130
    assert ran.err.splitlines()[-1] == "interrupted: nothing was changed"
    assert operations.calls == NOT_ACTED


def test_ctrl_c_in_the_middle_says_where_to_look(mcpi: Mcpi, operations: Operations) -> None:
    operations.late_refusal = KeyboardInterrupt()

    ran = mcpi("install", "git", typed="y\n")

    assert ran.status == 130
    assert ran.err.endswith("interrupted: `mcpi list` shows how things stand\n")
    assert operations.calls == ACTED


def test_reinstall_asks_and_acts(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = replace(operations.prepared, action="reinstall")

    ran = mcpi("reinstall", "git", "--python", "3.13", "--allow", "stale", typed="y\n")

    assert ran.status == 0
    assert "Build git again and change 1 file?" in ran.err
    assert operations.requests == [Request(names=(), python="3.13", allow=frozenset({"stale"}))]


def test_configure_asks_and_acts(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = replace(operations.prepared, action="configure")

    ran = mcpi("configure", "git", "--set", "repository=/srv", "--", "--fast", typed="y\n")

    assert ran.status == 0
    assert "Change the settings of git and change 1 file?" in ran.err
    assert operations.requests == [
        Request(names=(), settings=(("repository", "/srv"),), extra_arguments=("--fast",))
    ]


@pytest.mark.parametrize("answer", ["2", "Cursor", "cursor", " 2 , cursor"])
def test_a_host_is_ticked_by_number_or_name(
    mcpi: Mcpi, operations: Operations, answer: str
) -> None:
    operations.hosts = several()

    mcpi("install", "git", typed=f"{answer}\ny\n")

    assert operations.requests[0].hosts == ("cursor-user",)


def test_what_is_no_host_is_asked_for_again(mcpi: Mcpi, operations: Operations) -> None:
    operations.hosts = several()

    ran = mcpi("install", "git", typed="0\nn\n")

    assert "  type numbers from 1 to 3, such as `1 2`\n" in ran.err
    assert operations.calls == ["draft"]


def test_what_is_left_to_do_comes_after_the_entry_to_paste(
    mcpi: Mcpi, operations: Operations
) -> None:
    env = (EnvironmentValue(name="TOKEN", reference="MY_TOKEN", secret=True),)
    operations.prepared = plans.prepared(
        plans.server(env=env),
        changes=(),
        print_rows=(plans.row(),),
    )
    operations.done = plans.done(printed=(("Cursor", '{"git": {}}'),))

    ran = mcpi("install", "git", "--print", typed="y\n")

    assert ran.err.partition("? help]")[2] == snapshot("""\
 \n\
Installed git 2026.10.19

Cursor: paste this into its configuration

  Cursor: restart Cursor
  Set the environment variable MY_TOKEN where the host starts: git needs it
  Then say to it: What changed in the last commit?
  `mcpi undo` takes it back
""")


def test_two_servers_have_two_sentences_to_try(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = plans.prepared(plans.server(), plans.server())

    ran = mcpi("install", "git", "time", typed="y\n")

    assert "  Then say to it: What changed in the last commit?\n  or: What changed" in ran.err
