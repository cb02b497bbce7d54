"""What changed between two versions: on a screen, in JSON, in a comment."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from mcpinstall.cli import change_words, json_changes, layout, markdown_changes, render_changes
from mcpinstall.model.tool_text import canonical_tools
from mcpinstall.operations.describing import Comparison
from mcpinstall.operations.manifest_diff import Diff
from mcpinstall.planning.changes import Change, ChangeKind, Described, Mark, Part, compare
from tests.builders.described import PLANTS, described
from tests.cli.conftest import Mcpi

SHOWN = (
    ChangeKind.HOOK_ADDED, ChangeKind.NATIVE_ADDED, ChangeKind.PERMISSION_WIDENED,
    ChangeKind.SCRIPT_CHANGED, ChangeKind.NOT_COMPARED, ChangeKind.TOOL_DESCRIPTION,
    ChangeKind.TOOL_INPUT, ChangeKind.REMOTE_ADDRESS, ChangeKind.ARGUMENTS,
    ChangeKind.CRITERIA_LOST, ChangeKind.HELD_BACK, ChangeKind.WORDS, ChangeKind.SIZE,
)  # fmt: skip
TIME = "manifests/io.github.modelcontextprotocol/server-time/2026.10.19"


def found(after: Described, *notes: str) -> Diff:
    before = described()
    comparison = Comparison(
        before=before, after=after, changes=compare(before, after), notes=notes,
        inspected=9, needed=10,
    )  # fmt: skip
    return Diff(
        sources=("bundled: shipped", "next: a folder, in no registry"), comparison=comparison
    )


def planted() -> Diff:
    after = described()
    for kind in SHOWN:
        after = PLANTS[kind](after)
    return found(after, "1 file is not in the store")


def test_changes_on_a_screen() -> None:
    assert layout.plain(render_changes.diff(planted(), 80)) == snapshot("""\
from  io.github.modelcontextprotocol/server-git 2026.10.19
      bundled: shipped
to    io.github.modelcontextprotocol/server-git 2026.10.19
      next: a folder, in no registry

Look at first: what runs, what it may reach, what a model is told (7)
  new start-up hook       hooked: hooked.pth
      + sha256:d602014a8c241b8295689cebccc03182297f9f8fe801a766a05706828c32026c
        reviewers: its own reader
  new native code         native: 1 native file
      + native/_c
  more permission         network: *
  changed entry point     rescripted: rescripted
      - rescripted.cli:main
      + evil:main
  NOT COMPARED            what is in 1 file
        unknown: 0 of 1 files before and 1 of 1 after were not inspected
  changed tool text       get_current_time
        Get the current [-time -]{+date +}in a zone
  changed tool input      get_current_time
        /inputSchema/properties/secret is a new property: {+{"type": "string"}+}
        /inputSchema: {+"secret"+} is required now
        /inputSchema: [-"zone"-] is not required any more

Then at (9)
  another address         streamable-http
      - https://mcp.example.com/mcp
      + https://mcp.example.net/mcp
  changed arguments       arguments: 1 argument → 0 arguments
      - --repository {"required": true}
  new header              https://mcp.example.net/mcp X-Team: {}
  no longer reviewed for  inspected
  version                 native: 1.0 → 1.1
  version                 plain: 1.0 → 1.1
  version                 rescripted: 1.0 → 1.1
  version                 unknown: 1.0 → 1.1
  held back               held: 1.0
        the newest is 2.0, 40 days old
        advisory: {+PYSEC-3+}

And the rest (3)
  changed words           title
        Git{+, better+}
  changed reviews         reviews
      - Grace on 2026-11-20; inspected, locked, probed
      + Grace on 2026-11-20; locked, probed
  size                    download of the changed packages: 4,000 → 4,004

! 1 file is not in the store
19 changes; 9 of 10 files of changed packages inspected
""")


def test_changes_in_a_comment() -> None:
    assert markdown_changes.diff(planted()) == snapshot("""\
### `io.github.modelcontextprotocol/server-git`: `2026.10.19` → `2026.10.19`

From `bundled: shipped` → `next: a folder, in no registry`

* **not compared**: `1 file is not in the store`

#### Look at first: what runs, what it may reach, what a model is told (7)

* **new start-up hook** `hooked: hooked.pth`: nothing → `sha256:d602014a8c241b8295689cebccc03182297f9f8fe801a766a05706828c32026c`

```diff
  reviewers: its own reader
```

