"""Runs mutants against the tests that cover them: a pytest plugin, in a copy of the checkout.

The tests are collected once.  For each mutant the process forks, the child gives the mutated code
to the functions that have it (and new values to a module's constants), runs the covering tests,
quickest first, and ends at the first red one.  What that way leaves alive is written into the copy
and run by a new process, which also reaches classes, and processes that the tests start.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import gc
import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

import coverage
import pytest

from tests.mutation.mutants import Mutant

assert sys.platform != "win32", "mutants are run by forking"

TIMES_SLOWER, SECONDS_MORE = 4, 2
"""A test of a mutant may take so many times what it takes, and so many seconds more."""
MOST_WAITING = 120
"""The same for the wall clock: seconds more for all tests of one mutant."""
MOST_BYTES = 6 * 1024**3
GREEN, RED = 0, 1

_MOST_REMEMBERED = 12
"""Tests that saw an earlier mutant and are asked first."""
_EVERYWHERE = frozenset({"_no_network", "_same_umask", "snapshot_check"})
"""Fixtures of every test, without which a call of a function does the same."""

OPTIONS = ("-q", "-s", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Covered:
    """What one test ran: its time, and the lines of each module."""

    seconds: float
    lines: Mapping[str, frozenset[int]]


class SameExamples:
    """Hypothesis tries the same examples each time and spends no time on shrinking."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """Set it after the conftest and before a test module is read."""
        from hypothesis import HealthCheck, Phase, settings  # pytest must be first to import it

        settings.register_profile(
            "mutation", derandomize=True, deadline=None, database=None,
            phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.too_slow],
        )  # fmt: skip
        settings.load_profile("mutation")


@dataclass(eq=False)
class Runner:
    """Judges `mutants` in place of pytest's own loop."""

    mutants: Sequence[Mutant]
    seconds: float
    """Most time for one mutant's tests, the quickest of which are taken."""
    quick: bool
    """Whether what forking leaves alive isn't tried again in a process of its own."""
    judged: Callable[[Mutant, str], None]
    tests: dict[str, Covered] = field(default_factory=dict)
    sources: dict[str, bytes] = field(default_factory=dict)
    loaded: list[types.FunctionType | functools._lru_cache_wrapper[object]] = field(
        default_factory=list
    )
    """Functions of the mutated modules, and every memory of answers."""
    red: list[str] = field(default_factory=list)
    """Tests that saw earlier mutants, the last one first: they are asked first."""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure the tests, then judge every mutant."""
        paths = sorted({mutant.path for mutant in self.mutants})
        self.tests = _measured(session, paths)
        self.loaded = list(_loaded(frozenset(os.path.abspath(path) for path in paths)))  # noqa: PTH100
        gc.collect()
        gc.freeze()  # a child that looks at nothing copies nothing
        for mutant in self.mutants:
            self.sources.setdefault(mutant.path, Path(mutant.path).read_bytes())
            self.judged(mutant, self._verdict(session, mutant))
        return True

    def _verdict(self, session: pytest.Session, mutant: Mutant) -> str:
        _codes_of(self.sources[mutant.path], os.path.abspath(mutant.path))  # noqa: PTH100 - kept
        chosen, in_process = self._chosen(mutant), True
        if not chosen:  # a process that a test starts may run it
            chosen, in_process = self._chosen(replace(mutant, at_import=True)), False
        if not chosen:
            return "survived: no test runs it"
        seconds = sum(self.tests[name].seconds for name in chosen)
        items = {item.nodeid: item for item in session.items}
        if in_process:
            run = [items[name] for name in chosen]
            with tempfile.TemporaryFile() as told:
                work = functools.partial(self._patched, session, mutant, run, told.fileno())
                verdict = _in_child(work, seconds)
                told.seek(0)
                self._remember(told.read().decode())
            if verdict != "survived" or self.quick:
                return verdict
        return self._on_disk(mutant, chosen, seconds)

    def _chosen(self, mutant: Mutant) -> list[str]:
        """Return the names of the tests that ran the mutant's lines, quickest first."""
        wanted = _asking(self.sources[mutant.path], mutant)
        is_data = not any(mutant.path in test.lines for test in self.tests.values())
        chosen: list[str] = []
        total = 0.0
        for name, test in sorted(self.tests.items(), key=lambda item: item[1].seconds):
            lines = test.lines.get(mutant.path, frozenset())
            named = lines and (wanted is None or not lines.isdisjoint(wanted))
            if named or (is_data and mutant.at_import):  # a table that other modules read
                total += test.seconds
                if chosen and total > self.seconds:
                    break
                chosen.append(name)
        return sorted(chosen, key=lambda name: name not in self.red)

    def _remember(self, name: str) -> None:
        if name:
            self.red = [name, *(one for one in self.red if one != name)][:_MOST_REMEMBERED]

    def _patched(
        self, session: pytest.Session, mutant: Mutant, items: Sequence[pytest.Item], told: int
    ) -> int:
        """Put the mutated code into the running functions, run the tests; in a child."""
        importlib.import_module(_module(mutant.path))  # what is imported late is patched, too
        path = os.path.abspath(mutant.path)  # noqa: PTH100 - as Python spells it in code objects
        source = self.sources[mutant.path]
        old = _codes_of(source, path)
        new = _codes_of(mutant.applied(source), path)
        changed = {place for place, code in new.items() if code != old.get(place)}
        for found in self.loaded:
            if isinstance(found, functools._lru_cache_wrapper):
                if found is not _codes_of:
                    found.cache_clear()
            elif found.__code__.co_filename == path and _place(found.__code__) in changed:
                code = new[_place(found.__code__)]
                if code.co_freevars == found.__code__.co_freevars:
                    found.__code__ = code
        if mutant.at_import:
            _set_constants(mutant.path, source, mutant.applied(source))
        stop = _StopAtRed(told)
        session.config.pluginmanager.register(stop, "stop")
        _run([(item, self.tests[item.nodeid].seconds) for item in items], stop.at)
        return GREEN

    def _on_disk(self, mutant: Mutant, chosen: Sequence[str], seconds: float) -> str:
        """Run the tests in a new process, the mutant written into the copy."""
        path = Path(mutant.path)
        path.write_bytes(mutant.applied(self.sources[mutant.path]))
        files = sorted({name.split("::")[0] for name in chosen})
        arguments = [sys.executable, "-m", "tests.mutation.runner", *files]
        try:
            times = {name: self.tests[name].seconds for name in chosen}
            return _in_child(lambda: _started(arguments, times), seconds + 5)
        finally:
            path.write_bytes(self.sources[mutant.path])


