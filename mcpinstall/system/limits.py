"""Every maximum, with its unit and the reason for it."""

from __future__ import annotations

from typing import Final

MANIFEST_BYTES: Final = 256 * 1024  # bytes; a reviewer reads it whole
SERVER_JSON_BYTES: Final = 256 * 1024  # bytes; the official registry's own are below 64 KiB
TOOLS_BYTES: Final = 4 * 1024 * 1024  # bytes; 46 tools take 60 kB
LOCK_BYTES: Final = 4 * 1024 * 1024  # bytes; 41 packages on all platforms take 125 kB
SIGNATURE_BYTES: Final = 1024 * 1024  # bytes; a bundle has 5 to 60 kB, a trust root 10 kB
PROVENANCE_BYTES: Final = 1024 * 1024  # bytes; an attestation has 5 to 20 kB, a file 1 or 2
ATTESTATIONS_BYTES: Final = 16 * 1024 * 1024  # bytes; 590 wheels of a closure at 10 kB each
SIGNATURES: Final = 16  # signatures of one file; thresholds are 2 or 3
REGISTRY_BYTES: Final = 256 * 1024  # bytes; a page, and 1,000 revocations of 200 bytes
POLICY_BYTES: Final = 256 * 1024  # bytes; some thousand names to deny
PROJECT_POLICIES: Final = 8  # files; one in each folder above would have its say
ADVISORIES_BYTES: Final = 16 * 1024 * 1024  # bytes; those of PyPA's database take 0.7 MB
ADVISORIES_OLD_DAYS: Final = 30  # days after which a file of advisories is said to be old
OSV_SECONDS: Final = 60.0  # seconds for all questions of one audit
OSV_QUERIES: Final = 1000  # packages in one question, the most that the interface takes
OSV_PACKAGES: Final = 10_000  # packages of one audit; 500 servers name 500, 50 managed ones 2,500
OSV_PAGES: Final = 8  # further pages of one question; 430 advisories of one package take one
OSV_DETAILS: Final = 400  # advisories that one audit reads; more are told by their ids alone
OSV_ANSWER_BYTES: Final = 8 * 1024 * 1024  # bytes; 1,000 packages with 20 ids each take 2 MB
OSV_RECORD_BYTES: Final = 4 * 1024 * 1024  # bytes of one record; lists of versions take 200 kB
INDEX_BYTES: Final = 64 * 1024 * 1024  # bytes; `index.toml` at 200 bytes a server
STATE_BYTES: Final = 16 * 1024 * 1024  # bytes; our own receipts and records
HOST_FILE_BYTES: Final = 64 * 1024 * 1024  # bytes; `~/.claude.json` of 10 MB exists
YAML_BYTES: Final = 384 * 1024  # bytes; an edit parses it twice in Python: 0.5 s for 100 kB each
POINTER_BYTES: Final = 8 * 1024  # bytes; a file that holds one path

ARTIFACT_BYTES: Final = 512 * 1024 * 1024  # bytes; the largest wheels with CUDA are near it
ARCHIVE_MEMBERS: Final = 100_000  # members of one archive
ARCHIVE_DIRECTORY: Final = 64 * 1024 * 1024  # bytes of the central directory; 100 a member
ARCHIVE_TEXT: Final = 32 * 1024 * 1024  # bytes of RECORD, METADATA …; 100,000 lines of RECORD
ARCHIVE_UNPACKED: Final = 2 * 1024**3  # bytes of all members together
ARCHIVE_RATIO: Final = 200  # unpacked bytes to one packed byte; below 8 MiB it says nothing
PATH_CHARACTERS: Final = 240  # of a member's path; Windows stops at 260 for the whole path

ACCEPTED_MEMBERS: Final = 1000  # members that one manifest accepts; a person reads each
LOCKED_BYTES: Final = 8 * 1024**3  # bytes of all wheels of a lock; the largest here has 0.8 GB
COMPARED_BYTES: Final = 1024**3  # bytes of wheels that one `manifest diff` fetches and inspects
COMPARED_PAGES: Final = 300  # packages that one `manifest diff` looks up; closures have 20 to 100

