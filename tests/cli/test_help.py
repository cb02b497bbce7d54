"""What `--help` says, for `mcpi` and for each of its commands."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from mcpinstall.cli import commands
from tests.cli.conftest import Mcpi


def test_the_overview(mcpi: Mcpi) -> None:
    ran = mcpi("--help")

    assert ran.status == 0
    assert ran.out == snapshot("""\
Usage: mcpi COMMAND [OPTIONS] [ARGUMENTS]

Install MCP servers from verified bytes, after one question.

Change:
  install            Verify servers, ask once, install them
  adopt              Take over servers that hosts fetch themselves
  uninstall          Take servers out of hosts
  reinstall          Build a server's environment again
  configure          Give an installed server other inputs
  update             Move servers to newer versions
  rollback           Go back to the version before an update
  hold               Keep servers in their version
  unhold             Let servers be updated again
  undo               Take the last change back
  secret set         Keep a secret of a server in the keyring
  secret remove      Take a secret out of the keyring
  registry add       Trust a registry whose root you confirm
  registry remove    Trust a registry no more

Look:
  outdated           Say for which servers there is something newer
  secret list        List secrets and where they are
  list               List what is installed
  show               Show who vouches for a server, and its inputs
  search             Find servers
  hosts              List hosts and their files
  why                Say why a server is here and how it starts
  history            List the last changes
  registry list      List registries and how fresh they are

Check and keep up:
  run                Start a server with its secrets, as a host does
  test               Start a server once, compare its tools
  verify             Check what is installed, down to every file
  audit              Say what is unsafe in hosts' files; runs nothing
  doctor             Say what is wrong here, and what to do
  policy show        Show which rules hold here, and whose
  policy check       Check policy files, and servers by them
  registry refresh   Ask registries what is new
  cache size         Say how much downloads take
  cache prune        Delete downloads

Own a registry:
  registry key       Make a key, encrypted
  registry init      Begin a registry that is signed
  registry publish   Sign manifests, or what expires soon
  registry sign      Add your signature to what is staged
  registry delegate  Give a namespace its own reviewers
  registry rotate    Change the keys of a role
  registry prune     Delete what no client asks for

Publish:
  manifest new       Make a manifest from a package or server.json
  manifest lock      Lock servers again, to newer packages
  manifest index     List a registry's manifests again
  manifest diff      Show what changed between two versions
  manifest verify    Check manifests before people review
  manifest sign      Sign a registry, or a review

Options:
  -h, --help         Show this; `mcpi COMMAND --help` shows a command's options
  -V, --version      Show the version

Example:
  mcpi install time
""")


@pytest.mark.parametrize("name", [command.name for command in commands.COMMANDS])
def test_every_command_has_a_help_with_an_example(mcpi: Mcpi, name: str) -> None:
    ran = mcpi(*name.split(), "--help")

    assert ran.status == 0
    assert ran.err == ""
    assert f"\n  Examples:\n    mcpi {name}" in ran.out
    assert (
        ran.out
        == snapshot(
            {
                "install": """\
Usage: mcpi install [OPTIONS] {NAME[@VERSION]...}

  Verify servers, show one plan, ask one question, install, add them to hosts.

  Arguments after `--` go to the server; they are shown as not reviewed.

  Examples:
    mcpi install time
    mcpi install git --host cursor --set repository=~/code/app
    mcpi install git --dry-run

Arguments:
  NAME[@VERSION]...  Servers; one plan for all.  [required]

Options:
  -H, --host HOST                 Host, such as `cursor`, `HOST=PATH` for one
                                  of its files, or `all`; repeatable.
  --set KEY=VALUE                 Value of an input, or `SERVER.KEY=VALUE`;
                                  repeatable.
  --as NAME                       Name of the entry in the hosts.
  --python PYTHON                 Interpreter: a path or a version.
  --transport TRANSPORT           `stdio`, `streamable-http` or `sse`, where a
                                  server offers several.
  --header NAME                   HTTP header with a secret that a
                                  `remote:URL` wants; repeatable.
  --lock FILE                     Replay the lock of an earlier plan, for a
                                  server that nobody reviewed.
  --print                         Print the entry; change no host file.
  --replace                       Replace another entry of the same name.
  --strip-bom                     Take a byte-order mark off where the host
                                  rejects one.
  --allow WHAT                    Accept `unreviewed`, `stale`, `yanked` or
                                  `vulnerable`; repeatable.
  -y, --yes                       Answer the question with yes; skips no
                                  check.
  -n, --dry-run                   Show what would be done; change nothing.
  --expect-digest DIGEST          Refuse any plan but this one.
  --offline                       Use only what was downloaded before.
  --secret NAME                   Ask for this secret, unseen, and keep it in
                                  the keyring; repeatable.
  --secret-from-env NAME=VARIABLE
                                  Refer to a variable of yours for this
                                  secret; repeatable.
  --plaintext-secrets             Let secrets stand in host files in clear
                                  text.
  --json                          Print one JSON object on standard output.
  -q, --quiet                     Say only what is needed.
  -v, --verbose                   Say more.
  -h, --help                      Show this message and exit.
