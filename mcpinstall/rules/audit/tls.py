"""MA402: certificates are not checked.  Options of package installers are MA108's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer, Variable
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.addresses import Reach
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.parts import Option, addresses, environment, options, program
from mcpinstall.rules.audit.rule import Hit, rule
from mcpinstall.rules.audit.secrets import shown

OFF = rule(
    402, "tls-verification-off", Severity.HIGH, "Certificates of servers are not checked", cwe=295
)

_NO = frozenset({"0", "false", "no", "off"})
_OFF_WHEN_NO = re.compile(
    r"(?i)NODE_TLS_REJECT_UNAUTHORIZED|PYTHONHTTPSVERIFY|npm_config_strict_ssl|"
    r"YARN_STRICT_SSL|(?:[A-Z0-9]+_)*(?:SSL_VERIFY|VERIFY_SSL|TLS_VERIFY|VERIFY_TLS)"
)
_OFF_WHEN_YES = re.compile(
    r"(?i)GIT_SSL_NO_VERIFY|(?:[A-Z0-9]+_)*(?:(?:TLS|SSL|INSECURE)_SKIP_VERIFY|"
    r"(?:SKIP|NO|DISABLE|IGNORE)_(?:(?:TLS|SSL)_VERIFY|VERIFY_(?:TLS|SSL)))"
)
_OFF_OPTIONS = frozenset({
    "--insecure", "--no-verify-ssl", "--no-ssl-verify", "--skip-tls-verify", "--tls-no-verify",
    "--insecure-skip-tls-verify", "--insecure-skip-verify", "--no-check-certificate",
    "--unsafely-ignore-certificate-errors",
    "--ignore-certificate-errors", "--ignore-https-errors",
})  # fmt: skip
_OFF_WHEN_FALSE = frozenset({"--ssl-verify", "--verify-ssl", "--tls-verify", "--strict-ssl"})
_PYTHON = frozenset({"uvx", "uv", "python", "python3", "pipx", "pip"})
_NODE = frozenset({"npx", "npm", "node", "bun", "bunx", "pnpm", "yarn", "deno"})


def check(server: AuditedServer, _facts: FileFacts) -> Iterator[Hit]:
    """Yield variables and options that switch the check off, for runtimes that honour them."""
    reaches = {address.reach for _, address in addresses(server)}
    near = Severity.LOW if reaches == {Reach.LOOPBACK} else None
    for variable in environment(server):
        if _is_off(variable) and _honours(server, variable.name):
            yield _hit(variable.value.pointer, variable.name, near)
    for option in options(server):
        if _is_option(option, server):
            yield _hit(option.pointer, option.name, near)


def _hit(pointer: str, name: str, severity: Severity | None) -> Hit:
    return Hit(
        rule=OFF, pointer=pointer, severity=severity,
        message=f"`{shown(name)}` switches off the check of certificates, so anybody on the way can"
        " answer",
        fix="remove it; name the certificate authority instead (`NODE_EXTRA_CA_CERTS`,"
        " `SSL_CERT_FILE`)",
    )  # fmt: skip


def _is_off(variable: Variable) -> bool:
    name, text = variable.name[:256], variable.value.text[:64].strip().lower()
    if _OFF_WHEN_YES.fullmatch(name):
        return bool(text) and text not in _NO
    return _OFF_WHEN_NO.fullmatch(name) is not None and text in _NO


def _honours(server: AuditedServer, name: str) -> bool:
    runner, upper = program(server), name.upper()
    if upper.startswith(("NODE_", "NPM_", "YARN_")):
        return runner not in _PYTHON
    return runner not in _NODE or not upper.startswith("PYTHON")


def _is_option(option: Option, server: AuditedServer) -> bool:
    if option.name == "-k":
        return program(server) == "curl"
    text = option.text[:64].strip().lower()
    if option.name in _OFF_OPTIONS:
        return text not in _NO and not option.is_behind
    return option.name in _OFF_WHEN_FALSE and text in _NO
