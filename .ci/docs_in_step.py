"""Compare the documents with the program: links, statuses, variables, tables, formats."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import make_hosts_page

from mcpinstall.errors import Exit
from mcpinstall.model import lock_text, manifest_text, registry_text, revocation_text
from mcpinstall.model.policy import RuleKey
from mcpinstall.model.policy_text import EXCEPTION_KEYS
from mcpinstall.rules import manifests
from mcpinstall.system.policy_files import SYSTEM_FOLDERS

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
POLICY_ROW = re.compile(r"^\| `([a-z.-]+)` \|", re.MULTILINE)
RULE = re.compile(r"^## (MV.+)\n\n(Severity: .+)$", re.MULTILINE)
SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## )", re.MULTILINE | re.DOTALL)
FORMAT_ROW = re.compile(r"^\| `([A-Za-z0-9.-]+)` \|", re.MULTILINE)
FORMAT = {
    "`manifest.toml`": (manifest_text, ("parse",)),
    "`[files]`": (manifest_text, ("_files",)),
    "`[package]`": (manifest_text, ("_package",)),
    "`[[remotes]]`": (manifest_text, ("_remote",)),
    "`[publisher]`": (manifest_text, ("_publisher",)),
    "`[permissions]`": (manifest_text, ("_permissions",)),
    "`[probe]`": (manifest_text, ("_probe",)),
    "`[[hooks]]`": (manifest_text, ("_hook",)),
    "`[tools]`": (manifest_text, ("_varies",)),
    "`[[tools.varies]]`": (manifest_text, ("_variation",)),
    "`[[reviews]]`": (manifest_text, ("_review",)),
    "`pylock.toml`": (lock_text, ("parse",)),
    "`[tool]` of a lock": (lock_text, ("_made_with",)),
    "`[[packages]]`": (lock_text, ("_package",)),
    "`packages.wheels`": (lock_text, ("_wheel",)),
    "`[packages.tool]`": (lock_text, ("_hints",)),
    "`registry.toml`": (registry_text, ("parse",)),
    "`[review]`": (registry_text, ("_review",)),
    "`[[revocations]]`": (revocation_text, ("_revocation", "_publisher", "_reviewer")),
    "`index.toml`": (registry_text, ("parse_index",)),
    "`[[servers]]`": (registry_text, ("_row",)),
}
"""Section of the page of the format → the parser's functions that accept its keys."""
FORMAT_MODULES = (manifest_text, lock_text, registry_text, revocation_text)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
STATUS_ROW = re.compile(r"^\| (\d+) \|", re.MULTILINE)
VARIABLE = re.compile(r"[\"'](MCPI_[A-Z_]+)[\"']")


def anchors(page: Path) -> set[str]:
    """Return the anchors that a Markdown page's headings make."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    """Yield what is wrong with the links of one page to files of the repository."""
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        path = (page.parent / unquote(target)).resolve() if target else page
        where = page.relative_to(ROOT)
        if not path.exists():
            yield f"{where}: no such file: {target}"
        elif anchor and anchor not in anchors(path):
            yield f"{where}: no such heading: {target}#{anchor}"


def wrong_statuses(page: Path) -> Iterator[str]:
    """Yield a line unless the page's table lists exactly the exit statuses there are."""
    listed = [int(number) for number in STATUS_ROW.findall(page.read_text(encoding="utf-8"))]
    if [number for number in listed if number in set(Exit)] != sorted(Exit):
        yield f"{page.relative_to(ROOT)}: the exit statuses are not {[*map(int, Exit)]}"


def unlisted_variables() -> Iterator[str]:
    """Yield each environment variable that the program reads and no document explains."""
    page = (ROOT / "docs" / "variables.md").read_text(encoding="utf-8")
    for source in sorted((ROOT / "mcpinstall").rglob("*.py")):
        for name in VARIABLE.findall(source.read_text(encoding="utf-8")):
            if f"`{name}`" not in page:
                yield f"docs/variables.md: `{name}` of {source.relative_to(ROOT)} is missing"


def wrong_hosts() -> Iterator[str]:
    """Yield a line unless the page of hosts is what the table of hosts makes."""
    if make_hosts_page.PAGE.read_text(encoding="utf-8") != make_hosts_page.page():
        yield "docs/hosts.md: differs from the table; run `python .ci/make_hosts_page.py`"


def wrong_policy_keys() -> Iterator[str]:
    """Yield a line unless the page of policies has exactly the parser's keys, and its places."""
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    keys = page.partition("# Keys")[2].partition("\n# ")[0]
    wanted = ["schema", *RuleKey, "exceptions", *(f"exceptions.{key}" for key in EXCEPTION_KEYS)]
    if POLICY_ROW.findall(keys) != wanted:
        yield f"docs/policy.md: the keys are not {', '.join(wanted)}"
    for folder in SYSTEM_FOLDERS.values():
        if folder not in page:
            yield f"docs/policy.md: the place `{folder}` is missing"


def wrong_rules() -> Iterator[str]:
    """Yield a line unless a page of rules has a section for each, with its severity and title."""
    page = (ROOT / "docs" / "manifest-rules.md").read_text(encoding="utf-8")
    wanted = [
        (f"{rule.id} {rule.slug}", f"Severity: {rule.severity}. {rule.title}.")
        for rule in manifests.RULES
    ]
    if RULE.findall(page) != wanted:
        yield "docs/manifest-rules.md: the sections are not those of the rules"


def accepted(module: ModuleType) -> dict[str, set[str]]:
    """Return the keys that each function of a parser accepts: what it gives to `Fields.only`."""
    found: dict[str, set[str]] = {}
    for function in ast.parse(inspect.getsource(module)).body:
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "only":
                keys = found.setdefault(getattr(function, "name", ""), set())
                for word in call.args:
                    if isinstance(word, ast.Starred):
                        keys.update(getattr(module, ast.unparse(word.value)))
                    else:
                        keys.add(ast.literal_eval(word))
    return found


def wrong_format(page: str) -> Iterator[str]:
    """Yield every difference between the page of the format and what the parsers accept."""
    sections = {title: FORMAT_ROW.findall(text) for title, text in SECTION.findall(f"{page}\n## ")}
    left = {(module, name) for module in FORMAT_MODULES for name in accepted(module)}
    for title, (module, names) in FORMAT.items():
        left -= {(module, name) for name in names}
        known = accepted(module)
        wanted = set().union(*(known.get(name, set()) for name in names))
        listed = sections.pop(title, [])
        for key in sorted(wanted ^ set(listed)):
            what = "is accepted" if key in wanted else "is refused"
            yield f"docs/manifest-format.md: `{key}` of {title} {what} by the parser"
        if len(set(listed)) != len(listed):
            yield f"docs/manifest-format.md: {title} has a key twice"
    for title in sections:
        yield f"docs/manifest-format.md: {title} is compared with no parser"
    for module, name in sorted(left, key=str):
        yield f"docs/manifest-format.md: what {module.__name__}.{name} accepts has no section"


def main() -> None:
    """Print every difference; end with 1 if there is one."""
    problems = [problem for page in PAGES for problem in broken_links(page)]
    problems += wrong_statuses(ROOT / "README.md")
    problems += unlisted_variables()
    problems += wrong_hosts()
    problems += wrong_policy_keys()
    problems += wrong_rules()
    problems += wrong_format((ROOT / "docs" / "manifest-format.md").read_text(encoding="utf-8"))
    if problems:
        raise SystemExit("\n".join(f"error: {problem}" for problem in problems))
    print(f"documents: {len(PAGES)} pages in step")


if __name__ == "__main__":
    main()