""",
                "uninstall": """\
Usage: mcpi uninstall [OPTIONS] {NAME...}

  Take servers out of hosts, and delete what nothing uses any more.

  With `--host`, only that host's entry goes.  To take back the last change
  instead, whatever it was, use `mcpi undo`; to go back to the version before
  an update, `mcpi rollback`.

  Examples:
    mcpi uninstall time
    mcpi uninstall git --host cursor

Arguments:
  NAME...  Installed servers.  [required]

Options:
  -H, --host HOST  Host, such as `cursor`, `HOST=PATH` for one of its files,
                   or `all`; repeatable.
  -y, --yes        Answer the question with yes; skips no check.
  -n, --dry-run    Show what would be done; change nothing.
  --json           Print one JSON object on standard output.
  -q, --quiet      Say only what is needed.
  -v, --verbose    Say more.
  -h, --help       Show this message and exit.
""",
                "reinstall": """\
Usage: mcpi reinstall [OPTIONS] {NAME}

  Build an installed server's environment again, from files that are checked
  again.

  No host file changes: its entries keep their command.

  Examples:
    mcpi reinstall time
    mcpi reinstall time --python 3.13

Arguments:
  NAME  Installed server.  [required]

Options:
  --python PYTHON         Interpreter: a path or a version.
  --allow WHAT            Accept `unreviewed`, `stale`, `yanked` or
                          `vulnerable`; repeatable.
  -y, --yes               Answer the question with yes; skips no check.
  -n, --dry-run           Show what would be done; change nothing.
  --expect-digest DIGEST  Refuse any plan but this one.
  --offline               Use only what was downloaded before.
  --json                  Print one JSON object on standard output.
  -q, --quiet             Say only what is needed.
  -v, --verbose           Say more.
  -h, --help              Show this message and exit.
""",
                "configure": """\
Usage: mcpi configure [OPTIONS] {NAME}

  Give an installed server other inputs, in every host that has it.

  Inputs that are not named keep their values.  Arguments after `--` replace
  the former ones.

  Examples:
    mcpi configure git --set repository=~/code/other

Arguments:
  NAME  Installed server.  [required]

Options:
  --set KEY=VALUE                 Value of an input, or `SERVER.KEY=VALUE`;
                                  repeatable.
  -H, --host HOST                 Host, such as `cursor`, `HOST=PATH` for one
                                  of its files, or `all`; repeatable.
  --allow WHAT                    Accept `unreviewed`, `stale`, `yanked` or
                                  `vulnerable`; repeatable.
  -y, --yes                       Answer the question with yes; skips no
                                  check.
  -n, --dry-run                   Show what would be done; change nothing.
  --expect-digest DIGEST          Refuse any plan but this one.
  --secret NAME                   Ask for this secret, unseen, and keep it in
                                  the keyring; repeatable.
  --secret-from-env NAME=VARIABLE
                                  Refer to a variable of yours for this
                                  secret; repeatable.
  --plaintext-secrets             Let secrets stand in host files in clear
                                  text.
  --json                          Print one JSON object on standard output.
  -q, --quiet                     Say only what is needed.
  -v, --verbose                   Say more.
  -h, --help                      Show this message and exit.
""",
                "undo": """\
Usage: mcpi undo [OPTIONS] [ID]

  Take the last change back: host files, receipts, environments.

  A file that is still as mcpi left it gets its former bytes.  To go back to
  the version before an update, whatever came after it, use `mcpi rollback`;
  to remove a server, `mcpi uninstall`.

  Examples:
    mcpi undo
    mcpi undo 20261122T134501Z-0423f9a12

Arguments:
  [ID]  Change, from `mcpi history`.

Options:
  --allow WHAT   Accept `vulnerable`: a version with a known vulnerability.
  -y, --yes      Answer the question with yes; skips no check.
  -n, --dry-run  Show what would be done; change nothing.
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "list": """\
Usage: mcpi list [OPTIONS]

  List what is installed, and whether it can start.

  Examples:
    mcpi list --json

Options:
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "show": """\
Usage: mcpi show [OPTIONS] {NAME[@VERSION]}

  Show who vouches for a server, its inputs, its tools, and where it is
  installed.

  Examples:
    mcpi show git

Arguments:
  NAME[@VERSION]  Server.  [required]

