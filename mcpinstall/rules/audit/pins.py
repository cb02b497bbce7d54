"""What a launch fetches, and how tightly its version is fixed, for every runner there is.

Options with values are known per runner, so no argument of the server is taken for a package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mcpinstall.model.audited import Value
from mcpinstall.rules.audit import specs
from mcpinstall.rules.audit.options import Grammar, Option, Words, read
from mcpinstall.rules.audit.runner_options import (
    BUN,
    CARGO,
    DENO,
    DNX,
    DOCKER,
    DOCKER_RUN,
    GO,
    JAVA,
    NIX,
    NPM,
    PIP,
    PIPX,
    PNPM,
    UV,
    YARN,
)
from mcpinstall.rules.audit.specs import Kind, Package
from mcpinstall.rules.audit.words import program


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """A launch by a program that fetches what it runs."""

    runner: str
    """As one writes it: `npx`, `uv run`, `docker run`."""
    packages: tuple[Package, ...] = ()
    options: tuple[Option, ...] = ()
    """Of the runner; none of the server."""
    arguments: tuple[Value, ...] = ()
    """Of the server; for `uv run`, the command that runs in the environment."""
    code: Value | None = None
    """A script in an argument of the runner: `npx -c`."""
    is_offline: bool = False
    """Nothing new is fetched."""

    def all(self, *names: str) -> tuple[Option, ...]:
        """Return the runner's options of these names."""
        return tuple(one for one in self.options if one.name in names)


_Reader = Callable[[str, tuple[Value, ...]], Fetch | None]


def fetch(launch: Sequence[Value]) -> Fetch | None:
    """Return what a launch without wrappers fetches; None for a program that is no runner."""
    if not launch:
        return None
    name = program(launch[0].text)
    words = tuple(launch[1:])
    if _is_python(name) and len(words) > 1 and words[0].text == "-m":
        name, words = program(words[1].text), words[2:]
        return _READERS[name](name, words) if name in {"pip", "pipx", "uv"} else None
    reader = _READERS.get(name)
    return reader(name, words) if reader else None


def _is_python(name: str) -> bool:
    return name.rstrip("0123456789.") in {"python", "py", "pypy"}


# npm and its like --------------------------------------------------------------------------------

_OFFLINE = ("--no-install", "--offline", "--no", "--prefer-offline-only")


def _npm_like(runner: str, found: Words, code: tuple[str, ...] = ()) -> Fetch:
    named = [one.value for one in found.all("-p", "--package") if one.value]
    script = next((one.value for one in found.all(*code) if one.value), None)
    rest = found.rest
    if not named and script is None:
        named, rest = list(rest[:1]), rest[1:]
    else:
        rest = rest[1:] if script is None else rest
    offline = found.has(*_OFFLINE) or any(
        one.text.lower() == "false" for one in found.all("--yes", "-y")
    )
    return Fetch(
        runner=runner, packages=tuple(specs.npm(one) for one in named), options=found.options,
        arguments=rest, code=script, is_offline=offline,
    )  # fmt: skip


def _npx(_: str, words: tuple[Value, ...]) -> Fetch:
    return _npm_like("npx", read(words, NPM), ("-c", "--call"))


def _npm(_: str, words: tuple[Value, ...]) -> Fetch | None:
    before = read(words, NPM)
    if not before.rest or before.rest[0].text not in {"exec", "x"}:
        return None
    after = read(before.rest[1:], replace(NPM, mixed=True))
    both = Words((*before.options, *after.options), after.rest)
    return _npm_like(f"npm {before.rest[0].text}", both, ("-c", "--call"))


def _dlx(grammar: Grammar, verb: str, code: tuple[str, ...] = ()) -> _Reader:
    """Return a reader of `NAME [options] VERB [options] PACKAGE …`."""

    def reader(name: str, words: tuple[Value, ...]) -> Fetch | None:
        before = read(words, grammar)
        if not before.rest or before.rest[0].text != verb:
            return None
        after = read(before.rest[1:], grammar)
        both = Words((*before.options, *after.options), after.rest)
        return _npm_like(f"{name} {verb}", both, code)

    return reader


def _alone(grammar: Grammar) -> _Reader:
    return lambda name, words: _npm_like(name, read(words, grammar))


def _deno(_: str, words: tuple[Value, ...]) -> Fetch | None:
    before = read(words, DENO)
    if not before.rest:
        return None
    verb = before.rest[0].text
    if verb == "eval":
        return None
    has_verb = verb in {"run", "x", "serve"}
    after = read(before.rest[1:], DENO) if has_verb else before
    return _deno_script(f"deno {verb}" if has_verb else "deno", before, after)