def _loaded(
    paths: frozenset[str],
) -> Iterator[types.FunctionType | functools._lru_cache_wrapper[object]]:
    """Yield the functions of these modules, and every memory of answers."""
    for found in gc.get_objects():
        if isinstance(found, functools._lru_cache_wrapper) or (
            isinstance(found, types.FunctionType) and found.__code__.co_filename in paths
        ):
            yield found


def _asking(source: bytes, mutant: Mutant) -> frozenset[int] | None:
    """Return the lines whose tests are asked about a mutant, None for all of the module.

    A constant whose name begins with `_` is asked by the functions that name it.
    """
    first, last = mutant.lines
    if not mutant.at_import:
        return frozenset(range(first, last + 1))
    lines: set[int] = set()
    body = ast.parse(source).body
    made = next((one for one in body if one.lineno <= first <= (one.end_lineno or 0)), None)
    target = made.targets[0] if isinstance(made, ast.Assign) else None
    name = target.id if isinstance(target, ast.Name) else ""
    for one in body:
        if one is not made and any(
            isinstance(node, ast.Name) and node.id == name for node in ast.walk(one)
        ):
            if not isinstance(one, ast.FunctionDef):
                return None
            lines.update(range(one.body[0].lineno, (one.end_lineno or 0) + 1))
    return frozenset(lines) if name.startswith("_") and lines else None