REDIRECTS: Final = 3  # hops of one download; an index and its file host need one
INDEX_PAGE_BYTES: Final = 64 * 1024 * 1024  # bytes; the largest simple page is about 30 MB
INDEX_PAGE_FILES: Final = 250_000  # files on one page; 100,000 of them take about 25 MB
INDEX_PAGE_VALUES: Final = 4_000_000  # JSON values of one page; a file takes about 15
CONNECT_SECONDS: Final = 15.0  # seconds until a connection stands
READ_SECONDS: Final = 30.0  # seconds without a byte
DOWNLOAD_SECONDS: Final = 900.0  # seconds for one file, whatever its speed
DOWNLOADS_AT_ONCE: Final = 8  # connections; more gain nothing on the hosts measured
ATTEMPTS: Final = 4  # tries of one request, with back-off
BACK_OFF_SECONDS: Final = 0.5  # seconds before the second try; doubles
LONGEST_PAUSE_SECONDS: Final = 10.0  # seconds; a server may ask for more with `Retry-After`

PROBE_SECONDS: Final = 20.0  # seconds for the whole conversation with a server
PROBE_DISCOVER_SECONDS: Final = 6.0  # seconds of silence that mean an older protocol
PROBE_OUTPUT: Final = 16 * 1024 * 1024  # bytes of standard output; more is a flood
PROBE_LINE: Final = 8 * 1024 * 1024  # bytes of one message; a page of 46 tools takes 60 kB
PROBE_NOISE: Final = 20  # lines on standard output that are no message; banners exist
PROBE_CALLS: Final = 100  # requests of the server to its client that are answered
PROBE_CURSOR: Final = 4096  # characters of the mark that names the next page
PROBE_STDERR: Final = 64 * 1024  # bytes kept of standard error
PROBE_EVIDENCE: Final = 50  # last lines of standard error that a failure shows
PROBE_GRACE_SECONDS: Final = 0.5  # seconds to end by itself after its input was closed
DYING_SERVER_SECONDS: Final = 2.0  # seconds for a server whose mcpinstall has just died
PROBE_SWEEP_SECONDS: Final = 5.0  # seconds to kill and reap what a server started
PROBE_PAGES: Final = 100  # pages of `tools/list`
PROBE_TOOLS: Final = 1000  # tools of one server

REMOTE_HEADER: Final = 4096  # characters of a session id or challenge that are kept
REMOTE_METADATA: Final = 64 * 1024  # bytes; a document of RFC 9728 has a few hundred

CHILD_SECONDS: Final = 300.0  # seconds for uv, compilation and interpreter questions
CHILD_OUTPUT: Final = 8 * 1024 * 1024  # bytes kept of a child's output

HOST_SAVE_SECONDS: Final = 1.0  # seconds that a host may take to save a file in place
HOST_LOCK_SECONDS: Final = 5.0  # seconds to wait for a host's own lock on its file
HOST_LOCK_STALE_SECONDS: Final = 10.0  # seconds after which Cline, too, takes one for dead
LOCK_SECONDS: Final = 60.0  # seconds to wait for another mcpinstall
FOLDER_LOCK_SECONDS: Final = 5.0  # the same where anybody who can list the folder can lock it
PREPARED_SECONDS: Final = 600.0  # seconds that a shown plan stays good
HISTORY_DAYS: Final = 30  # days that a finished change can be taken back

TUF_TARGETS_BYTES: Final = 5_000_000  # bytes; 400 servers in a bin take 60 kB
TUF_RECORD_BYTES: Final = 4 * 1024 * 1024  # bytes; the words of 100,000 servers take 60 kB a part
TUF_ROTATIONS: Final = 256  # new roots at once; one a month for 20 years
TUF_DELEGATIONS: Final = 32  # roles that one name is looked for in
KEY_BYTES: Final = 16 * 1024  # bytes; an encrypted ed25519 key takes 300
