"""More of the pin parser's table: options of each runner, and where its own words end."""

from __future__ import annotations

import pytest

from mcpinstall.rules.audit.pins import fetch
from mcpinstall.rules.audit.specs import Pin, is_placeholder
from mcpinstall.rules.audit.unwrap import unwrap
from tests.unit.rules.audit.launches import values

HEX40, HEX64 = "0123456789" * 4, "0123456789abcdef" * 4

PYTHON = [
    ("pypy3 -m pip install a", "a floating"),
    ("py -3.12 -m pip install a", "a floating"),
    ("python -mpip install a==1.0", "a exact"),
    ("python -Im pip install a", "a floating"),
    ("python -I -Impipx run a", "a floating"),
    ("python -m uv tool run a", "a floating"),
    ("python -m npx a", None),
    ("python -m", None),
    ("python -Im", None),
    ("python -mnpx a", None),
    ("python", None),
    ("python x.py -m pip install a", None),
    ("python -W ignore -m pip install a", "a floating"),
    ("python -Wignore::m -m pip install a", "a floating"),
    ("python -X dev -m pip install a", "a floating"),
    ("python --check-hash-based-pycs never -m pip install a", "a floating"),
    ("pip3.12 install a", "a floating"),
    ("pip install -e . --editable ./x b", "b floating, . local, ./x local"),
    ("pip install -r https://h.example/r.txt", "https://h.example/r.txt mutable"),
    ("pip install -r http://h.example/r.txt", "http://h.example/r.txt mutable"),
    ("pip install -r requirements.txt", None),
    ("pip --no-input install a", "a floating"),
    ("pip download a", None),
    ("pip", None),
    ("uvx", None),
    ("uvx --from", None),
    ("uvx python", None),
    ("uvx python3.12", None),
    ("uvx pypy@3.11", None),
    ("uvx --from a --from b==1 c", "b exact"),
    ("uvx --with-editable ./x --with , a==1", "a exact, ./x local"),
    ("uvx --with-requirements https://h.example/r.txt a==1",
     "a exact, https://h.example/r.txt mutable"),
    ("uvx --with-requirements r.txt a==1", "a exact"),
    ("uvx --with ' b==1 , c ' a==1", "a exact, b exact, c floating"),
    ("uvx --with 'b==1.0,!=2,~=3' a==1", "a exact, b exact"),
    ("uvx --with 'c,b!=1,==2.0' a==1", "a exact, c floating, b exact"),
    ("uvx --with 'b<2,>1' a==1", "a exact, b floating"),
    ("uvx --with '>=1,b' a==1", "a exact, >=1 floating, b floating"),
    ("uvx python-lsp", "python-lsp floating"),
    ("uv run x https://h.example/s.py", None),
    ("uv run --with b --with c https://h.example/s.py",
     "https://h.example/s.py mutable, b floating, c floating"),
    ("uv tool install a", "a floating"),
    ("uv tool list", None),
    ("uv pip install a==1", "a exact"),
    ("uv pip list", None),
    ("uv sync", None),
    ("uv", None),
    ("uv run", None),
    ("uv run http://h.example/s.py", "http://h.example/s.py mutable"),
    ("uv run --with b https://h.example/s.py", "https://h.example/s.py mutable, b floating"),
    ("pipx run --with b==1 a", "a floating, b exact"),
    ("pipx run --path ./x.py", None),
    ("pipx run --spec a==1 --spec b==2 c", "b exact"),
    ("pipx install a", None),
    ("pipx --quiet run a", "a floating"),
    ("pipx", None),
    ("uvx ${PACKAGE:-a}", "a floating"),
    ("${RUNNER:-uvx} a", "a floating"),
]  # fmt: skip
NPM = [
    ("npx", None),
    ("npx -p a -c 'b'", "a floating"),
    ("npx -c 'a b' c", None),
    ("npx --call 'a b' c", None),
    ("npm exec --call 'a b' c", None),
    ("npm exec a --package=b", "b floating"),
    ("npm exec a --package=b -- --package=c", "b floating"),
    ("npm run a", None),
    ("npm", None),
    ("npm create a", "create-a floating"),
    ("npm create -y a b", "create-a floating"),
    ("npm create @s/a@1.0.0", "@s/create-a exact"),
    ("npm init a", "create-a floating"),
    ("npm innovate a", "create-a floating"),
    ("npm create", None),
    ("npm create -y", None),
    ("pnpm create a", "create-a floating"),
    ("pnpm install a", None),
    ("pnpm", None),
    ("pnx a", "a floating"),
    ("yarn create a", "create-a floating"),
    ("yarn start", None),
    ("bun create a", "create-a floating"),
    ("bun run x", None),
    ("deno eval a", None),
    ("deno repl", None),
    ("deno", None),
    ("deno run", None),
    ("deno serve npm:a", "a floating"),
    ("deno npm:a", "a floating"),
    ("deno -A npm:a@1.0.0", "a exact"),
    ("deno run data:text/javascript,x", None),
    ("deno run b data:,x", "b local"),
    ("deno x a@1.0.0", "a exact"),
    ("deno x -p npm:a@1.0.0 b", "a exact"),
    ("deno run a@1.0.0", "a@1.0.0 local"),
    ("dx a", "a floating"),
    ("dx npm:a@1.0.0", "a exact"),
    ("dx --package a b", "a floating"),
]
OTHERS = [
    ("docker create x:1", "x floating"),
    ("docker container create x:1", "x floating"),
    ("docker ps x", None),
    ("docker container ls x", None),
    ("docker container", None),
    ("docker run", None),
    ("docker", None),
    ("dotnet dnx A@1.0.0", "A exact"),
    ("dotnet build", None),
    ("dotnet", None),
    ("dnx", None),
    ("go install h.example/m@v1.2.3", "h.example/m exact"),
    ("go build ./x", None),
    ("go", None),
    ("go run", None),
    ("cargo r", None),
    ("cargo +nightly install a", "a floating"),
    ("cargo binstall a@1.2.3 b", "a exact, b floating"),
    ("cargo install --path .", None),
    ("cargo install --vers 1.2.3 a", "a exact"),
    ("cargo build x", None),
    ("cargo install a --version 1.2.3", "a exact"),
    ("cargo install --path . a", None),
    ("docker run -ite", None),
    ("docker run -it x:1 y:2", "x floating"),
    ("cargo", None),
    ("nix shell nixpkgs#a nixpkgs#b --command x", "nixpkgs#a mutable, nixpkgs#b mutable"),
    ("nix build x", None),
    ("nix", None),
    ("nix run", None),
    ("java -cp x Main", None),
    ("java Main -jar x.jar", None),
    ("java -jar", None),
    ("java -jar x.jar -jar https://h.example/y.jar", "x.jar local"),
    ("java -jar https://h.example/x.jar", "https://h.example/x.jar mutable"),
    (f"java -jar https://h.example/x.jar#sha256={HEX64}", "https://h.example/x.jar mutable"),
]
SPECS = [
    ("npx a@v1.2.3", "a exact"),
    ("npx a@=1.2.3", "a exact"),
    ("npx a@1.2.3.4", "a floating"),
    ("npx a@1.2.x", "a floating"),
    ("npx 'a@1.2.3 '", "a exact"),
    ("npx a@Latest", "a latest"),
    *((f"npx a@{tag}", "a latest") for tag in
      ("next", "canary", "beta", "alpha", "nightly", "dev", "rc")),
    ("npx a@stable", "a floating"),
    ("npx x@npm:@s/y", "@s/y floating"),
    ("npx x@file:../y", "x@file:../y local"),
    ("npx x@./y", "x@./y local"),
    ("npx x@github:o/r", "x@github:o/r mutable"),
    ("npx x@https://h.example/a.tgz", "x@https://h.example/a.tgz mutable"),
    ("npx x@o/r", "x@o/r mutable"),
    ("npx x@a/b/c", "x floating"),
    ("npx git@github.com:o/r", "git@github.com:o/r mutable"),
    (f"npx git+ssh://git@h.example/r#{HEX40}", "git+ssh://h.example/r exact"),
    ("npx gitlab:o/r", "gitlab:o/r mutable"),
    ("npx '@s/a'", "@s/a floating"),
    ("npx -", "- floating"),
    ("npx git+file:///x", "git+file:///x local"),
    (f"npx https://h.example/a.tgz#sha512-{'A' * 86}==", "https://h.example/a.tgz mutable"),
    ("npx a/b/c", "a/b/c floating"),
    ("npx ~/a", "~/a local"),
    ("npx C:/a", "C:/a local"),
    (f"npx https://h.example/a.tgz#{HEX40}", "https://h.example/a.tgz mutable"),
    ("npx 'https://u:p@h.example/a.tgz?x=y#z'", "https://h.example/a.tgz mutable"),
    ("deno run npm:/a@1.0.0", "a exact"),
    ("deno run npm:@s/a@1.0.0/bin/x", "@s/a exact"),
    ("uvx a==v1.0", "a exact"),
    ("uvx a===1.0", "a exact"),
    ("uvx 'a (==1.0)'", "a exact"),
    ("uvx 'a>=0.5,==1.0'", "a exact"),
    ("uvx 'a>1.0'", "a floating"),
    ("uvx a@1.x", "a exact"),
    ("uvx 'a @ file:///x'", "a @ file:///x local"),
    ("uvx 'a @ https://h.example/a.whl'", "a @ https://h.example/a.whl mutable"),
    ("uvx a@https://h.example/a.zip", "a@https://h.example/a.zip mutable"),
    (f"uvx 'a @ https://h.example/a.tar.gz#sha256={HEX64}'",
     "a @ https://h.example/a.tar.gz exact"),
    ("uvx a@1.*", "a floating"),
    ("uvx 'a 1.0'", "a floating"),
    ("uvx 'a @ file:x'", "a @ file:x local"),
    ("uvx a.whl", "a.whl local"),
    ("uvx a-1.0.tar.gz", "a-1.0.tar.gz local"),
    ("uvx x/a.tar.gz", "x/a.tar.gz local"),
    ("uvx a.zip", "a.zip local"),
    ("uvx folder/a", "folder/a local"),
    ("uvx 'folder\\a'", "folder\\a local"),
    ("uvx '!a'", "!a floating"),
    ("docker run localhost/x", "localhost/x local"),
    ("docker run 0123456789ab", "0123456789ab local"),
    ("docker run 0123456789abcdef", "0123456789abcdef latest"),
    (f"docker run x@sha512:{HEX64}{HEX64}", "x exact"),
    (f"docker run x@sha256:{HEX40}", "x latest"),
    ("docker run h:5000/x:1", "h:5000/x floating"),
    ("go run h.example/m@upgrade", "h.example/m latest"),
    (f"go run h.example/m@{HEX40}", "h.example/m exact"),
    ("go run h.example/m@v1", "h.example/m floating"),
    ("go run h.example/m@v1.2.3.4", "h.example/m floating"),
    (f"go run h.example/m@{HEX40}0", "h.example/m floating"),
    ("nix run /x#y", "/x#y local"),
    (f"nix run github:o/r/{HEX40}", f"github:o/r/{HEX40} exact"),
    ("nix run '#x'", "#x local"),
    ("nix run .", ". local"),
    (f"nix run 'github:o/r?rev={HEX40}'", f"github:o/r?rev={HEX40} exact"),
    ("nix run 'github:o/r?narHash=sha256-x'", "github:o/r?narHash=sha256-x exact"),
    ("cargo install a@=1.2.3", "a exact"),
    ("dnx A@1.2.3.4", "A exact"),
    ("dnx A@1.2", "A floating"),
    ("dnx A@1.2.3.4.5", "A floating"),
    ("dnx A@1.*", "A floating"),
]  # fmt: skip