Options:
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "search": """\
Usage: mcpi search [OPTIONS] [TEXT]

  Find servers in the registries; without a text, list all.

  `mcp:TEXT` asks the MCP registry of your configuration for names.  One
  registry that can't be searched is named and stops none of the others.

  Examples:
    mcpi search repository

Arguments:
  [TEXT]  Part of a name, title or summary.

Options:
  --updated-since TIME  Of an MCP registry: changes since.
  --json                Print one JSON object on standard output.
  -q, --quiet           Say only what is needed.
  -v, --verbose         Say more.
  -h, --help            Show this message and exit.
""",
                "hosts": """\
Usage: mcpi hosts [OPTIONS]

  List the hosts on this machine, their files, and which servers are ours.

  With `--verbose`, also what to do where a file can't be written, and after a
  change.

  Examples:
    mcpi hosts
    mcpi hosts --all

Options:
  -a, --all      Also hosts whose program is not found.
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "history": """\
Usage: mcpi history [OPTIONS]

  List the changes of the last 30 days, newest first; `mcpi undo ID` takes one
  back.

  Examples:
    mcpi history

Options:
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "test": """\
Usage: mcpi test [OPTIONS] {NAME}

  Start an installed server once and compare its tools with the reviewed ones.

  It gets an empty home, fixed values, and none of your secrets.  A remote
  server is asked where it runs, without secrets too, unless you say
  otherwise.

  Examples:
    mcpi test time

Arguments:
  NAME  Installed server.  [required]

Options:
  --with-secrets  Send a remote server the secrets you have for it.
  --json          Print one JSON object on standard output.
  -q, --quiet     Say only what is needed.
  -v, --verbose   Say more.
  -h, --help      Show this message and exit.
""",
                "verify": """\
Usage: mcpi verify [OPTIONS] [NAME]...

  Check installed servers from the registry down to every file and host entry.

  Ends with status 1 when something is not as it was verified, with 5 when
  something could not be checked; `mcpi reinstall` builds an environment
  again.

  Examples:
    mcpi verify
    mcpi verify time --fetch

Arguments:
  [NAME]...  Installed servers; all when none is named.

Options:
  --fetch        Fetch again what is not in the store any more.
  --strict       Compile every source again and compare.
  --offline      Use only what was downloaded before.
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "cache size": """\
Usage: mcpi cache size [OPTIONS]

  Say how much the files take that were downloaded or kept for later.

  Examples:
    mcpi cache size

Options:
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "cache prune": """\
Usage: mcpi cache prune [OPTIONS]

  Delete files that were downloaded or kept for later.

  Installed servers keep working, for they have their own.

  Examples:
    mcpi cache prune --days 30

Options:
  --days DAYS    Only what was not used that long.  [x>=0]
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "secret set": """\
Usage: mcpi secret set [OPTIONS] {ENTRY} {NAME}

  Keep a secret of an installed server in the keyring, in the place of the old
  one.

  It is asked for unseen, or read from standard input; it is never an
  argument.

  Examples:
    mcpi secret set github TOKEN
    mcpi secret set github TOKEN --stdin < token.txt

Arguments:
  ENTRY  Entry, as `mcpi list` shows it.  [required]
  NAME   Name of the secret, such as `TOKEN`.  [required]

Options:
  --stdin      Read the secret from standard input.
  --json       Print one JSON object on standard output.
  -q, --quiet  Say only what is needed.
  -h, --help   Show this message and exit.
""",
                "secret remove": """\
Usage: mcpi secret remove [OPTIONS] {ENTRY} {NAME}

  Take a secret out of the keyring; the server does not start without it.

  `mcpi uninstall` does that by itself.

  Examples:
    mcpi secret remove github TOKEN

Arguments:
  ENTRY  Entry, as `mcpi list` shows it.  [required]
  NAME   Name of the secret, such as `TOKEN`.  [required]

Options:
  -y, --yes    Answer the question with yes; skips no check.
  --json       Print one JSON object on standard output.
  -q, --quiet  Say only what is needed.
  -h, --help   Show this message and exit.
""",
                "secret list": """\
Usage: mcpi secret list [OPTIONS] [ENTRY]...

  List the secrets of installed servers and where each one is, never a secret
  itself.

  Examples:
    mcpi secret list
    mcpi secret list github --json

Arguments:
  [ENTRY]...  Entries; all without any.

Options:
  --json       Print one JSON object on standard output.
  -q, --quiet  Say only what is needed.
  -h, --help   Show this message and exit.
""",
                "why": """\
Usage: mcpi why [OPTIONS] {NAME}

  Say why a server is here: who put it where, what vouches for it, how it
  starts.

  Also for an entry that mcpinstall did not write: then it says where the
  entry stands.

  Examples:
    mcpi why time
    mcpi why github --json

Arguments:
  NAME  Entry of any host, or an installed server.  [required]

