"""Every wrapper by name: where its own words end, and the command line behind it begins."""

from __future__ import annotations

import shlex

import pytest

from mcpinstall.rules.audit.unwrap import unwrap
from mcpinstall.rules.audit.wrappers import TAKEN_OFF
from tests.unit.rules.audit.launches import values

ROWS = """
env -u X -C /x --unset Y --chdir /y -a n --argv0 m -P /p A=b | npx a
busybox | npx a
toybox | npx a
nice -n 5 --adjustment 3 | npx a
ionice -c 2 -n 7 --class 1 --classdata 3 | npx a
chrt -T 1 -P 2 -D 3 10 | npx a
taskset -c 0 | npx a
nohup | npx a
setsid -w | npx a
setarch x86_64 -R --32bit | npx a
setarch -R | npx a
linux32 | npx a
linux64 | npx a
time -f %e -o /x -p | npx a
timeout -k 5 -s TERM --kill-after 3 --signal 9 60s | npx a
gtimeout -k 5 -s TERM --kill-after 3 --signal 9 60s | npx a
stdbuf -i 0 -o L -e 0 --input 0 --output 0 --error 0 | npx a
gstdbuf -i 0 -o L -e 0 --input 0 --output 0 --error 0 | npx a
unbuffer | npx a
caffeinate -i -t 5 -w 3 | npx a
arch -e A=b -d C -arm64 | npx a
xargs -a x -d , -E e -I {} -L 1 -n 1 -P 2 -s 9 -r | npx a
xargs --arg-file x --delimiter , --max-args 1 --max-procs 2 | npx a
watch -n 1 --interval 2 -t | npx a
strace -f -a 1 -b x -e y -E A=b -I 1 -o /x -O 1 -p 1 -P /x -s 9 -S n -u me -U x -X raw | npx a
unshare -S 0 -G 0 -R /x -w /y --setuid 0 --setgid 0 --root /x --wd /y -n | npx a
setpriv --reuid 1 --regid 2 --groups 3 --inh-caps 4 --ambient-caps 5 --bounding-set 6 | npx a
prlimit -p 1 -o x --pid 2 --output y --nofile=9 | npx a
systemd-run --user -u a -p b -E c -t d -M e -H f | npx a
systemd-run --unit g --property h --slice i --setenv j --machine k | npx a
firejail --quiet | npx a
proxychains -q -f /x | npx a
proxychains4 -q -f /x | npx a
torsocks -a h -P 9 -u me -p x -q | npx a
tini -g -e 143 -p 9 -- | npx a
dumb-init -r 15:3 -- | npx a
catchsegv | npx a
chroot /x | npx a
gosu me | npx a
su-exec me | npx a
exec -a n | npx a
command -p | npx a
builtin | npx a
eval | npx a
! | npx a
winpty -Xx | npx a
start /b /d C:/x /min | npx a
start '' /node 1 /affinity 2 | npx a
start 'My title' | npx a
start | ./server
wsl -d Ubuntu -u me --cd /x --shell-type login -e | npx a
wsl --distribution Ubuntu --user me --exec | npx a
wsl ~ -- | npx a
script -q -E a -I b -O c -B d -T e -m f -o g -c 'npx a' | sh -c 'npx a'
script --command='npx a' | sh -c 'npx a'
script -qec 'npx a' | sh -c 'npx a'
script -qfc 'npx a' | sh -c 'npx a'
flock -n -E 1 -w 2 /x | npx a
flock /x -c 'npx a' | sh -c 'npx a'
flock /x --command 'npx a' | sh -c 'npx a'
flatpak-spawn --host | npx a
distrobox-host-exec | npx a
cross-env A=b C=d | npx a
cross-env-shell A=b | npx a
sudo -E -u a -g b -h c -p d -C e -r f -t g -T h -U i -D j -R k | npx a
sudo --user l --group m --host n --prompt o --chdir p A=b | npx a
doas -n -u a -C b -a c | npx a
pkexec --user me | npx a
run0 -u a -g b -D c --user d --group e --chdir f | npx a
run0 --setenv g --property h --slice i --nice j | npx a
gsudo -u a --user b --loglevel c -i d --integrity e | npx a
su me -g a -G b -s c -w d -c 'npx a' | sh -c 'npx a'
su --session-command='npx a' | sh -c 'npx a'
runas /user:x /savecred | npx a
dotenvx run -f .env -- | npx a
dotenvx run -f .env -fk k -e A=b --env C=d | npx a
dotenv -e .env -- | npx a
dotenv -f .env -c x -v A=b -p y --file z run -- | npx a
dotenv -f .env run | npx a
envmcp -e x --env-file y | npx a
supergateway --port 80 --stdio 'npx a' | sh -c 'npx a'
supergateway --stdio='npx a' | sh -c 'npx a'
mcpo --port 80 -- | uvx a
mcp-proxy --port 80 --host x | uvx a
mcp-proxy --any x -- | ./server
op run --env-file x -- | npx a
doppler run -- | npx a
doppler run -t a -p b -c c --token d --project e --config f --command 'npx a' | sh -c 'npx a'
infisical run --env x -- | npx a
infisical run -e a --env b --token c --path d --command 'npx a' | sh -c 'npx a'
varlock run -- | npx a
teller run -- | npx a
bws run -- | npx a
secretspec run -- | npx a
phase run --env a --app b --tags c --path d | npx a
chamber exec x -- | npx a
aws-vault exec x -- | npx a
envchain x | npx a
direnv exec . | npx a
mise exec node@20 -- | npx a
mise x -C /x -j 2 -c 'npx a' | sh -c 'npx a'
mise x --command='npx a' | sh -c 'npx a'
rtx exec -- | npx a
asdf exec | npx a
volta run --node 20 --npm 1 --pnpm 2 --yarn 3 --env A=b | npx a
fnm --fnm-dir /x exec --using 20 --node-dist-mirror y | npx a
corepack pnpm@9 | dlx a
conda run -n a -p b --name c --prefix d --cwd e | npx a
mamba run -n a -p b --name c --prefix d --cwd e | npx a
micromamba -r x run -n a -p b -a c -e d --name e --prefix f --cwd g --root-prefix h | npx a
poetry -C x -P y --directory z --project w run | npx a
pdm run -p a -C b --project c --venv d | npx a
rye run | npx a
pixi run -e a -s b -c c --environment d --spec e --manifest-path f --channel g | npx a
pixi exec | npx a
pipenv run | npx a
hatch -e a -p b --env c --project d run | npx a
bundle exec | ruby x
uv --directory x run --with b==1 | npx a
uv tool run --python 3.12 mcpo -- | npx a
uvx --with b mcpo@1.0 -- | npx a
pipx --quiet run mcpo -- | npx a
npx -y -p x envmcp | npx a
npx -y @modelcontextprotocol/inspector@1.0.0 | npx a
npx supergateway@3 --stdio 'npx a' | sh -c 'npx a'
npx dotenv-cli -e x -- | npx a
npx cross-env@7 A=b | npx a
npx mcp-proxy@1 --port 80 | npx a
npm exec -- envmcp | npx a
npm x envmcp | npx a
pnpm dlx envmcp | npx a
pnpm exec envmcp | npx a
pnpx envmcp | npx a
pnx envmcp | npx a
yarn dlx envmcp | npx a
yarn exec envmcp | npx a
bunx envmcp | npx a
bun x envmcp | npx a
"""
CASES = [tuple(part.strip() for part in line.split("|")) for line in ROWS.strip().splitlines()]