IDS_ELSEWHERE = [  # digits that look like a commit's, where no program takes them for one
    f"uvx --from git+https://h.example/o/r?x={HEX40} a",
    f"uvx --from git+https://h.example/o/{HEX40} a",
    f"uvx --from git+https://{HEX40}@h.example a",
    f"uvx --from git+https://h.example/o/r@main#egg={HEX40} a",
    f"uvx --from git+https://h.example/o/r@main#{HEX40} a",
    f"uvx --from git+https://h.example/o/r#egg=a@{HEX40} a",
    f"uvx --from git+https://h.example/o/r#sha256={HEX64} a",
    "uvx --from git+https://h.example/o/r#egg=a@file:x a",
    f"uvx --from https://h.example/{HEX40} a",
    f"uvx --from https://h.example/a.whl@{HEX40} a",
    f"npx git+https://h.example/o/r@{HEX40}",
    f"npx github:o/r?x={HEX40}",
    f"npx github:o/r#main&{HEX40}",
    f"npx github:o/r#semver:{HEX40}",
    f"npx https://h.example/o/r#{HEX40}",
    f"npx https://github.com/o/r/archive/main.tar.gz#{HEX40}",
    f"npx https://h.example/a.tgz?sha256={HEX64}",
    f"deno run https://h.example/{HEX40}",
    f"deno run https://h.example/a.ts#sha256={HEX64}",
    f"uv run https://h.example/a.py#sha256={HEX64}",
    f"pip install -r https://h.example/a.txt#sha256={HEX64}",
    f"cargo install --git https://h.example/r#{HEX40}",
    f"cargo install --git https://h.example/r --rev {HEX40}0",
    f"nix run github:o/r#{HEX40}",
    f"nix run github:o/{HEX40}",
    f"nix run git+https://h.example/{HEX40}",
    f"nix run 'git+https://h.example/r?x={HEX40}'",
    f"nix run 'https://h.example/r.tar.gz?rev={HEX40}'",
    "nix run github:o/r#narHash=sha256-x",
    "nix run 'github:o/r?narHash='",
]
IDS = [
    f"uvx --from git+ssh://git@h.example/o/r@{HEX40} a",
    f"uvx --from git+https://h.example/o/r@{HEX40}#subdirectory=a a",
    f"uvx --from 'a[x] @ git+https://h.example/o/r@{HEX64}' a",
    f"npx github:o/r#{HEX40}",
    f"npx o/r#{HEX40}",
    f"npx 'x@github:o/r#{HEX40}&path:a'",
    f"npx https://github.com/o/r.git#{HEX40}",
    f"yarn dlx 'a@https://github.com/o/r#workspace=a&commit={HEX40}'",
    f"nix run nixpkgs/{HEX40}#a",
    f"nix run 'git+https://h.example/r?ref=main&rev={HEX40}#a'",
]