Options:
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "run": """\
Usage: mcpi run [OPTIONS] {ENTRY}

  Start an installed server with its secrets from the keyring, in the place of
  this process.

  Arguments after `--` take the place of those that it was installed with.
  Standard input and output are the server's.  Hosts start the same without
  `mcpi`: see docs/secrets.md.

  Examples:
    mcpi run github
    mcpi run git -- --repository ~/code/app

Arguments:
  ENTRY  Entry, as `mcpi list` shows it.  [required]

Options:
  -h, --help  Show this message and exit.
""",
                "doctor": """\
Usage: mcpi doctor [OPTIONS]

  Say what is wrong here, and what to do about it.

  Looks at installed servers, at the files of every host, whoever wrote them,
  and at the project in the working directory.  Starts no server, fetches and
  changes nothing.  Ends with status 1 when something is wrong, with 5 when
  something could not be looked at.

  Examples:
    mcpi doctor
    mcpi doctor --full --json

Options:
  --full         Compare installed files with the checked archives.
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "policy show": """\
Usage: mcpi policy show [OPTIONS]

  Show every rule that holds here, and the file that it comes from.

  The files of system, user and project are read; each can only be tighter
  than the one before.

  Examples:
    mcpi policy show
    mcpi policy show --json

Options:
  --json       Print one JSON object on standard output.
  -q, --quiet  Say only what is needed.
  -h, --help   Show this message and exit.
""",
                "policy check": """\
Usage: mcpi policy check [OPTIONS] [NAME]...

  Check the policy files, and tell which servers they forbid.

  Without a name, the installed servers are judged; with names, servers that
  could be installed, apart from hosts and secrets, which only a plan knows.
  Ends with status 1 when a server is forbidden, with 3 when the files
  themselves can't be used.

  Examples:
    mcpi policy check
    mcpi policy check time

Arguments:
  [NAME]...  Servers of registries; else what is installed.

Options:
  --json       Print one JSON object on standard output.
  -q, --quiet  Say only what is needed.
  -h, --help   Show this message and exit.
""",
                "manifest sign": """\
Usage: mcpi manifest sign [OPTIONS] {PATH}

  Sign a registry, or the review in one manifest, as whoever you are to
  Sigstore.

  In CI it is the job's own identity; on a desktop a browser opens for you to
  log in.  Everything that is signed is checked first.  No key is kept.

  Examples:
    mcpi manifest sign site
    mcpi manifest sign site/com.example/clock/1.2/manifest.toml

Arguments:
  PATH  A registry's folder, or one `manifest.toml`.  [required]

Options:
  --trust-config FILE  A private Sigstore instance instead.
  -y, --yes            Answer the question with yes; skips no check.
  --json               Print one JSON object on standard output.
  -q, --quiet          Say only what is needed.
  -h, --help           Show this message and exit.
""",
                "registry add": """\
Usage: mcpi registry add [OPTIONS] {NAME} {WHERE}

  Trust a TUF registry; its servers are then named `NAME:SERVER`.

  Its root is shown with its digest, which its owner must have told you in
  another way. Without a person the digest is given: `--yes --expect-root
  SHA256`.

  Examples:
    mcpi registry add corp https://mcp.example.com/registry --root 1.root.json

Arguments:
  NAME   Your name for it.  [required]
  WHERE  Its https address, or an absolute folder.  [required]

Options:
  --root FILE           Its root, from its owner.  [required]
  --expect-root SHA256  Refuse a root with another digest.
  -y, --yes             Answer the question with yes; skips no check.
  --json                Print one JSON object on standard output.
  -q, --quiet           Say only what is needed.
  -h, --help            Show this message and exit.
""",
                "registry remove": """\
Usage: mcpi registry remove [OPTIONS] {NAME}

  Trust a registry no more; its installed servers stay and keep running.

  What was seen of it stays remembered, so that adding it again can't roll it
  back.

  Examples:
    mcpi registry remove corp

Arguments:
  NAME  Your name for it.  [required]

Options:
  --json       Print one JSON object on standard output.
  -q, --quiet  Say only what is needed.
  -h, --help   Show this message and exit.
""",
                "registry list": """\
Usage: mcpi registry list [OPTIONS]

  List the registries and what was saved of each; none is asked.

  Examples:
    mcpi registry list

Options:
  --json       Print one JSON object on standard output.
  -q, --quiet  Say only what is needed.
  -h, --help   Show this message and exit.
""",
                "registry refresh": """\
Usage: mcpi registry refresh [OPTIONS] [NAME]...

  Read the registries of your configuration now, and what they revoke.

  TUF registries are asked; one that can't be reached or has expired is an
  error.

  Examples:
    mcpi registry refresh
    mcpi registry refresh corp

Arguments:
  [NAME]...  Registries; all without any.

Options:
  --json       Print one JSON object on standard output.
  -q, --quiet  Say only what is needed.
  -h, --help   Show this message and exit.
""",
                "registry key": """\
Usage: mcpi registry key [OPTIONS] {FILE}

  Make an ed25519 key: FILE, encrypted with a passphrase, and FILE.pub, for
  others.

  Examples:
    mcpi registry key root-1.pem

Arguments:
  FILE  New file of the key.  [required]