@pytest.mark.parametrize(("wrapper", "inner"), CASES)
def test_what_stands_behind_a_wrapper(wrapper: str, inner: str) -> None:
    words, behind = shlex.split(wrapper), shlex.split(inner)
    argv = words if behind[0] == "sh" else [*words, *behind]

    layers = unwrap(values(*argv)).layers

    corepack = words[0] == "corepack"
    expected = [words[1].partition("@")[0], *behind] if corepack else behind
    assert [one.text for one in layers[1]] == expected


def test_every_wrapper_has_a_row() -> None:
    assert {wrapper.split()[0] for wrapper, _ in CASES} == TAKEN_OFF.keys()


@pytest.mark.parametrize(
    "line",
    ["op item get x", "op run npx a", "doppler secrets -- npx a", "mise install -- npx a",
     "asdf list npx a", "poetry add npx a", "poetry run my-server", "poetry run",
     "uv sync npx a", "uv run server.py", "uv run -m npx", "uv run --script npx",
     "uv run --module npx", "uv run -s npx", "uv run --gui-script npx", "uv tool install mcpo",
     "uvx a npx b", "uvx", "pipx install mcpo -- npx a", "pipx", "npx a npx b", "npx",
     "npx @s/npx a", "npm run npx a", "npm", "pnpm add envmcp npx a", "yarn envmcp npx a",
     "bun run envmcp npx a", "mcpo npx a", "mcp-proxy my-server", "dotenvx encrypt -- npx a",
     "dotenvx", "dotenv npx a", "corepack", "corepack enable npx", "supergateway --sse x",
     "script x", "su me", "infisical run npx a"],
)  # fmt: skip
def test_what_starts_nothing_else_is_left_whole(line: str) -> None:
    found = unwrap(values(*shlex.split(line)))

    assert " ".join(one.text for one in found.launch) == line
    assert found.wrappers == ()


