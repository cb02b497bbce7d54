"""Promises about what writes to a screen: one module does, and it escapes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.unit.test_architecture import PACKAGE, calls, nodes, sources

WRITERS = {Path("cli/ui.py"), Path("cli/progress.py"), Path("cli/__init__.py")}
"""The screen, its one moving line, and `--version`."""

IN_A_CHILD = {Path("environments/facts.py"), Path("environments/compile_driver.py")}
"""Programs that another interpreter runs; their output is read, not shown."""

BARE = ("print", "echo", "secho", "pprint", "style", "input", "excepthook", "from_markup", "log")
"""Functions of Python, typer and rich that write a text as it is, or read markup in it."""


def imports(name: str) -> set[Path]:
    """Return the modules that import `name` or something in it."""
    found = set()
    for path, node in nodes():
        named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(one == name or one.startswith(f"{name}.") for one in named):
            found.add(path)
    return found


def streams() -> Iterator[tuple[Path, str]]:
    """Yield each mention of a standard stream."""
    for path, node in nodes():
        if isinstance(node, ast.Attribute) and node.attr.strip("_") in ("stdout", "stderr"):
            name = ast.unparse(node)
            if name.startswith("sys."):
                yield path, name


def test_one_module_holds_the_streams() -> None:
    found = {path for path, _ in streams()}

    assert Path("cli/ui.py") in found
    assert found - IN_A_CHILD <= WRITERS


def test_nothing_is_written_or_read_past_it() -> None:
    found = [
        f"{path}:{node.lineno} {name}"
        for path, name, node in calls()
        if name.rsplit(".", 1)[-1] in BARE and path not in IN_A_CHILD
    ]

    assert found == []


def test_no_module_logs_or_warns() -> None:
    """Python writes what is logged without a handler, and every warning, as it is."""
    may_silence = Path("signatures/trust.py")  # a library of it logs

    assert imports("logging") == {may_silence}
    used = {name for path, name, _ in calls() if path == may_silence and "logging" in name}
    assert used == {
        "logging.getLogger", "logging.NullHandler", "logging.getLogger('sigstore').addHandler"
    }  # fmt: skip
    assert imports("warnings") <= IN_A_CHILD


def test_a_library_for_terminals_reads_no_markup() -> None:
    """Rich draws one thing, a bar, and is told that its text is no markup."""
    assert imports("rich") == {Path("cli/progress.py")}
    text = (PACKAGE / "cli/progress.py").read_text(encoding="utf-8")
    made = re.findall(r"(?:Console|TextColumn)\([^)]*\)", text)

    assert len(made) == 2
    assert all("markup=False" in one for one in made)
    assert "emoji=False" in made[0]
    assert "highlight=False" in made[0]
    assert "description=printable(" in text


def test_every_way_out_of_the_screen_escapes() -> None:
    """`_emit` takes text that is safe: laid out, escaped here, or our own."""
    emitted = {
        ast.unparse(node.args[1])
        for path, name, node in calls()
        if path == Path("cli/ui.py") and name == "_emit"
    }

    assert emitted == {
        "f'{_text(stream, found)}\\n'", "f'{_text(self._err, asked[-1:])} '", "'\\n'", "text",
        "shown if shown.endswith('\\n') else f'{shown}\\n'",
    }  # fmt: skip


def test_only_the_layout_knows_colours() -> None:
    found = {
        path
        for path, node in nodes()
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"[\x1b\x9b]", node.value)
    }

    assert found == {Path("cli/layout.py"), Path("cli/progress.py")}


def test_typer_writes_no_error_and_reads_no_markup() -> None:
    made = [node for path, name, node in calls() if name == "typer.Typer"]
    called = [
        {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        for path, name, node in calls()
        if path == Path("cli/__init__.py") and name == "app"
    ]

    assert [ast.unparse(node) for node in made] == [
        "typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)"
    ]
    assert [options["standalone_mode"] for options in called] == ["False"]
    assert len(sources()) > 100