Options:
  --passphrase-stdin  Read one passphrase from standard input.
  --json              Print one JSON object on standard output.
  -q, --quiet         Say only what is needed.
  -h, --help          Show this message and exit.
""",
                "registry init": """\
Usage: mcpi registry init [OPTIONS] {FOLDER}

  Begin a TUF registry in FOLDER: sign its first root with all keys of the
  root.

  Examples:
    mcpi registry init site --root-key r.pem --targets-key t.pem --online-key o.pem

Arguments:
  FOLDER  The registry: what a web server will serve.  [required]

Options:
  --root-key FILE                 Key of the root; repeatable.  [required]
  --targets-key FILE              Key of the reviewers; repeatable.
                                  [required]
  --online-key FILE               Key of the machine that publishes.
                                  [required]
  --root-threshold <int range>    Root keys that must sign.  [default: 1;
                                  x>=1]
  --targets-threshold <int range>
                                  Reviewers that must sign.  [default: 1;
                                  x>=1]
  --signer PUB=URI                Key in a device or service; repeatable.
  --stage                         Leave it for `mcpi registry sign`; no client
                                  reads it yet.
  --passphrase-stdin              Read one passphrase from standard input.
  --json                          Print one JSON object on standard output.
  -q, --quiet                     Say only what is needed.
  -h, --help                      Show this message and exit.
""",
                "registry publish": """\
Usage: mcpi registry publish [OPTIONS] {FOLDER}

  Check and sign a folder of manifests; without `--from`, sign again what
  expires soon.

  The timestamp is good for 2 days: run it without `--from` every day.

  Examples:
    mcpi registry publish site --from manifests --key t.pem --key o.pem
    mcpi registry publish site --key o.pem

Arguments:
  FOLDER  The registry: what a web server will serve.  [required]

Options:
  --from MANIFESTS    Folder registry to publish.
  --key FILE          Key to sign with; repeatable.
  --signer PUB=URI    Key in a device or service; repeatable.
  --stage             Leave it for `mcpi registry sign`; no client reads it
                      yet.
  --passphrase-stdin  Read one passphrase from standard input.
  --json              Print one JSON object on standard output.
  -q, --quiet         Say only what is needed.
  -h, --help          Show this message and exit.
""",
                "registry sign": """\
Usage: mcpi registry sign [OPTIONS] {FOLDER}

  Show what a staged change does, and sign it; the last signature makes it
  live.

  The digest is the same for every holder: compare it with the others.
  Without a person it is given: `--yes --expect-digest SHA256`.

  Examples:
    mcpi registry sign site
    mcpi registry sign site --key t.pem

Arguments:
  FOLDER  The registry.  [required]

Options:
  --key FILE              Key to sign with; none: only show it.
  --signer PUB=URI        Key in a device or service; repeatable.
  --expect-digest SHA256  Refuse another change than this.
  -y, --yes               Answer the question with yes; skips no check.
  --passphrase-stdin      Read one passphrase from standard input.
  --json                  Print one JSON object on standard output.
  -q, --quiet             Say only what is needed.
  -h, --help              Show this message and exit.
""",
                "registry prune": """\
Usage: mcpi registry prune [OPTIONS] {FOLDER}

  Delete what only expired snapshots name: no client can ask for it any more.

  Every root stays, so does what waits for signatures.

  Examples:
    mcpi registry prune site --dry-run

Arguments:
  FOLDER  The registry.  [required]

Options:
  --dry-run    Say what would go, and delete nothing.
  --json       Print one JSON object on standard output.
  -q, --quiet  Say only what is needed.
  -h, --help   Show this message and exit.
""",
                "registry delegate": """\
Usage: mcpi registry delegate [OPTIONS] {FOLDER} {NAMESPACE}

  Give a namespace to reviewers of its own: nobody else's signature counts for
  it.

  Examples:
    mcpi registry delegate site io.github.user --to ana.pem.pub --key t.pem --key ana.pem

Arguments:
  FOLDER     The registry: what a web server will serve.  [required]
  NAMESPACE  Part before the slash of its servers' names.  [required]

Options:
  --to FILE                Public key of a reviewer; none: take it back.
  --threshold <int range>  Reviewers that must sign.  [default: 1; x>=1]
  --key FILE               Key to sign with; repeatable.
  --signer PUB=URI         Key in a device or service; repeatable.
  --stage                  Leave it for `mcpi registry sign`; no client reads
                           it yet.
  --passphrase-stdin       Read one passphrase from standard input.
  --json                   Print one JSON object on standard output.
  -q, --quiet              Say only what is needed.
  -h, --help               Show this message and exit.
""",
                "registry rotate": """\
Usage: mcpi registry rotate [OPTIONS] {FOLDER} {ROLE}

  Change the keys of a role: a new root, and what the role signed is signed
  again.

  Examples:
    mcpi registry rotate site online --add new.pem.pub --revoke 0a1b2c3d --key a.pem

