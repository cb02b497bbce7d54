"""What a launch fetches, and how tightly its version is fixed, for every runner there is.

Options with values are known per runner, so no argument of the server is taken for a package.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial

from mcpinstall.model.audited import Value
from mcpinstall.rules.audit import other_runners, specs
from mcpinstall.rules.audit.fetched import Fetch
from mcpinstall.rules.audit.options import Grammar, Words, read
from mcpinstall.rules.audit.runner_options import (
    BUN,
    DENO,
    DENO_X,
    NPM,
    PIP,
    PIPX,
    PNPM,
    UV,
    YARN,
)
from mcpinstall.rules.audit.specs import Package
from mcpinstall.rules.audit.words import program

_IS_PYTHON = re.compile(r"(?:python|pypy)[0-9.]{0,8}(?:@.*)?")
"""What `uvx` takes for the interpreter itself, which is no package."""
_DEFAULT = re.compile(r"\$\{\w{1,128}:-([^{}]{0,1000})\}")
_PIP = re.compile(r"pip[0-9.]{0,8}")
_MODULE = re.compile(r"-[bBdEiIOPqRsSuvx]{0,16}m(.*)", re.DOTALL)
"""`-m`, `-Im`, `-mpip`; `-W` and `-X` take what is glued to them, whatever its end."""
_LONGEST_DEFAULT = 4096  # characters of a text in which one is looked for
_Reader = Callable[[str, tuple[Value, ...]], Fetch | None]


def fetch(launch: Sequence[Value]) -> Fetch | None:
    """Return what a launch without wrappers fetches; None for a program that is no runner."""
    return _fetched(tuple(launch))


@lru_cache(maxsize=8)  # several rules ask about one server, then all about the next
def _fetched(launch: tuple[Value, ...]) -> Fetch | None:
    if not launch:
        return None
    name = program(_default(launch[0]).text)
    words = tuple(map(_default, launch[1:]))
    if name.rstrip("0123456789.") in {"python", "py", "pypy"}:
        name, words = _module(words)
        return _READERS[name](name, words) if name in {"pip", "pipx", "uv"} else None
    reader = _READERS.get("pip" if _PIP.fullmatch(name) else name)
    return reader(name, words) if reader else None


def _default(value: Value) -> Value:
    """Return what stands in place of an unset variable: `a` of `${NAME:-a}`."""
    if ":-" not in value.text[:_LONGEST_DEFAULT]:
        return value
    return Value(text=_DEFAULT.sub(r"\1", value.text), pointer=value.pointer)


def _module(words: Sequence[Value]) -> tuple[str, tuple[Value, ...]]:
    """Return the module of `python -I -m module` and what follows it; nothing without one."""
    at = 0
    while at < len(words) and words[at].text[:1] == "-":
        if found := _MODULE.match(words[at].text):
            glued = (Value(text=found[1], pointer=words[at].pointer),) if found[1] else ()
            behind = (*glued, *words[at + 1 :])
            return "".join(one.text for one in behind[:1]), behind[1:]
        at += 2 if words[at].text in {"-W", "-X", "--check-hash-based-pycs"} else 1
    return "", ()


# npm and its like --------------------------------------------------------------------------------

_REFUSALS = ("--no-install", "--no", "--no-yes")


def _npm_like(runner: str, found: Words, code: tuple[str, ...] = ()) -> Fetch:
    named = [one.value for one in found.all("-p", "--package") if one.value]
    script = next((one.value for one in found.all(*code) if one.value), None)
    rest = found.rest
    if not named and script is None:
        named, rest = list(rest[:1]), rest[1:]
    else:
        rest = rest[1:] if script is None else rest
    return Fetch(
        runner=runner, packages=tuple(specs.npm(one) for one in named), options=found.options,
        arguments=rest, code=script, is_offline=found.has("--offline") or _refuses(found),
    )  # fmt: skip


def _refuses(found: Words) -> bool:
    """Tell whether nothing may be installed: of `--no` and `--yes`, the last one counts."""
    told = found.all(*_REFUSALS, "--yes", "-y")
    if not told:
        return False
    off = told[-1].text.lower() in {"false", "0"}
    return off is not (told[-1].name in _REFUSALS)


_CREATING = frozenset({"create", "init", "innovate"})


def _created(runner: str, rest: Sequence[Value]) -> Fetch | None:
    """Read `npm create a`, which runs the package `create-a`."""
    positional = [one for one in rest[1:] if one.text[:1] != "-"]
    if rest[0].text not in _CREATING or not positional:
        return None
    package = specs.npm(positional[0])
    scope, slash, name = package.name.rpartition("/")
    named = replace(package, name=f"{scope}{slash}create-{name}")
    return Fetch(runner=f"{runner} {rest[0].text}", packages=(named,), arguments=tuple(rest[2:]))


def _npx(_: str, words: tuple[Value, ...]) -> Fetch:
    return _npm_like("npx", read(words, NPM), ("-c", "--call"))


def _npm(_: str, words: tuple[Value, ...]) -> Fetch | None:
    before = read(words, NPM)
    if not before.rest or before.rest[0].text not in {"exec", "x"}:
        return _created("npm", before.rest) if before.rest else None
    after = read(before.rest[1:], replace(NPM, mixed=True))
    both = Words((*before.options, *after.options), after.rest)
    return _npm_like(f"npm {before.rest[0].text}", both, ("-c", "--call"))


def _dlx(grammar: Grammar, verb: str, name: str, words: tuple[Value, ...]) -> Fetch | None:
    """Read `NAME [options] VERB [options] PACKAGE …`."""
    before = read(words, grammar)
    if not before.rest or before.rest[0].text != verb:
        return _created(name, before.rest) if before.rest else None
    after = read(before.rest[1:], grammar)
    both = Words((*before.options, *after.options), after.rest)
    return _npm_like(f"{name} {verb}", both)


def _alone(grammar: Grammar, name: str, words: tuple[Value, ...]) -> Fetch:
    return _npm_like(name, read(words, grammar))


def _deno(_: str, words: tuple[Value, ...]) -> Fetch | None:
    before = read(words, DENO)
    if not before.rest or before.rest[0].text in {"eval", "repl"}:
        return None
    verb = before.rest[0].text
    if verb == "x":
        return _deno_script("deno x", before, read(before.rest[1:], DENO_X))
    has_verb = verb in {"run", "serve"}
    after = read(before.rest[1:], DENO) if has_verb else before
    return _deno_script(f"deno {verb}" if has_verb else "deno", before, after)


def _deno_script(runner: str, before: Words, after: Words) -> Fetch | None:
    given = [one.value for one in after.all("-p", "--package") if one.value]
    targets = given or after.rest[:1]
    if not targets:
        return None
    code = next((one for one in targets if one.text[:5].lower() == "data:"), None)
    bare = runner in {"dx", "deno x"}
    packages = (
        specs.npm(one) if bare and ":" not in one.text else specs.deno(one) for one in targets
    )
    offline = after.has("--cached-only") or (after.has("--frozen") and bool(after.all("--lock")))
    return Fetch(
        runner=runner, packages=() if code else tuple(packages),
        options=(*before.options, *after.options), arguments=after.rest[1:], is_offline=offline,
        code=code,
    )  # fmt: skip


def _dx(_: str, words: tuple[Value, ...]) -> Fetch | None:
    return _deno_script("dx", Words((), ()), read(words, DENO_X))


# Python ------------------------------------------------------------------------------------------


def _with(found: Words) -> list[Package]:
    """Return the packages of `--with a,b==1`."""
    named = [part for one in found.all("-w", "--with") for part in _separated(one.value)]
    named += [one.value for one in found.all("--with-editable") if one.value is not None]
    return [*(specs.pypi(one) for one in named), *_listed(found)]


def _listed(found: Words) -> list[Package]:
    """Return lists of requirements at an address; what stands in them is not known."""
    given = found.all("-r", "--requirement", "--with-requirements")
    return [specs.source(one.value) for one in given if one.value and specs.is_address(one.text)]


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
    main = given[-1:] or [one for one in found.rest[:1] if not _IS_PYTHON.fullmatch(one.text)]
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
    elif verbs == ["tool", "install"]:
        inner = _uvx("uv tool install", before.rest[2:])
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
    if first is not None and specs.is_address(first.text):
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
        runner=f"{name} install",
        packages=(*(specs.pypi(one) for one in (*found.rest, *_editable(found))), *_listed(found)),
        options=(*before.options, *found.options), is_offline=found.has("--no-index"),
    )  # fmt: skip


def _editable(found: Words) -> list[Value]:
    return [one.value for one in found.all("-e", "--editable") if one.value]


_READERS: Mapping[str, _Reader] = {
    "npx": _npx,
    "npm": _npm,
    "pnpm": partial(_dlx, PNPM, "dlx"),
    "pnpx": partial(_alone, PNPM),
    "pnx": partial(_alone, PNPM),
    "yarn": partial(_dlx, YARN, "dlx"),
    "bunx": partial(_alone, BUN),
    "bun": partial(_dlx, BUN, "x"),
    "deno": _deno,
    "dx": _dx,
    "uvx": lambda _, words: _uvx("uvx", words),
    "uv": _uv,
    "pipx": _pipx,
    "pip": _pip,
    "docker": other_runners.docker,
    "podman": other_runners.docker,
    "nerdctl": other_runners.docker,
    "dnx": other_runners.dnx,
    "dotnet": other_runners.dotnet,
    "go": other_runners.go,
    "cargo": other_runners.cargo,
    "nix": other_runners.nix,
    "java": other_runners.java,
}
