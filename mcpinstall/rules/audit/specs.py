"""One package as a launch names it: `a@1.2.3`, `a==1.0`, `git+https://…`, `image:tag`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from mcpinstall.model.audited import Value
from mcpinstall.rules.audit.words import LONGEST

SHOWN = 120  # characters of a name in a message


class Kind(StrEnum):
    """Where a package comes from."""

    NPM = "npm"
    JSR = "jsr"
    PYPI = "pypi"
    NUGET = "nuget"
    CRATES = "crates"
    GO = "go"
    NIX = "nix"
    IMAGE = "image"
    SOURCE = "source"
    """A repository or a file at an address."""
    LOCAL = "local"
    """A file or folder of this machine."""


class Pin(StrEnum):
    """How tightly a version is fixed."""

    EXACT = "exact"
    FLOATING = "floating"
    """A range, a tag that moves, or nothing."""
    LATEST = "latest"
    """The newest by name: `@latest`, `@next`, an image without a tag."""
    MUTABLE = "mutable"
    """An address without a commit or a digest."""
    LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that a launch fetches."""

    kind: Kind
    name: str
    """As an index knows it, or the address; may be cut, and has no credentials."""
    version: str = ""
    """As written: exact, a range or a tag."""
    pin: Pin
    value: Value

    @property
    def shown(self) -> str:
        """Name and version for a message."""
        joint = {Kind.PYPI: "==" if self.pin is Pin.EXACT else "@", Kind.IMAGE: ":"}
        return f"{self.name}{joint.get(self.kind, '@')}{self.version}" if self.version else (
            self.name
        )  # fmt: skip