def _set_constants(path: str, before: bytes, after: bytes) -> None:
    """Give the loaded module the values that the mutated one has at its own level."""
    loaded = vars(sys.modules[_module(path)])
    old, new = (_executed(source, path, loaded) for source in (before, after))
    kept = (type, types.FunctionType, types.ModuleType)
    for key, value in new.items():
        if repr(value) != repr(old.get(key)) and not isinstance(value, kept):
            imported, loaded[key] = loaded[key], value
            if isinstance(imported, tuple | frozenset | dict):
                _set_everywhere(imported, value)


def _set_everywhere(old: object, value: object) -> None:
    """Give the value to the modules that imported the old one by its name."""
    for name, module in list(sys.modules.items()):
        if name.startswith("mcpinstall."):
            vars(module).update({key: value for key, it in vars(module).items() if it is old})


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _executed(source: bytes, path: str, loaded: Mapping[str, object]) -> dict[str, object]:
    made = {key: loaded[key] for key in ("__name__", "__file__", "__package__")}
    exec(compile(source, path, "exec", dont_inherit=True), made)  # noqa: S102 - our own module
    del made["__builtins__"]
    return made


def _started(arguments: list[str], times: Mapping[str, float]) -> int:
    done = subprocess.run(arguments, input=json.dumps(times), text=True, check=False)
    return done.returncode


@dataclass(eq=False)
class _Chosen:
    """Runs only the tests of these names, quickest first, up to the first red one."""

    times: Mapping[str, float]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        if not items.keys() >= self.times.keys():
            os._exit(RED)
        stop = _StopAtRed()
        session.config.pluginmanager.register(stop)
        _run([(items[name], seconds) for name, seconds in self.times.items()], stop.at)
        os._exit(GREEN)


@functools.lru_cache(maxsize=2)
def _codes_of(source: bytes, path: str) -> Mapping[tuple[str, int], types.CodeType]:
    return dict(_codes(compile(source, path, "exec", dont_inherit=True)))


def _codes(module: types.CodeType) -> Iterator[tuple[tuple[str, int], types.CodeType]]:
    """Yield the code of every function and method, and of those inside: some are made at import."""
    for constant in module.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_flags & 0x02:  # CO_NEWLOCALS: a function, not a class's body
                yield _place(constant), constant
            yield from _codes(constant)


