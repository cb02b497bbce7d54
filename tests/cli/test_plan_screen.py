"""The plan screen: everything that one yes would do, read from the bottom."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

from dataclasses import replace

import pytest
from inline_snapshot import snapshot

from mcpinstall.cli import layout, render_plan
from mcpinstall.cli.render_diff import FileDiff
from mcpinstall.cli.render_plan import View
from mcpinstall.model.host import EnvironmentValue
from mcpinstall.model.manifest import Audience, Integrates, Permissions
from mcpinstall.operations.prepared import Prepared
from tests.builders import plans


def screen(
    prepared: Prepared,
    width: int = 80,
    height: int | None = None,
    diffs: tuple[FileDiff, ...] | None = None,
) -> str:
    """Return the screen without colour."""
    view = View(width=width, height=height, home=plans.HOME)
    shown = (plans.diff(),) if diffs is None else diffs
    return layout.plain(render_plan.plan(prepared, shown, view))


def test_a_plan_at_80_columns() -> None:
    assert screen(plans.prepared()) == snapshot("""\
git 2026.10.19 — read, search and change one Git repository
  io.github.modelcontextprotocol/server-git
CERTIFIED   registry: bundled (issued 2026-11-22)
  criteria: locked, inspected, probed   not done: source-read
  review claimed by Grace, 2026-11-20

~/.cursor/mcp.json  (Cursor)                            4 lines added, 1 removed
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

Checks                                        5 done, 1 absent, 3 after your yes
  1 registry   verified  shipped with mcpinstall 0.1.0, fresh, not rolled back
  2 manifest   verified  4 files match their sha256
  3 policy     verified  built-in default: certified; none yanked
  4 downloads  verified  32 files, 10.1 MB, sha256
  5 publisher  absent    the manifest names no publisher identity
  6 archives   verified  1,612 members, no start-up hooks
  7 environment   8 answers   9 host file   not yet run
May (declared by reviewers, NOT enforced)   network no · read, write ~/code/app
    · run git
Uses  Python 3.12.4 at /usr/bin/python3.12 (yours; not verified by mcpi)

Cursor will start this program, with all your rights, at every launch:
  /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/bin/python
    -I
    -B
    -X
    utf8
    /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/start.py
    --repository
    /home/ada/code/app
git 2026.10.19 is certified by registry bundled. Nothing has been written yet.
""")


def test_a_plan_at_120_columns() -> None:
    assert screen(plans.prepared(), 120) == snapshot("""\
git 2026.10.19 — read, search and change one Git repository
  io.github.modelcontextprotocol/server-git
CERTIFIED   registry: bundled (issued 2026-11-22)   criteria: locked, inspected, probed   not done: source-read
  review claimed by Grace, 2026-11-20

~/.cursor/mcp.json  (Cursor)                                                                    4 lines added, 1 removed
    @@ -1,5 +1,12 @@
     {
       "mcpServers": {
         "weather": {
           "command": "…"
    -    }
    +    },
    +    "git": {
    +      "command": "/home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/bin/python"
    +    }
       }
     }

Checks                                                                                5 done, 1 absent, 3 after your yes
  1 registry   verified  shipped with mcpinstall 0.1.0, fresh, not rolled back
  2 manifest   verified  4 files match their sha256
  3 policy     verified  built-in default: certified; none yanked
  4 downloads  verified  32 files, 10.1 MB, sha256
  5 publisher  absent    the manifest names no publisher identity
  6 archives   verified  1,612 members, no start-up hooks
  7 environment   8 answers   9 host file   not yet run
May (declared by reviewers, NOT enforced)   network no · read, write ~/code/app · run git
Uses  Python 3.12.4 at /usr/bin/python3.12 (yours; not verified by mcpi)

Cursor will start this program, with all your rights, at every launch:
  /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/bin/python
    -I
    -B
    -X
    utf8
    /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/start.py
    --repository
    /home/ada/code/app
git 2026.10.19 is certified by registry bundled. Nothing has been written yet.
""")


def test_a_plan_at_40_columns() -> None:
    assert screen(plans.prepared(), 40) == snapshot("""\
git 2026.10.19 — read, search and change
  ↳ one Git repository
  io.github.modelcontextprotocol/server-
  ↳ git
CERTIFIED
  registry: bundled (issued 2026-11-22)
  criteria: locked, inspected, probed
  not done: source-read
  review claimed by Grace, 2026-11-20