* **new native code** `native`: nothing → `1 native file`

```diff
+ native/_c
```

* **more permission** `network`: nothing → `*`

* **changed entry point** `rescripted: rescripted`: `rescripted.cli:main` → `evil:main`

* **NOT COMPARED** `what is in 1 file`

```diff
  unknown: 0 of 1 files before and 1 of 1 after were not inspected
```

* **changed tool text** `get_current_time`

```diff
! Get the current [-time -]{+date +}in a zone
```

* **changed tool input** `get_current_time`

```diff
! /inputSchema/properties/secret is a new property: {+{"type": "string"}+}
! /inputSchema: {+"secret"+} is required now
! /inputSchema: [-"zone"-] is not required any more
```

#### Then at (9)

* **another address** `streamable-http`: `https://mcp.example.com/mcp` → `https://mcp.example.net/mcp`

* **changed arguments** `arguments`: `1 argument` → `0 arguments`

```diff
- --repository {"required": true}
```

* **new header** `https://mcp.example.net/mcp X-Team`: nothing → `{}`

* **no longer reviewed for** `inspected`

* **version** `native`: `1.0` → `1.1`

* **version** `plain`: `1.0` → `1.1`

* **version** `rescripted`: `1.0` → `1.1`

* **version** `unknown`: `1.0` → `1.1`

* **held back** `held`: nothing → `1.0`

```diff
  the newest is 2.0, 40 days old
! advisory: {+PYSEC-3+}
```

#### And the rest (3)

* **changed words** `title`

```diff
! Git{+, better+}
```

* **changed reviews** `reviews`

```diff
- Grace on 2026-11-20; inspected, locked, probed
+ Grace on 2026-11-20; locked, probed
```

* **size** `download of the changed packages`: `4,000` → `4,004`

9 of 10 files of changed packages inspected.
""")


def test_every_kind_has_a_name_of_its_own() -> None:
    assert change_words.LABELS.keys() == set(ChangeKind)
    assert len(set(change_words.LABELS.values())) == len(ChangeKind)


def test_what_came_or_went_is_not_called_changed() -> None:
    sides = (("", "{}"), ('{"required": true}', ""), ("{}", '{"required": true}'))
    changes = tuple(
        Change(kind=kind, subject="TOKEN", before=before, after=after)
        for kind in (ChangeKind.ENVIRONMENT, ChangeKind.HEADERS)
        for before, after in sides
    )

    assert layout.plain(render_changes.changes(changes, 80)) == snapshot("""\
Then at (6)
  new variable            TOKEN: {}
  variable is gone        TOKEN: {"required": true}
  changed variable        TOKEN: {} → {"required": true}
  new header              TOKEN: {}
  header is gone          TOKEN: {"required": true}
  changed header          TOKEN: {} → {"required": true}

""")
    assert [change_words.label(change) for change in changes] == [
        "new variable", "variable is gone", "changed variable",
        "new header", "header is gone", "changed header",
    ]  # fmt: skip


def test_every_change_is_in_every_form() -> None:
    after = described()
    for kind in PLANTS:
        after = PLANTS[kind](after)
    everything = found(after)

    changes = everything.comparison.changes
    told = json_changes.changes(changes)
    assert [change["kind"] for change in told] == [str(change.kind) for change in changes]
    for shown in (
        layout.plain(render_changes.diff(everything, 1000)),
        markdown_changes.diff(everything),
    ):
        assert all(change_words.label(change) in shown for change in changes)


def test_nothing_is_a_sentence_too() -> None:
    same = found(described())

    assert "No difference.\n" in layout.plain(render_changes.diff(same, 80))
    assert "No difference.\n" in markdown_changes.diff(same)


def test_a_long_text_is_cut_with_a_count_and_whole_in_json() -> None:
    lines = tuple((Part(Mark.NEW, f"line {number} {'x' * 200}"),) for number in range(100))
    change = Change(kind=ChangeKind.TOOL_ADDED, subject="tool", lines=lines)
    one = replace(found(described()).comparison, changes=(change,))
    shown = Diff(sources=("a", "b"), comparison=one)

    assert "lines more: `--format json` has them" in layout.plain(render_changes.diff(shown, 80))
    assert "lines more" in markdown_changes.diff(shown)
    assert len(json.dumps(json_changes.diff(shown))) > 100 * 200


def test_no_name_and_no_value_floods_the_screen() -> None:
    line = (Part(Mark.NEW, "é" * 100_000), Part(Mark.GONE, "x" * 100_000))
    change = Change(
        kind=ChangeKind.TOOL_INPUT,
        subject="s" * 10**6,
        before="b" * 10**6,
        after="a",
        lines=(line,),
    )
    one = replace(found(described()).comparison, changes=(change,))
    shown = Diff(sources=("a", "b"), comparison=one)

    screen = layout.plain(render_changes.diff(shown, 80))
    assert len(screen) < 20_000
    assert screen.count("characters") == 3
    assert "998,000 characters more" in " ".join(screen.split())
    assert len(markdown_changes.diff(shown)) < 10_000


# The command -----------------------------------------------------------------------------------


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A copy of a bundled manifest, with another title."""
    folder = tmp_path / "2026.10.19"
    shutil.copytree(Path(__file__).parent.parent.parent / TIME, folder)
    path = folder / "manifest.toml"
    path.write_text(path.read_text().replace('title = "Time"', 'title = "Times"'))
    assert 'title = "Times"' in path.read_text()
    return folder