def _place(code: types.CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


class _StopAtRed:
    """Ends the process at the first red test."""

    def __init__(self, told: int | None = None) -> None:
        self._told = told

    def at(self, name: str) -> NoReturn:
        """End it, and tell which test was red."""
        if self._told is not None:
            os.write(self._told, name.encode())
        os._exit(RED)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.at(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            os._exit(RED)


def _run(timed: Sequence[tuple[pytest.Item, float]], red: Callable[[str], object]) -> None:
    """Run tests; `red` hears of each red one that pytest doesn't run, and of too slow ones."""
    for (item, seconds), following in zip(timed, _followed(timed), strict=True):
        most = int(time.process_time() + TIMES_SLOWER * seconds + SECONDS_MORE)
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        if not _is_plain(item):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        elif not _passes(item):
            red(item.nodeid)


def _followed(timed: Sequence[tuple[pytest.Item, float]]) -> list[pytest.Item | None]:
    """Return for each test the next one that pytest is to run."""
    following: pytest.Item | None = None
    found = []
    for item, _ in reversed(timed):
        found.append(following)
        following = following if _is_plain(item) else item
    return found[::-1]


@functools.cache
def _is_plain(item: pytest.Item) -> bool:
    """Tell whether a test is a call of a function: nothing is made for it, and nothing marks it."""
    if not isinstance(item, pytest.Function) or item.get_closest_marker("network"):
        return False
    return not {*item._fixtureinfo.initialnames} - {*_parameters(item), *_EVERYWHERE}


def _parameters(item: pytest.Function) -> Mapping[str, object]:
    return item.callspec.params if hasattr(item, "callspec") else {}


def _passes(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    try:
        item.obj(**_parameters(item))
    except BaseException:  # noqa: BLE001 - a skip, a failure, whatever a mutant does to a test
        return False
    return True


def _in_child(work: Callable[[], int], seconds: float) -> str:
    """Return what became of a mutant: `work` in a process group, folder and time of its own."""
    folder = tempfile.mkdtemp()
    pid = os.fork()
    if not pid:
        _work(work, folder)
    try:
        return _awaited(pid, TIMES_SLOWER * seconds + MOST_WAITING)
    finally:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _awaited(pid: int, most: float) -> str:
    end = time.monotonic() + most
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            if -code == signal.SIGXCPU:
                return "timed out"
            return "survived" if code == GREEN else "killed"
        if time.monotonic() > end:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return "timed out"
        time.sleep(0.002)


def _work(work: Callable[[], int], folder: str) -> NoReturn:
    status = 3
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        silent = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(silent, descriptor)
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        status = work()
    finally:
        os._exit(status)


# Which test runs which lines ----------------------------------------------------------------


def _measured(session: pytest.Session, paths: Sequence[str]) -> dict[str, Covered]:
    """Run every test once, unchanged; red and skipped ones are left out."""
    folder = tempfile.mkdtemp()
    answer = Path(folder, "answer.json")
    pid = os.fork()
    if not pid:
        _work(lambda: _measure(session, paths, answer), folder)
    _awaited(pid, 3600)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    told = json.loads(answer.read_text(encoding="utf-8"))
    shutil.rmtree(folder, ignore_errors=True)
    return {
        name: Covered(seconds, {path: frozenset(rows) for path, rows in lines.items()})
        for name, (seconds, lines) in told.items()
    }


def _measure(session: pytest.Session, paths: Sequence[str], answer: Path) -> int:
    outcomes = _Outcomes()
    session.config.pluginmanager.register(outcomes)
    items = session.items
    measure = coverage.Coverage(
        data_file=str(answer.with_suffix(".coverage")), config_file=False,
        include=[str(Path(path).absolute()) for path in paths],
    )  # fmt: skip
    told: dict[str, tuple[float, dict[str, list[int]]]]
    measure.start()
    for item, following in zip(items, _followed([(item, 0) for item in items]), strict=True):
        measure.switch_context(item.nodeid)
        start = time.process_time()
        if not _is_plain(item):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        elif _passes(item):
            outcomes.passed[item.nodeid] = time.process_time() - start
    measure.stop()
    told = {name: (seconds, {}) for name, seconds in outcomes.passed.items()}
    with warnings.catch_warnings(action="ignore"):  # of a table nothing is run but at its import
        data = measure.get_data()
    for path in paths:
        for line, names in data.contexts_by_lineno(os.path.abspath(path)).items():  # noqa: PTH100
            for name in told.keys() & names:
                told[name][1].setdefault(path, []).append(line)
    answer.write_text(json.dumps(told), encoding="utf-8")
    return GREEN


class _Outcomes:
    """The tests that passed, and how long they took."""

    def __init__(self) -> None:
        self.passed: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.other: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid
        self.seconds[name] = self.seconds.get(name, 0.0) + report.duration
        if not report.passed:
            self.other.add(name)
            self.passed.pop(name, None)
        elif name not in self.other:
            self.passed[name] = self.seconds[name]


def main() -> None:
    """Run the tests that standard input names, with their seconds, from these files."""
    times = json.load(sys.stdin)
    pytest.main([*OPTIONS, *sys.argv[1:]], plugins=[SameExamples(), _Chosen(times), _StopAtRed()])
    os._exit(RED)


if __name__ == "__main__":
    main()