@pytest.mark.parametrize(
    "program",
    ["npx", "npm", "pnpm", "pnpx", "yarn", "bunx", "bun", "deno", "dx", "uvx", "uv", "pipx", "pip",
     "pip3", "python", "python3", "py", "pypy", "pypy3", "node", "nodejs", "tsx", "ts-node", "ruby",
     "perl", "php", "java", "docker", "podman", "nerdctl", "go", "cargo", "nix", "dnx", "dotnet",
     "sh", "bash", "zsh", "dash", "ash", "ksh", "fish", "cmd", "powershell", "pwsh", "python3.12",
     "env", "nice"],
)  # fmt: skip
def test_a_program_that_starts_others_is_looked_into(program: str) -> None:
    found = unwrap(values("poetry", "run", program, "x.y"))

    assert found.wrappers[:1] == ("poetry",)
    assert found.layers[1][0].text == program


@pytest.mark.parametrize("name", ["sudo", "doas", "pkexec", "run0", "gsudo", "env"])
def test_assignments_before_a_program_are_its_variables(name: str) -> None:
    found = unwrap(values(name, "A=b", "C.d-e=f=g", "npx", "H=i"))

    assert [(one.name, one.value.text) for one in found.variables] == [("A", "b"), ("C.d-e", "f=g")]
    assert [one.text for one in found.launch] == ["npx", "H=i"]


@pytest.mark.parametrize(
    ("line", "launch"),
    [
        ("env -S 'npx a' b", "npx a b"),
        ("env -iS 'npx a'", "npx a"),
        ("env '-vSnpx a' b", "npx a b"),
        ("env '--split-string=npx a'", "npx a"),
        ("env --split-string 'npx a'", "npx a"),
        ("env --sp='npx a'", "npx a"),
        ("env --s 'npx a'", "npx a"),
        (r"env -S 'npx\_a'", "npx a"),
        (r"env -S 'npx\ta\nb\fc\rd\ve'", "npx a b c d e"),
        ("env -S 'A=b npx a'", "npx a"),
        ("env -S '-u X npx a'", "npx a"),
        ("env -i - npx a", "npx a"),
        ("env -- npx a", "npx a"),
        ("env --ignore-environment npx a", "npx a"),
    ],
)  # fmt: skip
def test_env_splits_a_text_as_it_does(line: str, launch: str) -> None:
    found = unwrap(values(*shlex.split(line)))

    assert " ".join(one.text for one in found.launch) == launch
