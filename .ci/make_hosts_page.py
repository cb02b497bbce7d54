"""Make `docs/hosts.md` from the table of hosts; `docs_in_step.py` compares it."""

from collections.abc import Iterator
from pathlib import Path

from mcpinstall.hosts import table
from mcpinstall.model.host import HostRow, SecretStyle

PAGE = Path(__file__).resolve().parent.parent / "docs" / "hosts.md"
SYSTEMS = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}
FORMATS = {
    "json": "JSON",
    "json-comments": "JSON with comments",
    "jsonc": "JSON with comments and trailing commas",
    "toml": "TOML",
    "yaml": "YAML",
}
HEAD = """# Hosts

<!-- Made from mcpinstall/hosts/hosts.toml by `python .ci/make_hosts_page.py`: edit it there. -->

mcpi knows {rows} files of hosts. It writes to {written} of them; for the others,
`mcpi install NAME --host HOST --print` gives the entry and says where to put it.
`mcpi hosts --all` shows where each file lies on this machine.

* **Found by itself**: without `--host`, mcpi takes the hosts whose program it finds. A
  configuration folder is no proof of a program, so some hosts are only used with `--host`.
* **Paths**: `~` is the home folder, `%NAME%` and `${{NAME}}` environment variables, `${{A:-b}}` the
  variable or else `b`, `{{a,b}}` one of several, `*` any name. Of several paths the first that
  exists is taken, or else the first.
* **Secrets**: how an entry names a secret without holding it. "In clear text only" means that the
  host knows no way; then a secret needs `--plaintext-secrets`.
* An administrator's file can make an entry inert; the plan says so where there is one.
"""


def page() -> str:
    """Return the whole page."""
    rows = table()
    user = [row for row in rows if row.writable]
    printed = [row for row in rows if not row.writable and row.scope != "project"]
    project = [row for row in rows if row.scope == "project"]
    head = HEAD.format(rows=len(rows), written=len(user))
    lines = [head, "## Written", "", *summary(user), ""]
    for row in sorted(user, key=title):
        lines += section(row)
    lines += ["## Printed", "", *refusals(printed), "", "## Project files", "", *projects(project)]
    return "\n".join(lines).rstrip() + "\n"


def title(row: HostRow) -> str:
    """Return what rows are sorted by."""
    return row.title.lower()


def summary(rows: list[HostRow]) -> Iterator[str]:
    """Yield a table with a line for each host that mcpi writes to."""
    yield "| Host | `--host` | Format | Found by itself |"
    yield "|---|---|---|---|"
    for row in sorted(rows, key=title):
        found = "yes" if row.programs or row.applications or row.flatpak else "no"
        yield f"| {link(row)} | `{row.product}` | {FORMATS[row.format]} | {found} |"


def link(row: HostRow) -> str:
    """Return the title as a link to its section."""
    anchor = "".join(c for c in row.title.lower() if c.isalnum() or c in "- _").replace(" ", "-")
    return f"[{row.title}](#{anchor})"


def section(row: HostRow) -> Iterator[str]:
    """Yield what there is to know of one host."""
    yield f"### {row.title}"
    yield ""
    if row.status != "active":
        yield f"* Status: {row.status}"
    yield from files(row)
    yield f"* Servers: {servers(row)}"
    yield f"* Secrets: {secrets(row)}"
    yield f"* After a change: {row.reload}"
    yield from (f"* Note: {note}" for note in notes(row))
    yield ""


def files(row: HostRow) -> Iterator[str]:
    """Yield the file on each system, once where it is the same, and what moves it."""
    paths = {system: found for system, found in row.paths if found}
    if len(set(paths.values())) == 1 and len(paths) == len(SYSTEMS):
        yield f"* File: {codes(next(iter(paths.values())))}"
    else:
        yield from (f"* File on {SYSTEMS[one]}: {codes(found)}" for one, found in paths.items())
    if row.overrides:
        yield f"* Moved by: {', '.join(f'`{template}`' for _, template in row.overrides)}"
    if row.home_pointer:
        yield f"* Moved by: the folder that `{row.home_pointer.file}` names"


def codes(texts: tuple[str, ...]) -> str:
    """Return texts as code."""
    return ", ".join(f"`{text}`" for text in texts)


def servers(row: HostRow) -> str:
    """Return where servers stand in the file."""
    kind = "list" if row.is_list else "map"
    way = " → ".join(f"`{key}`" for key in row.servers_key)
    return f"{FORMATS[row.format]}, the {kind} {way}"


def secrets(row: HostRow) -> str:
    """Return how the host takes a secret."""
    if row.secret_style is SecretStyle.NONE:
        return "in clear text only"
    if row.secret_style is SecretStyle.NAMES:
        return f"by the variable's name, in the list `{row.entry.names_key}`"
    return f"`{(row.secret_template or '').replace('%s', 'NAME')}`"


def notes(row: HostRow) -> Iterator[str]:
    """Yield what a person should know."""
    if row.path_pick == "ask-if-ambiguous" or row.flatpak:
        yield "where several files exist, mcpi writes to none, for the host reads only one of them"
    if row.flatpak:
        yield f"the Flatpak `{row.flatpak}` has its own folder on Linux, which mcpi knows"
    if row.must_exist:
        systems = [SYSTEMS[system] for system in row.must_exist]
        where = "" if len(systems) == len(SYSTEMS) else f" on {' and '.join(systems)}"
        yield f"mcpi edits the file, but does not make it{where}"
    if row.superseded:
        sign, instead = codes(row.superseded.exists), row.superseded.instead
        yield f"where {sign} exists, the host may read the file of `--host {instead}` instead"
    if row.rewrites_file:
        yield "the host rewrites this file itself"
    yield from dict.fromkeys(note for _, found in row.notes for note in found)


def refusals(rows: list[HostRow]) -> Iterator[str]:
    """Yield a table of the files that mcpi doesn't write, and what a person does."""
    yield "| Host | `--host` | Why | What to do |"
    yield "|---|---|---|---|"
    for row in sorted(rows, key=title):
        yield f"| {row.title} | `{selector(row)}` | {row.why} | {row.paste} |"


def selector(row: HostRow) -> str:
    """Return what names this very row: its product, or its id where another row has that."""
    first = next(one for one in table() if one.product == row.product)
    return row.product if first is row else row.id


def projects(rows: list[HostRow]) -> Iterator[str]:
    """Yield a table of projects' files."""
    yield f"A project's file is never written: {rows[0].why}."
    yield ""
    yield "| Host | `--host` | File |"
    yield "|---|---|---|"
    for row in sorted(rows, key=title):
        paths = tuple(dict.fromkeys(path for _, found in row.paths for path in found))
        yield f"| {row.title} | `{selector(row)}` | {codes(paths)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