Arguments:
  FOLDER  The registry: what a web server will serve.  [required]
  ROLE    `root`, `targets` or `online`.  [required]

Options:
  --add FILE               Public key to add; repeatable.
  --revoke KEY             Id of a key to revoke; repeatable.
  --threshold <int range>  Keys that must sign from now on.  [x>=1]
  --key FILE               Key to sign with; repeatable.
  --signer PUB=URI         Key in a device or service; repeatable.
  --stage                  Leave it for `mcpi registry sign`; no client reads
                           it yet.
  --passphrase-stdin       Read one passphrase from standard input.
  --json                   Print one JSON object on standard output.
  -q, --quiet              Say only what is needed.
  -h, --help               Show this message and exit.
""",
                "manifest diff": """\
Usage: mcpi manifest diff [OPTIONS] {A} {B}

  Show what changed between two versions of a server, the gravest first.

  Dependencies, publishers, entry points, start-up hooks, native code, tools,
  permissions, inputs, sizes.  The wheels of packages that changed are fetched
  and inspected; none of them runs.

  Examples:
    mcpi manifest diff time@2026.10.19 manifests/com.example/clock/1.1
    mcpi manifest diff installed:time time --format markdown

Arguments:
  A  Folder of a manifest, NAME@VERSION, `installed:NAME`, or `-` for none.
     [required]
  B  The same, of the newer version.  [required]

Options:
  --format <text|json|markdown>  Markdown is for a pull request's comment.
                                 [default: text]
  --offline                      Use only what was downloaded before.
  --json                         Print one JSON object on standard output.
  -q, --quiet                    Say only what is needed.
  -v, --verbose                  Say more.
  -h, --help                     Show this message and exit.
""",
                "update": """\
Usage: mcpi update [OPTIONS] [NAME...]

  Put newer versions in the place of installed ones; show what changed, ask
  once.

  Each server is asked for where it came from, and nowhere else.  Without
  names: all but those that are held or pinned.  `mcpi rollback` goes back.

  Examples:
    mcpi update
    mcpi update time --dry-run
    mcpi update time --to 2026.10.19

Arguments:
  [NAME...]  Installed servers; else all.

Options:
  --to VERSION                    Exactly this version; it is pinned then.
  --set KEY=VALUE                 Value of an input, or `SERVER.KEY=VALUE`;
                                  repeatable.
  --python PYTHON                 Interpreter: a path or a version.
  --allow WHAT                    Accept `unreviewed`, `stale`, `yanked` or
                                  `vulnerable`; repeatable.
  -y, --yes                       Answer the question with yes; skips no
                                  check.
  -n, --dry-run                   Show what would be done; change nothing.
  --expect-digest DIGEST          Refuse any plan but this one.
  --offline                       Use only what was downloaded before.
  --secret NAME                   Ask for this secret, unseen, and keep it in
                                  the keyring; repeatable.
  --secret-from-env NAME=VARIABLE
                                  Refer to a variable of yours for this
                                  secret; repeatable.
  --plaintext-secrets             Let secrets stand in host files in clear
                                  text.
  --json                          Print one JSON object on standard output.
  -q, --quiet                     Say only what is needed.
  -v, --verbose                   Say more.
  -h, --help                      Show this message and exit.
""",
                "rollback": """\
Usage: mcpi rollback [OPTIONS] [NAME]

  Go back to the version before the last update; nothing is fetched or built.

  Without a name, all that the last update brought goes back.  To take back
  the last change, whatever it was, use `mcpi undo`; to remove a server, `mcpi
  uninstall`.

  Examples:
    mcpi rollback time
    mcpi rollback

Arguments:
  [NAME]  Installed server.

Options:
  --allow WHAT   Accept `vulnerable`: a version with a known vulnerability.
  -y, --yes      Answer the question with yes; skips no check.
  -n, --dry-run  Show what would be done; change nothing.
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "hold": """\
Usage: mcpi hold [OPTIONS] {NAME...}

  Keep servers in their version: `update` passes them over, until `mcpi
  unhold`.

  Examples:
    mcpi hold time

Arguments:
  NAME...  Installed servers.  [required]

Options:
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "unhold": """\
Usage: mcpi unhold [OPTIONS] {NAME...}

  Let servers be updated again that are held, or that were installed by an
  exact version.

  Examples:
    mcpi unhold time

Arguments:
  NAME...  Installed servers.  [required]

Options:
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "outdated": """\
Usage: mcpi outdated [OPTIONS] [NAME...]

  Say what `mcpi update` would move, and why not to the newest version.

  Each server is asked for where it came from, and nowhere else.  Nothing
  changes.

  Examples:
    mcpi outdated
    mcpi outdated --check
    mcpi outdated time --json

Arguments:
  [NAME...]  Installed servers; else all.

Options:
  --check        Exit with 1 when something is outdated or revoked.
  --allow WHAT   Accept `unreviewed`, `stale`, `yanked` or `vulnerable`;
                 repeatable.
  --offline      Use only what was downloaded before.
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "manifest new": """\
Usage: mcpi manifest new [OPTIONS] {SPEC}

  Make a manifest: resolve, lock for all platforms, inspect, and start the
  server if you agree.

  Nothing is written before your yes.  What a person still has to decide is
  said, with a proposal for each.

  Examples:
    mcpi manifest new pypi:mcp-server-time
    mcpi manifest new server.json --into site