~/.cursor/mcp.json  (Cursor)
  4 lines added, 1 removed
    @@ -1,5 +1,12 @@
     {
       "mcpServers": {
         "weather": {
           "command": "…"
    -    }
    +    },
    +    "git": {
    +      "command": "/home/ada/.local/
  ↳ share/mcpinstall/servers/git-1a2b3c4
  ↳ d5e6f/current/bin/python"
    +    }
       }
     }

Checks
  5 done, 1 absent, 3 after your yes
  1 registry   verified
      shipped with mcpinstall 0.1.0,
      fresh, not rolled back
  2 manifest   verified
      4 files match their sha256
  3 policy     verified
      built-in default: certified; none
      yanked
  4 downloads  verified
      32 files, 10.1 MB, sha256
  5 publisher  absent
      the manifest names no publisher
      identity
  6 archives   verified
      1,612 members, no start-up hooks
  7 environment   8 answers
    9 host file   not yet run
May (declared by reviewers, NOT
    enforced)   network no · read, write
    ~/code/app · run git
Uses  Python 3.12.4 at
      /usr/bin/python3.12 (yours; not
      verified by mcpi)

Cursor will start this program, with all
  your rights, at every launch:
  /home/ada/.local/share/mcpinstall/serv
  ↳ ers/git-1a2b3c4d5e6f/current/bin/pyt
  ↳ hon
    -I
    -B
    -X
    utf8
    /home/ada/.local/share/mcpinstall/se
  ↳ rvers/git-1a2b3c4d5e6f/current/start
  ↳ .py
    --repository
    /home/ada/code/app
git 2026.10.19 is certified by registry
  bundled. Nothing has been written yet.
""")


def test_a_plan_in_colour() -> None:
    view = View(width=80, home=plans.HOME)

    assert layout.styled(render_plan.plan(plans.prepared(), (plans.diff(),), view)) == snapshot("""\