_SEMVER = re.compile(r"[v=]{0,2}\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_NPM = re.compile(r"(?P<name>@[^@/\s]+/[^@/\s]+|[^@/\s:]+)(?:@(?P<version>.*))?", re.DOTALL)
_MOVING = frozenset({"latest", "next", "canary", "beta", "alpha", "nightly", "dev", "rc"})
_COMMIT = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}", re.IGNORECASE)
_DIGEST = re.compile(
    r"#(?:[^#]*&)?sha(?:256|384|512)[=:-][0-9A-Za-z+/=_-]{43,128}(?=$|&)", re.IGNORECASE
)
_GIT = re.compile(
    r"(?:git\+|hg\+|bzr\+|svn\+|git:|git@|ssh:|github:|gitlab:|bitbucket:|gist:|sourcehut:)",
    re.IGNORECASE,
)
_FORGE = re.compile(
    r"https://(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org)/[^/#]+/[^/#]+#.*",
    re.IGNORECASE | re.DOTALL,
)
"""What npm takes for a repository though it begins as any address."""
_SHORT_GITHUB = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(?:#.*)?", re.DOTALL)
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_PATH = re.compile(
    r"\.{0,2}/|\.{1,2}(?:\\|$)|~(?:[/\\]|$)|\\|[A-Za-z]:[\\/]|(?:file|link|workspace|path):",
    re.IGNORECASE,
)
_PYTHON_NAME = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?P<rest>.*)", re.DOTALL
)
_PYTHON_VERSION = re.compile(r"v?\d[0-9A-Za-z.!+_-]*")
_IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{64}|[0-9a-f]{12}")
_IMAGE_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$|@sha512:[0-9a-f]{128}$")
_BEHIND = re.compile(r"[?#].*", re.DOTALL)
_CREDENTIALS = re.compile(r"//[^/?#]*@")
_FILE = re.compile(r"(?:[^:/?#]*@\s*)?(?:[a-z]+\+)?file:", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%|<[^<>]*>")


def npm(value: Value) -> Package:
    """Read what `npx` and its like call a package."""
    text = value.text[:LONGEST].strip()
    if _PATH.match(text):
        return _local(value)
    if _is_remote(text):
        return _source(value, is_exact=_has_npm_commit(text))
    name, version = _name_and_version(text)
    if version[:4] == "npm:":  # an alias: `x@npm:real@1.0.0`
        name, version = _name_and_version(version[4:])
    elif _PATH.match(version):
        return _local(value)
    elif _is_remote(version):
        return _source(value, is_exact=_has_npm_commit(version))
    return Package(
        kind=Kind.NPM, name=name, version=version[:SHOWN], pin=_semver_pin(version), value=value
    )


def jsr(value: Value) -> Package:
    """Read `@scope/name@1.2.3` of JSR."""
    name, version = _name_and_version(value.text[:LONGEST])
    return Package(
        kind=Kind.JSR, name=name, version=version[:SHOWN], pin=_semver_pin(version), value=value
    )


def deno(value: Value) -> Package:
    """Read what `deno run` is given: `npm:a@1.2.3/path`, `jsr:@s/a`, an address, a file."""
    text = value.text[:LONGEST]
    start, _, rest = text.partition(":")
    if start in {"npm", "jsr"}:
        rest = rest.lstrip("/")
        parts = rest.split("/")
        bare = "/".join(parts[: 2 if rest[:1] == "@" else 1])
        named = Value(text=bare, pointer=value.pointer)
        return npm(named) if start == "npm" else jsr(named)
    return source(value) if is_address(text) else _local(value)


def pypi(value: Value) -> Package:
    """Read a requirement (PEP 508), and `name@version` as `uvx` writes it."""
    text = value.text[:LONGEST].strip()
    if _GIT.match(text) or is_address(text):
        return _source(value, is_exact=_is_python_pinned(text))
    is_file = text.endswith((".whl", ".tar.gz", ".zip")) and "://" not in text
    if _PATH.match(text) or is_file:
        return _local(value)
    found = _PYTHON_NAME.match(text)
    if found is None:
        return _package(Kind.PYPI, text, "", Pin.FLOATING, value)
    name, rest = found["name"], found["rest"].partition(";")[0].strip()
    if rest[:1] == "@":
        rest = rest[1:].strip()
        if "://" in rest or rest[:5] == "file:":
            return _source(value, is_exact=_is_python_pinned(rest))
        exact = bool(_PYTHON_VERSION.fullmatch(rest))
        return _package(Kind.PYPI, name, rest, _python_pin(rest, is_exact=exact), value)
    if rest[:1] in {"/", "\\"}:  # `folder/…`
        return _local(value)
    for clause in rest.strip("()").split(","):
        number = clause.strip().removeprefix("===").removeprefix("==").strip()
        if clause.strip()[:2] == "==" and _PYTHON_VERSION.fullmatch(number):
            return _package(Kind.PYPI, name, number, Pin.EXACT, value)
    return _package(Kind.PYPI, name, rest, Pin.FLOATING, value)


def image(value: Value) -> Package:
    """Read the name of a container's image."""
    text = value.text[:LONGEST].strip()
    bare = text.partition("@")[0]
    last = bare.rpartition("/")[2]
    name, _, tag = bare.rpartition(":") if ":" in last else (bare, "", "")
    if _IMAGE_ID.fullmatch(text) or text.startswith("localhost/"):
        pin = Pin.LOCAL
    elif _IMAGE_DIGEST.search(text):
        pin = Pin.EXACT
    else:
        pin = Pin.LATEST if tag in {"", "latest"} else Pin.FLOATING
    return _package(Kind.IMAGE, name, tag, pin, value)


def go(value: Value) -> Package:
    """Read `module@version` of `go run`; without a version it is a package of the folder."""
    name, at, version = value.text[:LONGEST].partition("@")
    if not at:
        return _local(value)
    if _SEMVER.fullmatch(version) or re.fullmatch(r"[0-9a-f]{40}", version):
        return _package(Kind.GO, name, version, Pin.EXACT, value)
    pin = Pin.LATEST if version in {"latest", "upgrade"} else Pin.FLOATING
    return _package(Kind.GO, name, version, pin, value)


def nix(value: Value) -> Package:
    """Read an installable of `nix run`."""
    text = value.text[:LONGEST]
    if _PATH.match(text) or text[:1] in {".", "#"}:
        return _local(value)
    pin = Pin.EXACT if _has_nix_commit(text) else Pin.MUTABLE
    return _package(Kind.NIX, text, "", pin, value)


def versioned(kind: Kind, value: Value, version: str = "") -> Package:
    """Read `name@version` of NuGet and of Cargo."""
    name, _, written = value.text[:LONGEST].partition("@")
    version = version or written
    exact = bool(re.fullmatch(r"=?\d+\.\d+\.\d+(?:\.\d+)?(?:[-+][0-9A-Za-z.+-]+)?", version))
    return _package(kind, name, version, Pin.EXACT if exact else Pin.FLOATING, value)


def jar(value: Value) -> Package:
    """Read the file of `java -jar`."""
    return source(value) if is_address(value.text) else _local(value)


def source(value: Value) -> Package:
    """Read the address of a file, of which nobody checks a digest."""
    return _source(value, is_exact=False)


def repository(value: Value, commit: str) -> Package:
    """Read the address of a git repository, and the commit that is asked for beside it."""
    named = Value(text=f"git+{value.text}", pointer=value.pointer)
    return _source(named, is_exact=_is_id(commit))


def _source(value: Value, *, is_exact: bool) -> Package:
    text = value.text[:LONGEST]
    if _FILE.match(text):
        return _local(value)
    return _package(Kind.SOURCE, _bare(text), "", Pin.EXACT if is_exact else Pin.MUTABLE, value)


def _is_remote(text: str) -> bool:
    """Tell whether npm and its like fetch a text from an address, or from GitHub."""
    return bool(_GIT.match(text) or is_address(text) or _SHORT_GITHUB.fullmatch(text))


def _is_id(text: str) -> bool:
    return _COMMIT.fullmatch(text) is not None


def _has_npm_commit(text: str) -> bool:
    """Tell whether a repository is named with a commit: `#ID`, `#ID&path:a`, `#commit=ID`.

    Behind the address of an archive npm looks at nothing, also at no digest.
    """
    if is_address(text) and not _FORGE.fullmatch(text):
        return False
    first, *others = text.partition("#")[2].split("&")
    named = (one[7:] for one in [first, *others] if one.startswith("commit="))
    return _is_id(first) or any(map(_is_id, named))


def _is_python_pinned(text: str) -> bool:
    """Tell whether a repository is named with a commit, or an archive with its digest.

    `git+https://…@ID`, before `#` and `?`; `https://…#sha256=…`.
    """
    if not _GIT.match(text):
        return _DIGEST.search(text) is not None
    path = re.split(r"[#?]", text, maxsplit=1)[0].partition("://")[2]
    return "/" in path and _is_id(path.rpartition("@")[2])


def _has_nix_commit(text: str) -> bool:
    """Tell whether a flake is named with a commit, or the digest of its files."""
    path, _, query = text.partition("#")[0].partition("?")
    given = dict(part.partition("=")[::2] for part in query.split("&"))
    if given.get("narHash"):
        return True
    if "://" in path:
        return bool(_GIT.match(path)) and _is_id(given.get("rev", ""))
    above, _, last = path.rpartition("/")
    is_whole = "/" in above or ":" not in above.removeprefix("flake:")
    return _is_id(given.get("rev", "")) or (bool(above) and is_whole and _is_id(last))


def is_address(text: str) -> bool:
    """Tell whether a text begins as an address of the web does."""
    return bool(_ADDRESS.match(text))


def is_placeholder(text: str) -> bool:
    """Tell whether a text is nothing but a variable without a default: nothing is known of it."""
    bare = text[:LONGEST].strip()
    return ":-" not in bare and bool(_PLACEHOLDER.fullmatch(bare))


def _bare(text: str) -> str:
    """Return an address without what may be secret: credentials, query and fragment."""
    return _BEHIND.sub("", _CREDENTIALS.sub("//", text))


def _local(value: Value) -> Package:
    return _package(Kind.LOCAL, value.text, "", Pin.LOCAL, value)


def _package(kind: Kind, name: str, version: str, pin: Pin, value: Value) -> Package:
    return Package(kind=kind, name=name[:SHOWN], version=version[:SHOWN], pin=pin, value=value)


def _name_and_version(text: str) -> tuple[str, str]:
    found = _NPM.fullmatch(text)
    if found is None:
        return text[:SHOWN], ""
    return found["name"][:214], found["version"] or ""


def _semver_pin(version: str) -> Pin:
    if _SEMVER.fullmatch(version):
        return Pin.EXACT
    return Pin.LATEST if version.lower() in _MOVING else Pin.FLOATING


def _python_pin(version: str, *, is_exact: bool) -> Pin:
    if is_exact:
        return Pin.EXACT
    return Pin.LATEST if version == "latest" else Pin.FLOATING