Arguments:
  SPEC  `pypi:NAME[==V]`, `mcp:NAME[@V]`, or the path of a `server.json`.
        [required]

Options:
  --into FOLDER           The registry's folder.  [default: manifests]
  --platform P            Platform to lock for; repeatable.
  --python V              Interpreter to start it with; repeatable.
  --accept SHA256=REASON  Why a start-up hook or program with these very bytes
                          is accepted; repeatable.
  --name NAME             Full name, where the package has none.
  --script NAME           Script that starts it, of several.
  --probe / --no-probe    Start it, which runs its code; or don't.
  -y, --yes               Answer the question with yes; skips no check.
  --offline               Use only what was downloaded before.
  --json                  Print one JSON object on standard output.
  -q, --quiet             Say only what is needed.
  -v, --verbose           Say more.
  -h, --help              Show this message and exit.
""",
                "manifest lock": """\
Usage: mcpi manifest lock [OPTIONS] {PATH...}

  Lock servers again, to newer packages; show what changed, and write it after
  your yes.

  What a person decided is kept: permissions, holds, reasons for the very same
  bytes.  Reviews are not, for they were of other files.  Unattended,
  `--accept` gives reasons.

  Examples:
    mcpi manifest lock manifests --report changes.md
    mcpi manifest lock manifests/io.github.user/clock/1.2 --version 1.3 --probe

Arguments:
  PATH...  Folders of versions, or of a whole registry.  [required]

Options:
  --upgrade               Take the newest version of the package, too.
  --version V             Take this one of the package.
  --min-age DAYS          Least age of a file; 7 or more.  [default: 7]
  --in-place              It was never published: change it where it is.
  --python V              Interpreter to start it with; repeatable.
  --accept SHA256=REASON  Why a start-up hook or program with these very bytes
                          is accepted; repeatable.
  --drop-hold PACKAGE     Hold it back no longer; repeatable.
  --probe                 Start it, which runs its code, and take its tools.
  --report FILE           Write the differences there, as Markdown.
  -y, --yes               Answer the question with yes; skips no check.
  --json                  Print one JSON object on standard output.
  -q, --quiet             Say only what is needed.
  -v, --verbose           Say more.
  -h, --help              Show this message and exit.
""",
                "manifest verify": """\
Usage: mcpi manifest verify [OPTIONS] [PATH]...

  Check manifests as their registry's CI does: every rule, every file, every
  wheel.

  Ends with 1 when a finding is at least as bad as --fail-on, with 5 when
  something could not be looked at.  No code of a package runs without
  --probe.

  Examples:
    mcpi manifest verify manifests
    mcpi manifest verify --changed-since main --offline

Arguments:
  [PATH]...  Registries, or anything below one; default `manifests`.

Options:
  --base REF           What was published at that commit stays.
  --changed-since REF  Only what changed since then.
  --files-only         Leave the wheels alone; needs no network.
  --probe              Start every server; asks first, for code runs.
  --format FORMAT      text, json, sarif, github, junit or markdown.
                       [default: text]
  --fail-on SEVERITY   low, medium, high, critical or never.  [default:
                       medium]
  --offline            Use only what was downloaded before.
  -y, --yes            Answer the question with yes; skips no check.
  --json               Print one JSON object on standard output.
  -q, --quiet          Say only what is needed.
  -v, --verbose        Say more.
  -h, --help           Show this message and exit.
""",
                "audit": """\
Usage: mcpi audit [OPTIONS] [PATH]...

  Say what is unsafe in the files of MCP hosts, whoever wrote them.

  Nothing is started but git for --diff; nothing is looked up on the network
  but with --online, nor written but by --save-baseline and --fix.  Ends with
  1 when a finding is at least as bad as --fail-on, with 5 when something
  could not be read or asked.

  Examples:
    mcpi audit
    mcpi audit .mcp.json --format sarif
    mcpi audit - --host cursor < mcp.json
    mcpi audit --fix --unsafe-fix pin

Arguments:
  [PATH]...  Files of hosts, projects, or `-` for standard input; default all
             hosts here.