@pytest.mark.parametrize("line", IDS_ELSEWHERE)
def test_digits_where_no_program_takes_them_for_a_commit_pin_nothing(line: str) -> None:
    found = fetch(unwrap(values(line)).launch)

    assert found is not None
    assert [one.pin for one in found.packages] == [Pin.MUTABLE]


@pytest.mark.parametrize("line", IDS)
def test_a_commit_where_its_program_reads_it_is_one(line: str) -> None:
    found = fetch(unwrap(values(line)).launch)

    assert found is not None
    assert [one.pin for one in found.packages] == [Pin.EXACT]


@pytest.mark.parametrize(
    "password", ["p@ss", "p@ss@word", "x:y@z"],
)  # fmt: skip
def test_a_password_with_a_sign_of_addresses_is_no_part_of_a_name(password: str) -> None:
    found = fetch(values("uvx", "--from", f"git+https://user:{password}@h.example/r", "a"))

    assert found is not None
    assert [one.name for one in found.packages] == ["git+https://h.example/r"]


@pytest.mark.parametrize(("line", "expected"), [*PYTHON, *NPM, *OTHERS, *SPECS])
def test_what_is_fetched(line: str, expected: str | None) -> None:
    found = fetch(unwrap(values(line)).launch)

    packages = None if found is None else ", ".join(
        f"{one.name} {one.pin}" for one in found.packages
    )  # fmt: skip
    assert (packages or None) == expected