\x1b[1mgit 2026.10.19\x1b[0m — read, search and change one Git repository
  \x1b[36mio.github.modelcontextprotocol/server-git\x1b[0m
\x1b[32mCERTIFIED\x1b[0m   registry: bundled (issued 2026-11-22)
  criteria: locked, inspected, probed   \x1b[33mnot done: source-read\x1b[0m
  review claimed by Grace, 2026-11-20

\x1b[1m~/.cursor/mcp.json  (Cursor)\x1b[0m                            4 lines added, 1 removed
    \x1b[36m@@ -1,5 +1,12 @@\x1b[0m
     {
       "mcpServers": {
         "weather": {
           "command": "…"
    \x1b[1;31m-    }\x1b[0m
    \x1b[32m+    },\x1b[0m
    \x1b[32m+    "git": {\x1b[0m
    \x1b[32m+      "command": "/home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6\x1b[0m
  ↳ \x1b[32mf/current/bin/python"\x1b[0m
    \x1b[32m+    }\x1b[0m
       }
     }

\x1b[1mChecks\x1b[0m                                        5 done, 1 absent, 3 after your yes
  1 registry   \x1b[32mverified\x1b[0m  shipped with mcpinstall 0.1.0, fresh, not rolled back
  2 manifest   \x1b[32mverified\x1b[0m  4 files match their sha256
  3 policy     \x1b[32mverified\x1b[0m  built-in default: certified; none yanked
  4 downloads  \x1b[32mverified\x1b[0m  32 files, 10.1 MB, sha256
  5 publisher  \x1b[33mabsent  \x1b[0m  the manifest names no publisher identity
  6 archives   \x1b[32mverified\x1b[0m  1,612 members, no start-up hooks
\x1b[2m  7 environment\x1b[0m   \x1b[2m8 answers\x1b[0m   \x1b[2m9 host file\x1b[0m   \x1b[2mnot yet run\x1b[0m
May (declared by reviewers, NOT enforced)   network no · read, write ~/code/app
    · run git
Uses  Python 3.12.4 at /usr/bin/python3.12 (yours; not verified by mcpi)

\x1b[1mCursor will start this program, with all your rights, at every launch:\x1b[0m
  /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/bin/python
    -I
    -B
    -X
    utf8
    /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/start.py
    --repository
    /home/ada/code/app
git 2026.10.19 is certified by registry bundled. Nothing has been written yet.
""")


def test_a_plan_taller_than_the_terminal_has_one_line_for_each_file() -> None:
    shown = screen(plans.prepared(), height=24)

    assert "@@" not in shown
    assert "~/.cursor/mcp.json  (Cursor)                            4 lines added" in shown


def test_the_last_twenty_lines_say_who_vouches_what_runs_and_what_is_checked() -> None:
    last = screen(plans.prepared(), 120).splitlines()[-20:]

    assert last == snapshot(
        [
            "  1 registry   verified  shipped with mcpinstall 0.1.0, fresh, not rolled back",
            "  2 manifest   verified  4 files match their sha256",
            "  3 policy     verified  built-in default: certified; none yanked",
            "  4 downloads  verified  32 files, 10.1 MB, sha256",
            "  5 publisher  absent    the manifest names no publisher identity",
            "  6 archives   verified  1,612 members, no start-up hooks",
            "  7 environment   8 answers   9 host file   not yet run",
            "May (declared by reviewers, NOT enforced)   network no · read, write ~/code/app · run git",
            "Uses  Python 3.12.4 at /usr/bin/python3.12 (yours; not verified by mcpi)",
            "",
            "Cursor will start this program, with all your rights, at every launch:",
            "  /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/bin/python",
            "    -I",
            "    -B",
            "    -X",
            "    utf8",
            "    /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/start.py",
            "    --repository",
            "    /home/ada/code/app",
            "git 2026.10.19 is certified by registry bundled. Nothing has been written yet.",
        ]
    )


def test_a_plan_of_two_servers_for_two_hosts() -> None:
    time = plans.server(
        plans.reviewed(
            plans.manifest(
                name="io.github.modelcontextprotocol/server-time",
                summary="tell the time in any zone",
                permissions=Permissions(network=("*",)),
            )
        ),
        entry="time",
        arguments=(),
    )
    code = plans.row("code", "VS Code")
    changes = (plans.change(), plans.change(code, content=None))
    diffs = tuple(plans.diff(change, ("@@ -0,0 +1 @@", "+{}")) for change in changes)

    assert screen(plans.prepared(plans.server(), time, changes=changes), 100, diffs=diffs) == (
        snapshot("""\
git 2026.10.19 — read, search and change one Git repository
  io.github.modelcontextprotocol/server-git
time 2026.10.19 — tell the time in any zone
  io.github.modelcontextprotocol/server-time
CERTIFIED (git and time)   registry: bundled (issued 2026-11-22)
  criteria: locked, inspected, probed   not done: source-read   review claimed by Grace, 2026-11-20

~/.cursor/mcp.json  (Cursor)                                                            1 line added
    @@ -0,0 +1 @@
    +{}
~/.code/mcp.json  (VS Code)                                                         new file, 1 line
    @@ -0,0 +1 @@
    +{}

Checks                                                            5 done, 1 absent, 3 after your yes
  1 registry   verified  shipped with mcpinstall 0.1.0, fresh, not rolled back
  2 manifest   verified  4 files match their sha256
  3 policy     verified  built-in default: certified; none yanked
  4 downloads  verified  32 files, 10.1 MB, sha256
  5 publisher  absent    the manifest names no publisher identity
  6 archives   verified  1,612 members, no start-up hooks
  7 environment   8 answers   9 host file   not yet run
May (declared by reviewers, NOT enforced)
  git   network no · read, write ~/code/app · run git
  time  network any host · read nothing · write nothing · run nothing
Uses  Python 3.12.4 at /usr/bin/python3.12 (yours; not verified by mcpi)

Cursor and VS Code will start `git`, with all your rights, at every launch:
  /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/bin/python
    -I
    -B
    -X
    utf8
    /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/start.py
    --repository
    /home/ada/code/app

Cursor and VS Code will start `time`, with all your rights, at every launch:
  /home/ada/.local/share/mcpinstall/servers/time-1a2b3c4d5e6f/current/bin/python
    -I
    -B
    -X
    utf8
    /home/ada/.local/share/mcpinstall/servers/time-1a2b3c4d5e6f/current/start.py
git 2026.10.19 and time 2026.10.19 are certified by registry bundled. Nothing has been written yet.
""")
    )


def test_an_unreviewed_server_is_called_so_at_the_top_and_at_the_bottom() -> None:
    shown = screen(plans.unreviewed()).splitlines()

    assert shown[2] == "NOT REVIEWED   registry: mine (issued 2026-11-22)"
    assert "\n".join(shown[-3:]) == snapshot("""\
git is NOT REVIEWED: nobody vouches for it; it is for technically skilled users
  who have read its source.
Nothing has been written yet.\
""")


def test_a_stale_registry_is_named_at_the_bottom() -> None:
    stale = plans.server(plans.reviewed(state=plans.registry(stale=True)))

    assert "\n".join(screen(plans.prepared(stale)).splitlines()[-3:]) == snapshot("""\
The registry `bundled` is stale since 2027-05-21: newer versions and revocations
  may exist that it doesn't know of.
git 2026.10.19 is certified by registry bundled. Nothing has been written yet.\
""")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"integrates": Integrates.CLOUD}, "remote server with an"),
        ({"audience": Audience.TECHNICAL}, "for technically skilled users"),
    ],
)
def test_guidance_follows_from_the_manifest(changes: dict[str, object], sentence: str) -> None:
    shown = screen(plans.prepared(plans.server(plans.reviewed(plans.manifest(**changes)))))

    assert sentence in shown
    assert sentence not in screen(plans.prepared())


def test_a_variable_is_shown_by_name_and_a_secret_never_by_value() -> None:
    env = (
        EnvironmentValue(name="TOKEN", reference="MY_TOKEN", secret=True),
        EnvironmentValue(name="ZONE", value="UTC"),
        EnvironmentValue(name="KEY", value="hunter2", secret=True),
    )

    shown = screen(plans.prepared(plans.server(env=env)))

    assert "hunter2" not in shown
    assert "\n".join(shown.splitlines()[-5:]) == snapshot("""\
  with the environment variables
    TOKEN  (secret, from your variable MY_TOKEN)
    ZONE=UTC
    KEY  (secret, in CLEAR TEXT in the host's file)
git 2026.10.19 is certified by registry bundled. Nothing has been written yet.\
""")


def test_arguments_of_the_user_are_shown_as_not_reviewed() -> None:
    shown = screen(plans.prepared(plans.server(extra=("--verbose", "two words", ""))))

    assert "\n".join(shown.splitlines()[-7:]) == snapshot("""\
    --repository
    /home/ada/code/app
  and, given by you and not reviewed (3 arguments):
    --verbose
    'two words'
    ''
git 2026.10.19 is certified by registry bundled. Nothing has been written yet.\
""")


def test_a_link_is_shown_with_where_it_leads() -> None:
    linked = plans.change(target=plans.HOME / "dotfiles/mcp.json", warnings=("has a BOM",))

    shown = screen(plans.prepared(changes=(linked,)), diffs=(plans.diff(linked),))

    assert "  leads to ~/dotfiles/mcp.json\n  ! has a BOM\n" in shown


def test_an_entry_that_is_only_printed_names_its_host() -> None:
    shown = screen(plans.prepared(changes=(), print_rows=(plans.row(),)), diffs=())

    assert "Cursor will start this program" in shown


def test_verbose_shows_every_file_with_its_digest() -> None:
    view = View(width=120, home=plans.HOME, verbose=True)

    shown = layout.plain(render_plan.plan(plans.prepared(), (), view))

    assert "mcp_server_git-2026.10.19-py3-none-any.whl  23.5 kB" in shown
    assert f"sha256:{plans.SHA}" in shown


def test_long_evidence_wraps_and_loses_nothing() -> None:
    long = replace(plans.CHECKS[0], evidence="fact " * 30 + "END")

    shown = screen(plans.prepared(checks=(long, *plans.CHECKS[1:])))

    assert shown.count("fact") == 30
    assert "END" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_plan_that_nobody_is_asked_about_does_not_say_that_nothing_is_written_yet() -> None:
    view = View(width=80, home=plans.HOME, asking=False)

    shown = layout.plain(render_plan.plan(plans.prepared(), (), view))

    assert shown.endswith("git 2026.10.19 is certified by registry bundled.\n")


def test_an_entry_to_paste_is_announced_where_no_host_was_found() -> None:
    shown = screen(plans.prepared(changes=(), print_rows=(plans.row(),)), diffs=())

    assert "No host was found on this machine: you will get the entry to paste.\n" in shown


@pytest.mark.parametrize("columns", [33, 40, 80, 120])
def test_no_line_of_words_is_wider_than_the_screen(columns: int) -> None:
    view = View(width=columns, home=plans.HOME)
    checks = layout.plain(render_plan.all_checks(plans.CHECKS, view))
    shown = screen(plans.prepared(), columns) + checks

    assert max(map(len, shown.splitlines())) <= columns


@pytest.mark.parametrize(
    ("action", "files", "words"),
    [
        ("install", 1, "Install git and change 1 file?"),
        ("install", 2, "Install git and change 2 files?"),
        ("install", 0, "Install git?"),
        ("reinstall", 0, "Build git again?"),
        ("configure", 1, "Change the settings of git and change 1 file?"),
    ],
)
def test_the_question_names_what_happens(action: str, files: int, words: str) -> None:
    assert render_plan.question(plans.prepared(action=action), files) == words