def _deno_script(runner: str, before: Words, after: Words) -> Fetch | None:
    if not after.rest:
        return None
    target = after.rest[0]
    package = specs.npm(target) if runner in {"dx", "deno x"} and ":" not in target.text else (
        specs.deno(target)
    )  # fmt: skip
    offline = after.has("--cached-only") or (after.has("--frozen") and bool(after.all("--lock")))
    return Fetch(
        runner=runner, packages=(package,), options=(*before.options, *after.options),
        arguments=after.rest[1:], is_offline=offline,
    )  # fmt: skip


def _dx(_: str, words: tuple[Value, ...]) -> Fetch | None:
    found = read(words, DENO)
    return _deno_script("dx", Words((), ()), found)


# Python ------------------------------------------------------------------------------------------


def _with(found: Words) -> list[Package]:
    """Return the packages of `--with a,b==1`."""
    named = [part for one in found.all("-w", "--with") for part in _separated(one.value)]
    named += [one.value for one in found.all("--with-editable") if one.value is not None]
    return [specs.pypi(one) for one in named]


def _separated(value: Value | None) -> list[Value]:
    """Split `a,b==1`, and leave `a>=1,<2` whole."""
    parts: list[str] = []
    for part in value.text.split(",")[:100] if value else ():
        if parts and part.strip()[:1] in {"<", ">", "=", "!", "~"}:
            parts[-1] += f",{part}"
        elif part.strip():
            parts.append(part.strip())
    return [Value(text=one, pointer=value.pointer) for one in parts] if value else []


def _uvx(runner: str, words: tuple[Value, ...]) -> Fetch:
    found = read(words, UV)
    given = [one.value for one in found.all("--from") if one.value]
    main = given[-1:] or list(found.rest[:1])
    return Fetch(
        runner=runner, packages=(*(specs.pypi(one) for one in main), *_with(found)),
        options=found.options, arguments=found.rest[1:],
        is_offline=found.has("--offline"),
    )  # fmt: skip


def _uv(_: str, words: tuple[Value, ...]) -> Fetch | None:
    before = read(words, UV)
    verbs = [one.text for one in before.rest[:2]]
    if verbs == ["tool", "run"]:
        inner = _uvx("uv tool run", before.rest[2:])
    elif verbs[:1] == ["run"]:
        inner = _uv_run(before.rest[1:])
    elif verbs == ["pip", "install"]:
        return _pip("uv pip", before.rest[1:])
    else:
        return None
    return replace(
        inner, options=(*before.options, *inner.options),
        is_offline=inner.is_offline or before.has("--offline"),
    )  # fmt: skip


def _uv_run(words: tuple[Value, ...]) -> Fetch:
    found = read(words, UV)
    packages = _with(found)
    first = found.rest[0] if found.rest else None
    if first is not None and first.text[:8].lower().startswith(("https://", "http://")):
        packages.insert(0, specs.source(first))
    return Fetch(
        runner="uv run", packages=tuple(packages), options=found.options, arguments=found.rest,
        is_offline=found.has("--offline"),
    )  # fmt: skip


def _pipx(_: str, words: tuple[Value, ...]) -> Fetch | None:
    before = read(words, PIPX)
    if not before.rest or before.rest[0].text != "run":
        return None
    found = read(before.rest[1:], PIPX)
    given = [one.value for one in found.all("--spec") if one.value]
    main = [] if found.has("--path") else given[-1:] or list(found.rest[:1])
    extra = [one.value for one in found.all("--with") if one.value]
    return Fetch(
        runner="pipx run", packages=tuple(specs.pypi(one) for one in (*main, *extra)),
        options=found.options, arguments=found.rest[1:],
    )  # fmt: skip


def _pip(name: str, words: tuple[Value, ...]) -> Fetch | None:
    before = read(words, PIP)
    if not before.rest or before.rest[0].text != "install":
        return None
    found = read(before.rest[1:], replace(PIP, mixed=True))
    return Fetch(
        runner=f"{name} install", packages=tuple(specs.pypi(one) for one in found.rest),
        options=(*before.options, *found.options), is_offline=found.has("--no-index"),
    )  # fmt: skip


# Containers --------------------------------------------------------------------------------------


def _docker(name: str, words: tuple[Value, ...]) -> Fetch | None:
    rest = read(words, DOCKER).rest
    if rest and rest[0].text == "container":
        rest = rest[1:]
    if not rest or rest[0].text != "run":
        return None
    found = read(rest[1:], DOCKER_RUN)
    image = found.rest[0] if found.rest else None
    never = any(one.text == "never" for one in found.all("--pull"))
    return Fetch(
        runner=f"{name} run", packages=(specs.image(image),) if image else (),
        options=found.options, arguments=found.rest[1:], is_offline=never,
    )  # fmt: skip