@pytest.mark.parametrize(
    ("line", "runner", "arguments"),
    [
        ("npx a b c", "npx", "b c"),
        ("npx -p a b c", "npx", "c"),
        ("npx -c 'a b' c d", "npx", "c d"),
        ("npm exec a b c", "npm exec", "b c"),
        ("npm x -- a b", "npm x", "b"),
        ("npm create a b c", "npm create", "b c"),
        ("pnpm dlx a b", "pnpm dlx", "b"),
        ("pnpx a b", "pnpx", "b"),
        ("bun x a b", "bun x", "b"),
        ("deno run -A npm:a b c", "deno run", "b c"),
        ("deno npm:a b", "deno", "b"),
        ("deno x a b", "deno x", "b"),
        ("deno x -p npm:a b c", "deno x", "c"),
        ("dx a b", "dx", "b"),
        ("uvx a b c", "uvx", "b c"),
        ("uv tool run a b", "uv tool run", "b"),
        ("uv run a b", "uv run", "a b"),
        ("pipx run a b", "pipx run", "b"),
        ("docker run x:1 b c", "docker run", "b c"),
        ("podman create x:1 b", "podman create", "b"),
        ("dnx A b", "dnx", "b"),
        ("dotnet tool exec A b", "dotnet tool exec", "b"),
        ("dotnet tool run a b c", "dotnet tool run", "b c"),
        ("dotnet dnx A b", "dotnet dnx", "b"),
        ("go run h.example/m@v1.0.0 b", "go run", "b"),
        ("nix run nixpkgs#a -- b", "nix run", "-- b"),
        ("nix shell nixpkgs#a --command b", "nix shell", "--command b"),
        ("java -Xmx1g -jar x.jar -p b", "java", "-p b"),
        ("cargo run x", "cargo run", ""),
        ("cargo r x", "cargo run", ""),
        ("nix run --option a b nixpkgs#c d", "nix run", "d"),
        ("uv pip install a", "uv pip install", ""),
        ("pip install a", "pip install", ""),
    ],
)
def test_the_arguments_of_the_server_are_what_follows(
    line: str, runner: str, arguments: str
) -> None:
    found = fetch(unwrap(values(line)).launch)

    assert found is not None
    assert (found.runner, " ".join(one.text for one in found.arguments)) == (runner, arguments)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("npx -c 'a b' c", "a b"),
        ("npx --call 'a b'", "a b"),
        ("npm exec -c 'a b'", "a b"),
        ("npm x --call 'a b'", "a b"),
        ("deno run data:text/javascript,x y", "data:text/javascript,x"),
        ("deno run DATA:,x", "DATA:,x"),
        ("deno run a data:,x", None),
        ("npx a -c b", None),
    ],
)
def test_code_in_an_argument_of_the_runner_is_kept_apart(line: str, code: str | None) -> None:
    found = fetch(unwrap(values(line)).launch)

    assert found is not None
    assert (found.code.text if found.code else None) == code


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("npx a", False),
        ("npx --no a", True),
        ("npx --no-yes a", True),
        ("npx --yes --no-install a", True),
        ("npx --no-install --yes a", False),
        ("npx --no-install=false a", False),
        ("npx --yes=0 a", True),
        ("npx --yes=false --yes a", False),
        ("npx -y=false a", True),
        ("npx --offline --no-offline a", False),
        ("npx --offline=false a", False),
        ("npx --offline=0 a", False),
        ("npx --no-offline --offline a", True),
        ("npx --offline=false --offline a", True),
        ("npx --no-offline=false a", True),
        ("deno run --frozen npm:a", False),
        ("deno run --frozen --lock=x npm:a", True),
        ("deno run --lock=x npm:a", False),
        ("uv --offline tool run a", True),
        ("uv tool run --offline a", True),
        ("uv tool run a", False),
        ("uv run --offline --with a b", True),
        ("pip install --no-index a", True),
        ("pip install a", False),
        ("docker run --pull never --pull always x", False),
        ("docker run --pull always --pull=never x", True),
        ("cargo install --offline a", True),
        ("cargo --offline install a", True),
        ("cargo install --frozen a", True),
        ("cargo --frozen install a", True),
        ("cargo install a", False),
        ("dnx A", False),
        ("go run h.example/m@main", False),
        ("nix run --offline nixpkgs#a", True),
        ("nix run nixpkgs#a", False),
    ],
)
def test_the_last_word_about_fetching_counts(line: str, expected: bool) -> None:
    found = fetch(unwrap(values(line)).launch)

    assert found is not None
    assert found.is_offline is expected


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("npm --a=1 exec --b=2 c --d=3", "--a --b --d"),
        ("pnpm --a=1 dlx --b=2 c --d=3", "--a --b"),
        ("deno --a=1 run --b=2 npm:c --d=3", "--a --b"),
        ("uv --a=1 tool run --b=2 c --d=3", "--a --b"),
        ("uv --a=1 run --b=2 c --d=3", "--a --b"),
        ("pip --a=1 install --b=2 c --d=3", "--a --b --d"),
        ("docker --a=1 run --b=2 c --d=3", "--a --b"),
        ("dnx --a=1 B --c=2 -- --d=3", "--a --c"),
        ("go run -a=1 b -c=2", "-a"),
        ("pipx run --a=1 b --c=2", "--a"),
        ("cargo install --a=1 b", "--a"),
        ("cargo install --path . --a=1", "--path --a"),
        ("nix run --a=1 b", "--a"),
        ("java -Xm --b=2 -jar x --a", "-Xm --b -jar"),
        ("npx -ab c", "-a -b"),
    ],
)
def test_options_of_the_runner_end_where_the_servers_words_begin(line: str, options: str) -> None:
    found = fetch(unwrap(values(line)).launch)

    assert found is not None
    assert " ".join(one.name for one in found.options) == options