Options:
  -H, --host HOST       Host of the files, or the only one.
  --format FORMAT       text, json, sarif, github, junit or markdown.
                        [default: text]
  --fail-on SEVERITY    low, medium, high, critical or never.  [default:
                        medium]
  --persona WHO         regular, pedantic or auditor.  [default: regular]
  --no-ignores          Don't hear `mcpi-audit.toml`.
  --ignores-from REF    Hear that file as it is at a commit.
  --online              Ask OSV about packages: sends names and versions.
  --diff REF            Only what is new since a commit counts.
  --baseline FILE       Only findings that it lacks count.
  --save-baseline FILE  Write what is found to this file.
  --list-hosts          List every path looked at, and what is there.
  --fix                 Show a diff of safe fixes, ask, and write them.
  --unsafe-fix NAME     Also this fix, which changes what a server may do;
                        repeatable.
  -y, --yes             Answer the question with yes; skips no check.
  -n, --dry-run         Show what would be done; change nothing.
  --json                Print one JSON object on standard output.
  -q, --quiet           Say only what is needed.
  -v, --verbose         Say more.
  -h, --help            Show this message and exit.
""",
                "manifest index": """\
Usage: mcpi manifest index [OPTIONS] [FOLDER]

  Write `index.toml` again, and `registry.toml` that pins it, after a manifest
  was edited.

  A manifest that was edited is printed again, without comments.  The serial
  grows, and the dates begin anew.  Drafts are left out.  No index is asked.

  Examples:
    mcpi manifest index manifests
    mcpi manifest index site --yes

Arguments:
  [FOLDER]  The registry's folder.  [default: manifests]

Options:
  -y, --yes      Answer the question with yes; skips no check.
  --json         Print one JSON object on standard output.
  -q, --quiet    Say only what is needed.
  -v, --verbose  Say more.
  -h, --help     Show this message and exit.
""",
                "adopt": """\
Usage: mcpi adopt [OPTIONS] [NAME]...

  Let servers that hosts fetch at each start be started from verified files
  instead.

  Without names, lists what every host starts, and asks.  An entry keeps its
  name, its place, its arguments and its variables; only what starts it
  changes, after a plan and a question.

  Examples:
    mcpi adopt
    mcpi adopt time --dry-run
    mcpi adopt --all --host cursor

Arguments:
  [NAME]...  Servers as hosts name them; else a list.

Options:
  -H, --host HOST                 Only entries of this; repeatable.
  --all                           Every server that can be adopted.
  --set KEY=VALUE                 Value of an input, or `SERVER.KEY=VALUE`;
                                  repeatable.
  --secret NAME                   Ask for this secret, unseen, and keep it in
                                  the keyring; repeatable.
  --secret-from-env NAME=VARIABLE
                                  Refer to a variable of yours for this
                                  secret; repeatable.
  --python PYTHON                 Interpreter: a path or a version.
  --allow WHAT                    Accept `unreviewed`, `stale`, `yanked` or
                                  `vulnerable`; repeatable.
  -y, --yes                       Answer the question with yes; skips no
                                  check.
  -n, --dry-run                   Show what would be done; change nothing.
  --expect-digest DIGEST          Refuse any plan but this one.
  --offline                       Use only what was downloaded before.
  --json                          Print one JSON object on standard output.
  -q, --quiet                     Say only what is needed.
  -v, --verbose                   Say more.
  -h, --help                      Show this message and exit.
""",
            }
        )[name]
    )


@pytest.mark.parametrize(
    ("alias", "name"),
    [("rm", "uninstall"), ("remove", "uninstall"), ("ls", "list"), ("info", "show")],
)
def test_an_alias_is_the_command_and_is_not_listed(mcpi: Mcpi, alias: str, name: str) -> None:
    assert mcpi(alias, "--help").out == mcpi(name, "--help").out
    assert f"  {alias} " not in mcpi("--help").out


def test_the_ways_back_name_each_other(mcpi: Mcpi) -> None:
    assert "`mcpi undo`" in mcpi("uninstall", "--help").out
    assert "`mcpi uninstall`" in mcpi("undo", "--help").out


def test_commands_that_share_a_word_have_a_help_of_their_own(mcpi: Mcpi) -> None:
    ran = mcpi("policy", "--help")

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == snapshot("""\
Usage: mcpi policy COMMAND [OPTIONS] [ARGUMENTS]

Commands:
  policy show   Show which rules hold here, and whose
  policy check  Check policy files, and servers by them

`mcpi policy show --help` shows the options of one.

Example:
  mcpi policy show
""")
    assert mcpi("policy", "-h") == ran
    assert mcpi("help", "policy") == ran
    shown = [line.split()[:2] for line in mcpi("registry", "--help").out.splitlines()]
    for command in commands.COMMANDS:
        if command.name.startswith("registry "):
            assert command.name.split() in shown


def test_help_before_a_command_is_help_behind_it(mcpi: Mcpi) -> None:
    assert mcpi("help", "install") == mcpi("install", "--help")
    assert mcpi("help", "registry", "add") == mcpi("registry", "add", "--help")
    assert mcpi("help") == mcpi("--help")
    ran = mcpi("help", "instal")
    assert (ran.status, ran.out) == (2, "")
    assert "did you mean `install`" in ran.err