def test_the_command_shows_what_differs_and_ends_well(mcpi: Mcpi, other: Path) -> None:
    ran = mcpi("manifest", "diff", "time", str(other), "--offline")

    assert ran.status == 0
    assert "[-Time-]{+Times+}" in ran.out
    assert ran.err == ""


@pytest.mark.parametrize("how", [("--json",), ("--format", "json")])
def test_the_command_answers_in_json(mcpi: Mcpi, other: Path, how: tuple[str, ...]) -> None:
    answer = json.loads(mcpi("manifest", "diff", "time", str(other), "--offline", *how).out)

    assert answer == {
        "schema": 1,
        "command": "manifest diff",
        "before": {
            "name": "io.github.modelcontextprotocol/server-time",
            "version": "2026.10.19",
            "source": answer["before"]["source"],
        },
        "after": {
            "name": "io.github.modelcontextprotocol/server-time",
            "version": "2026.10.19",
            "source": f"{other}: a folder, in no registry",
        },
        "changes": [
            {
                "kind": "words",
                "weight": answer["changes"][0]["weight"],
                "band": "rest",
                "subject": "title",
                "before": "",
                "after": "",
                "lines": [[{"mark": "gone", "text": "Time"}, {"mark": "new", "text": "Times"}]],
            }
        ],
        "notes": [],
        "files": {"needed": 0, "inspected": 0},
    }


def test_the_command_writes_a_comment(mcpi: Mcpi, other: Path) -> None:
    ran = mcpi("manifest", "diff", "time", str(other), "--offline", "--format", "markdown")

    assert ran.out.startswith("### `io.github.modelcontextprotocol/server-time`: ")
    assert "! [-Time-]{+Times+}\n" in ran.out


def test_another_format_is_a_matter_of_usage(mcpi: Mcpi) -> None:
    assert mcpi("manifest", "diff", "time", "git", "--format", "html").status == 2


def long() -> Diff:
    """So many changes that one comment can't hold them."""
    tool = {"name": "new", "description": "word " * 1000, "inputSchema": {"type": "object"}}
    tools = [{**tool, "name": f"tool_{number}"} for number in range(200)]
    return found(replace(described(), tools=canonical_tools(tools)))


def test_a_report_is_cut_between_changes_and_counts_what_it_leaves_out() -> None:
    whole = long()

    text = markdown_changes.diff(whole)

    shown = sum(row.startswith("* **") for row in text.splitlines())
    told = re.search(r"\*\*([0-9,]+) changes more did not fit here\*\* \(([0-9,]+) are", text)
    assert 50_000 < len(text) <= markdown_changes.LIMIT == 60_000
    assert told is not None
    left, kept = (int(number.replace(",", "")) for number in told.groups())
    assert (kept, left + kept) == (shown, len(whole.comparison.changes))
    assert text.count("```") % 2 == 0, "no block of code is left open"


def test_a_report_about_several_servers_has_each_whole_or_not_at_all() -> None:
    short, whole = planted(), long()

    text = markdown_changes.report([short, whole, whole, short])

    assert len(text) <= markdown_changes.LIMIT
    assert text.startswith(markdown_changes.diff(short))
    assert text.rstrip().endswith("**2 servers more did not fit here** (2 are shown): "
                                  "`mcpi manifest diff` shows each.")  # fmt: skip
    assert "did not fit" not in markdown_changes.report([short, short])
    assert markdown_changes.report([]) == ""