@pytest.mark.parametrize(
    ("line", "name", "text"),
    [
        ("docker run -e A=b x", "-e", "A=b"),
        ("docker run -eA=b x", "-e", "A=b"),
        ("docker run -ite A=b x", "-e", "A=b"),
        ("docker run -iteA=b x", "-e", "A=b"),
        ("docker run -e=A=b x", "-e", "A=b"),
        ("docker run --env=A=b x", "--env", "A=b"),
        ("docker run --env A=b x", "--env", "A=b"),
        ("docker run -e", "-e", ""),
        ("docker run -ite A=b", "-e", "A=b"),
        ("nix run --option a b", "--option", "b"),
        ("docker run --env", "--env", ""),
        ("nix run --option a b c", "--option", "b"),
        ("nix run --option a", "--option", ""),
        ("go run -tags=a b", "-tags", "a"),
        ("go run -tags a b", "-tags", "a"),
        ("java -jar x", "-jar", "x"),
        ("npx -p=a b", "-p", "a"),
        ("uvx -p3.12 a", "-p", "3.12"),
    ],
)
def test_the_value_of_an_option_is_found_however_it_is_written(
    line: str, name: str, text: str
) -> None:
    found = fetch(unwrap(values(line)).launch)

    assert found is not None
    assert [one.text for one in found.all(name)] == [text]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("npx a@1.2.3", "a@1.2.3"),
        ("uvx a==1.0", "a==1.0"),
        ("uvx a@latest", "a@latest"),
        ("docker run x:1", "x:1"),
        ("docker run x", "x"),
        ("go run h.example/m@v1.0.0", "h.example/m@v1.0.0"),
    ],
)
def test_a_package_is_shown_as_its_runner_writes_it(line: str, shown: str) -> None:
    found = fetch(unwrap(values(line)).launch)

    assert found is not None
    assert [one.shown for one in found.packages] == [shown]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("npx a", "npm"),
        ("deno run npm:a", "npm"),
        ("deno run jsr:@s/a", "jsr"),
        ("uvx a", "pypi"),
        ("dnx A", "nuget"),
        ("cargo install a", "crates"),
        ("go run h.example/m@main", "go"),
        ("nix run nixpkgs#a", "nix"),
        ("docker run a", "image"),
        ("npx github:o/r", "source"),
        ("npx ./a", "local"),
    ],
)
def test_the_index_that_knows_a_package_is_told(line: str, kind: str) -> None:
    found = fetch(unwrap(values(line)).launch)

    assert found is not None
    assert [str(one.kind) for one in found.packages] == [kind]


def test_a_name_is_as_long_as_npm_allows_and_no_longer() -> None:
    found = fetch(values("npx", "a" * 300))

    assert found is not None
    assert len(found.packages[0].name) == 214


@pytest.mark.parametrize(
    ("text", "expected"),
    [("${X}", True), (" $X ", True), ("%X%", True), ("<name>", True), ("${X}-b", False),
     ("a", False), ("$1", False), (f"${{X:-{'a' * 2000}}}", False)],
)  # fmt: skip
def test_only_a_whole_reference_says_nothing_of_a_package(text: str, expected: bool) -> None:
    assert is_placeholder(text) is expected