# Others ------------------------------------------------------------------------------------------


def _dnx(runner: str, words: tuple[Value, ...]) -> Fetch:
    found = read(words, DNX)
    after = read(found.rest[1:], DNX)  # its own options may follow the package, up to `--`
    options = (*found.options, *after.options)
    version = next((one.text for one in options if one.name == "--version"), "")
    return Fetch(
        runner=runner, options=options, arguments=after.rest,
        packages=tuple(specs.versioned(Kind.NUGET, one, version) for one in found.rest[:1]),
    )  # fmt: skip


def _dotnet(_: str, words: tuple[Value, ...]) -> Fetch | None:
    verbs = [one.text for one in words[:2]]
    if verbs == ["tool", "run"]:  # a tool of the manifest in the folder
        return Fetch(runner="dotnet tool run", arguments=words[3:])
    if verbs == ["tool", "exec"]:
        return _dnx("dotnet tool exec", words[2:])
    return _dnx("dotnet dnx", words[1:]) if verbs[:1] == ["dnx"] else None


def _go(_: str, words: tuple[Value, ...]) -> Fetch | None:
    before = read(words, GO)
    if not before.rest or before.rest[0].text != "run":
        return None
    found = read(before.rest[1:], GO)
    return Fetch(
        runner="go run", packages=tuple(specs.go(one) for one in found.rest[:1]),
        options=found.options, arguments=found.rest[1:],
    )  # fmt: skip


def _cargo(_: str, words: tuple[Value, ...]) -> Fetch | None:
    verbs = [one for one in words[:2] if one.text[:1] != "+"]
    verb = verbs[0].text if verbs else ""
    start = words.index(verbs[0]) + 1 if verbs else 0
    if verb == "run":
        return Fetch(runner="cargo run")
    if verb not in {"install", "binstall"}:
        return None
    found = read(words[start:], replace(CARGO, mixed=True))
    if found.all("--path"):
        return Fetch(runner="cargo install", options=found.options)
    return Fetch(
        runner=f"cargo {verb}", packages=_crates(found), options=found.options,
        is_offline=found.has("--offline"),
    )  # fmt: skip


def _crates(found: Words) -> tuple[Package, ...]:
    address = next((one.value for one in found.all("--git") if one.value), None)
    if address is None:
        version = next((one.text for one in found.all("--version", "--vers")), "")
        return tuple(specs.versioned(Kind.CRATES, one, version) for one in found.rest)
    commit = next((one.text for one in found.all("--rev")), "")
    named = Value(text=f"git+{address.text}#{commit}", pointer=address.pointer)
    return (specs.source(named),)


def _nix(_: str, words: tuple[Value, ...]) -> Fetch | None:
    before = read(words, NIX)
    if not before.rest or before.rest[0].text not in {"run", "shell"}:
        return None
    found = read(before.rest[1:], NIX)
    return Fetch(
        runner=f"nix {before.rest[0].text}", arguments=found.rest[1:],
        packages=tuple(specs.nix(one) for one in found.rest[:1]),
        options=found.options, is_offline=found.has("--offline"),
    )  # fmt: skip


def _java(_: str, words: tuple[Value, ...]) -> Fetch | None:
    found = read(words, JAVA)
    jars = [one.value for one in found.all("-jar") if one.value]
    if not jars:
        return None
    return Fetch(
        runner="java", packages=tuple(specs.jar(one) for one in jars),
        options=found.options, arguments=found.rest,
    )  # fmt: skip


_READERS: Mapping[str, _Reader] = {
    "npx": _npx,
    "npm": _npm,
    "pnpm": _dlx(PNPM, "dlx"),
    "pnpx": _alone(PNPM),
    "yarn": _dlx(YARN, "dlx"),
    "bunx": _alone(BUN),
    "bun": _dlx(BUN, "x"),
    "deno": _deno,
    "dx": _dx,
    "uvx": lambda _, words: _uvx("uvx", words),
    "uv": _uv,
    "pipx": _pipx,
    "pip": _pip,
    "pip3": _pip,
    "docker": _docker,
    "podman": _docker,
    "nerdctl": _docker,
    "dnx": _dnx,
    "dotnet": _dotnet,
    "go": _go,
    "cargo": _cargo,
    "nix": _nix,
    "java": _java,
}
