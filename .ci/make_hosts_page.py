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
CHOOSING = ("type", "transport")
HEAD = """# Hosts

<!-- Made from mcpinstall/hosts/hosts.toml by `python .ci/make_hosts_page.py`: edit it there. -->

mcpi knows {rows} files of hosts. It writes to {written} of them; for the others,
`mcpi install NAME --host HOST --print` gives the entry and says where to put it.
`mcpi hosts --all` shows where each file lies on this machine.

* **Found by itself**: without `--host`, mcpi takes the hosts whose program it finds. A
  configuration folder is no proof of a program, so some hosts are only used with `--host`.
* **Paths**: `~` is the home folder, `%NAME%` and `${{NAME}}` environment variables, `${{A:-b}}` the
  variable or else `b`, `{{a,b}}` one of several, `*` any name. Of several paths the first that
  exists is taken, or else the first; where a host reads one of them and only you can tell which,
  mcpi asks.
* **Secrets**: how an entry names a secret without holding it. "In clear text only" means that the
  host knows no way of its own: the keyring and mcpi's launcher are one ([secrets.md](secrets.md)),
  and for what the host itself sends only `--plaintext-secrets` is left.
* **Remote servers**: the transports that the host is known to speak, with the fields that choose
  them, and how a header names a token without holding it.
* **Limits**: a file of up to 64 MiB is edited, in YAML up to 384 KiB, which takes seconds. What is
  larger is refused, and `--print` gives the entry.
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
    yield f"* Remote servers: {remotes(row)}"
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
    """Return how the host takes a secret, the best way first."""
    inputs = row.secret_inputs
    if inputs is not None and inputs.key:
        return f"the host {inputs.note} (`{inputs.key}`); or {reference(row)}"
    if inputs is not None:
        return f"{reference(row)}: the host {inputs.note}"
    if row.secret_style is SecretStyle.NONE:
        return "from the keyring, through the launcher; by itself in clear text only"
    return f"from the keyring, through the launcher; or {reference(row)}"


def reference(row: HostRow) -> str:
    """Return how the host refers to a variable."""
    if row.secret_style is SecretStyle.NONE:
        return "in clear text only"
    if row.secret_style is SecretStyle.NAMES:
        return f"by the variable's name, in the list `{row.entry.names_key}`"
    return f"`{(row.secret_template or '').replace('%s', 'NAME')}`"


def remotes(row: HostRow) -> str:
    """Return which transports the host speaks, and how a header gets a secret."""
    shape = row.remote
    if shape.why:
        return f"no: {shape.why}; {shape.instead}"
    spoken = [
        ("streamable HTTP", shape.http, shape.url_key),
        ("SSE", shape.sse, shape.sse_url_key),
    ]
    found = []
    for title, fields, key in spoken:
        if fields is not None:
            chosen = [f"`{name}` = `{value}`" for name, value in fields if name in CHOOSING]
            found.append(f"{title} ({', '.join([f'`{key}`', *chosen])})")
    return f"{', '.join(found)}; a token {token(row)}"


def token(row: HostRow) -> str:
    """Return how a header gets a secret."""
    shape = row.remote
    ways = []
    if shape.template:
        ways.append(f"as `{shape.template.replace('%s', 'NAME')}`")
    if shape.bearer_key:
        ways.append(f"by its variable's name in `{shape.bearer_key}`")
    if shape.variables_key:
        ways.append(f"in `{shape.variables_key}`")
    if shape.auth_key:
        ways.append(f"by its variable's name in `{shape.auth_key}`")
    if not shape.headers_key:
        return "in no way"
    return " or ".join(ways) or "in clear text only"


def notes(row: HostRow) -> Iterator[str]:
    """Yield what a person should know."""
    if row.path_pick == "ask-if-ambiguous" or row.flatpak:
        named = f"`--host {row.product}=PATH`"
        yield f"where several files exist, mcpi asks which one, or {named} names it"
    if row.flatpak:
        yield f"the Flatpak `{row.flatpak}` has its own folder on Linux, which mcpi knows"
    if row.must_exist:
        systems = [SYSTEMS[system] for system in row.must_exist]
        where = "" if len(systems) == len(SYSTEMS) else f" on {' and '.join(systems)}"
        yield f"mcpi edits the file, but does not make it{where}"
    if row.superseded:
        sign, instead = codes(row.superseded.exists), row.superseded.instead
        yield f"where {sign} exists, the host may read the file of `--host {instead}` instead"
    yield from habits(row)
    yield from dict.fromkeys(note for _, found in row.notes for note in found)


def habits(row: HostRow) -> Iterator[str]:
    """Yield what the host does with its files, and what it doesn't take."""
    if row.merges:
        yield "the host merges these files: mcpi edits the one that holds the server"
    if row.rewrites_file:
        yield "the host rewrites this file itself"
    if row.lock_folder:
        yield "the host locks it by a folder with `.lock` behind the name, which mcpi honours"
    if row.refused_variables:
        yield f"an entry can't set the variables {codes(row.refused_variables)}"
    if row.switch_off:
        key, value = row.switch_off
        yield f"`{key}` = `{str(value).lower()}` in an entry switches its server off"
    if row.capital_variables:
        yield "it looks for a variable in capital letters, so an entry refers to no other"
    if row.precedence:
        yield f"of two servers of one name, the first of these wins: {', '.join(row.precedence)}"
    unread = dict.fromkeys(path for _, found in row.unread for path in found)
    if unread:
        yield f"not read by it: {codes(tuple(unread))}"
    if row.bom == "reject":
        yield "it rejects a file with a byte-order mark, which `--strip-bom` takes off"


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
