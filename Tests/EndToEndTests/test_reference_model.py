"""The real binary in lockstep with its reference model, under random sequences of operations and steps of the clock.

Hypothesis makes up the sequences: each rule below is an operation that is done to the model and to the service, and
whatever the two say differently fails the run. After each step a sample of files is looked at, after each sequence all
of them. Hypothesis then shrinks the sequence: it leaves out steps and simplifies the others while the run still fails,
and prints what is left as a program, with a line `@reproduce_failure(…)`.

- `CLOAKROOM_MODEL_EXAMPLES`: how many sequences; a few by default. `scripts/model` runs a thousand.
- `CLOAKROOM_MODEL_SEED`: the seed of a run. It is printed when a run fails, and repeats the run with the same number
  of examples and version of Hypothesis. What failed last is also kept in `.hypothesis` and tried first.
- The line `@reproduce_failure(…)`, put before `class Lockstep`, repeats the shrunk sequence alone.

One server serves the whole run. Each sequence has organizations of its own, so it does not depend on those before.

The server runs under libfaketime, which reads how far its clock is ahead from a file. Deadlines within the server are
kept on the monotonic clock, which goes on as it is. Without libfaketime or a C compiler the tests are skipped; where a
number of examples was asked for, they fail.
"""

import base64
import calendar
import contextlib
import datetime
import email.utils
import functools
import glob
import hashlib
import math
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time
import unittest.mock
import urllib.parse
import uuid

import hypothesis
import pytest
from cloakroom import EVIDENCE, ROOT, Server, error_code, http
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from reference_model import (
    DAY,
    HOUR,
    MAX_FILE_LIFETIME,
    MAX_SIZE,
    URL_LIFETIME,
    Ask,
    Caller,
    File,
    Key,
    Model,
    Page,
    Sent,
)
from signing import presign
from test_api import FILE_ID, TIME
from test_quotas import set_quotas, usage

SEED = int(os.environ.get("CLOAKROOM_MODEL_SEED") or random.SystemRandom().randrange(2**32))
SETTINGS = hypothesis.settings(
    max_examples=int(os.environ.get("CLOAKROOM_MODEL_EXAMPLES") or 8),
    stateful_step_count=40,
    deadline=None,
    derandomize=False,
    print_blob=True,
    report_multiple_bugs=False,
    phases=[hypothesis.Phase.reuse, hypothesis.Phase.generate, hypothesis.Phase.shrink],
    suppress_health_check=list(hypothesis.HealthCheck),
    database=DirectoryBasedExampleDatabase(ROOT / ".hypothesis/examples"),
)

# A request's time, and what whole seconds hide.
TOLERANCE = 5
# Requests are not sent closer than this to a moment at which something ends.
DISTANCE = 15
RESTARTS = 2
# The sweep begins every 5 seconds.
SWEPT_WITHIN = 20


# The server on its clock

# libfaketime 0.9.10 takes the end of every absolute timer for a time of day and moves it back by as much as the clock
# is ahead. Swift's `Task.sleep` sets such timers on the monotonic clock: they end at once, or, where the result is
# negative, never. So this call goes past libfaketime.
PAST_LIBFAKETIME = """
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

int timerfd_settime(int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value) {
    return syscall(SYS_timerfd_settime, fd, flags, new_value, old_value);
}

/* Swift finds the arguments by what lies before the environment, which libfaketime has moved. */
extern char **environ;

__attribute__((constructor)) static void put_the_environment_back(int argc, char **argv) {
    environ = argv + argc + 1;
}
"""


def preloaded(directory):
    """The libraries that the server is started with; skips where they cannot be had."""
    # Without MT, libfaketime reads its file unsynchronized, and threads see the true time now and then.
    libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    compiler = shutil.which("cc") or shutil.which("clang")
    if not libraries or not compiler:
        reason = "NOT COMPARED WITH THE MODEL: libfaketime (apt install faketime) or a C compiler is missing"
        (pytest.fail if os.environ.get("CLOAKROOM_MODEL_EXAMPLES") else pytest.skip)(reason)
    source, library = directory / "timers.c", directory / "timers.so"
    source.write_text(PAST_LIBFAKETIME)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return f"{library} {libraries[0]}"


def free_port():
    """A port below those that the kernel gives to clients, so that nobody has it after a restart."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


class SteppedServer(Server):
    """A server whose clock is stepped forward while it runs, and whose URLs outlast a restart."""

    def __init__(self, directory):
        self.clock = directory / "clock"
        self.offset = 0
        self.step(0)
        self.environment = {
            "LD_PRELOAD": preloaded(directory),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        # What each kind of request for a missing file was answered with.
        self.not_found = {}
        super().__init__(f"--storage-address=127.0.0.1:{free_port()}")

    def start(self, wait=True):
        with unittest.mock.patch.dict(os.environ, self.environment):
            super().start(wait)

    def stop(self, how=signal.SIGTERM, timeout=20):
        code = super().stop(how, timeout)
        self.log.seek(0)
        self.log.truncate()
        for name in ("faketime_shm", "sem.faketime_sem"):
            pathlib.Path(f"/dev/shm/{name}_{self.process.pid}").unlink(missing_ok=True)
        return code

    def now(self):
        return time.time() + self.offset

    def step(self, seconds):
        """Sets the clock forward by whole seconds, for every request from now on."""
        self.offset += seconds
        new = self.clock.with_suffix(".new")
        new.write_text(f"+{self.offset}\n")
        new.replace(self.clock)


# What is sent

NAMES = [
    ("photo.png", "image/png"), ("sound.mp3", "audio/mpeg"), ("page", "text/html"), ("x", "application/octet-stream"),
]  # fmt: skip
DISPOSITIONS = {"image/png": "inline", "audio/mpeg": "inline", "text/html": "attachment"}
SIZES = [1, 5, 1_000, 65_536, 65_537, 200_000]
LIFETIMES = [None, None, None, None, 100, 1_000, 5_000, 40_000, 100_000]
STEPS = [1, 5, 5, 40, 40, 300, 300, 1_000, 1_500, 3_700, 7_500, 30_000, 25 * HOUR]
IDEMPOTENCY_KEYS = [None, "one", "two", "three"]
UNKNOWN = File(None, {}, 0, id="file_f47ac10b-58cc-4372-a567-0e02b2c3d479")
FLIPPED = bytes(255 - byte for byte in range(256))


@functools.cache
def body(size, is_other=False):
    data = random.Random(size).randbytes(size)
    return data.translate(FLIPPED) if is_other else data


def declaration(name, size, has_digest, lifetime):
    declared = {"filename": name[0], "content_type": name[1], "size_bytes": size}
    if has_digest:
        declared["sha256"] = hashlib.sha256(body(size)).hexdigest()
    return declared if lifetime is None else {**declared, "expires_after_seconds": lifetime}


def of_direct_upload(declared):
    """The part of a declaration that an upload in one request has."""
    return {name: value for name, value in declared.items() if name not in ("size_bytes", "sha256")}


# An upload to a file's URL, as it was declared but for what is said.
UPLOADS = {
    "as declared": lambda right, other, kind: Sent(right, kind),
    "chunked": lambda right, other, kind: Sent(right, kind, is_chunked=True),
    "with a charset": lambda right, other, kind: Sent(right, kind + "; charset=utf-8"),
    "if it is new": lambda right, other, kind: Sent(right, kind, only_if_new=True),
    "with its checksum": lambda right, other, kind: Sent(right, kind, checksum="right"),
    "with another checksum": lambda right, other, kind: Sent(right, kind, checksum="wrong"),
    "with a malformed checksum": lambda right, other, kind: Sent(right, kind, checksum="malformed"),
    "other bytes": lambda right, other, kind: Sent(other, kind),
    "other bytes, chunked": lambda right, other, kind: Sent(other, kind, is_chunked=True),
    "another type": lambda right, other, kind: Sent(right, "image/gif"),
    "too short": lambda right, other, kind: Sent(right[:-1], kind),
    "too long": lambda right, other, kind: Sent(right + b"x", kind),
    "too long, chunked": lambda right, other, kind: Sent(right + b"x", kind, is_chunked=True),
}

# Values that a declaration cannot have, or not with every name.
ODD = [
    ("filename", None), ("filename", ""), ("filename", "x" * 256), ("filename", "a/b"), ("filename", "a\\b"),
    ("filename", "a\nb"), ("content_type", None), ("content_type", "png"), ("content_type", "foo/bar"),
    ("content_type", "image/"), ("content_type", "image/jpeg"), ("expires_after_seconds", 0),
    ("expires_after_seconds", -1), ("expires_after_seconds", 1.5), ("expires_after_seconds", MAX_FILE_LIFETIME + 1),
]  # fmt: skip
ODD_IN_JSON = ODD + [
    ("filename", 1), ("size_bytes", 0), ("size_bytes", -1), ("size_bytes", 1.5), ("size_bytes", "1"),
    ("size_bytes", True), ("size_bytes", MAX_SIZE + 1), ("sha256", "abc"), ("sha256", 5),
    ("expires_after_seconds", "60"), ("expires_after_seconds", True),
]  # fmt: skip

RANGES = [
    None, None, "bytes=0-0", "bytes=2-9", "bytes=4-", "bytes=-3", "bytes=-0", "bytes=0-999999999",
    "bytes=999999999-", "bytes=9-2", "bytes=0-1,3-4", "items=0-1",
]  # fmt: skip
CONDITIONS = [
    (None, None), (None, None), ("If-None-Match", "own"), ("If-None-Match", "weak"), ("If-None-Match", "any"),
    ("If-None-Match", "other"), ("If-Match", "own"), ("If-Match", "any"), ("If-Match", "weak"), ("If-Match", "other"),
    ("If-Range", "own"), ("If-Range", "other"),
]  # fmt: skip

ORGANIZATIONS = st.sampled_from([0, 1])
PERMISSIONS = {
    "owner": ["files:read", "files:write"], "reader": ["files:read"], "writer": ["files:write"],
    "manager": ["keys:manage"],
}  # fmt: skip
# Seen from the organization that a request is about.
ANYBODY = [*PERMISSIONS, "former", "stranger", "gateway", "other gateway", "lost gateway", "trespasser", "nobody"]
WHO = st.sampled_from(["owner"] * 14 + ANYBODY)
WHO_RESOLVES = st.sampled_from(["lost gateway"] * 14 + ANYBODY)
WHO_MANAGES = st.sampled_from(["gateway"] * 7 + ANYBODY)
DECLARATIONS = st.builds(
    declaration, st.sampled_from(NAMES), st.sampled_from(SIZES), st.booleans(), st.sampled_from(LIFETIMES)
)
ASKS = st.builds(lambda text, on: Ask(text, *on), st.sampled_from(RANGES), st.sampled_from(CONDITIONS))
NTH = st.integers(0, 5)  # counted from the newest
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "limit": st.sampled_from([1, 2, 3, 1_000, 0, 1_001]),
        "status": st.sampled_from(["ready", "pending", "ready", "pending", "old"]),
        "content_type": st.sampled_from(["image/*", "audio/mpeg", "text/*", "*/png"]),
    },
)
BAD_CURSOR = "x"


def nth(values, number):
    return values[-1 - number % len(values)]


# What is compared


def seconds(text):
    assert TIME.fullmatch(text), text
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def check_time(text, moment):
    assert (text is None) == (moment is None), (text, moment)
    assert text is None or abs(seconds(text) - moment) <= TOLERANCE, (text, moment)


def check_record(record, file):
    """A file as the API shows it."""
    digest = None if file.data is None else hashlib.sha256(file.data).hexdigest()
    expected = {
        "file_id": file.id,
        "filename": file.declared["filename"],
        "content_type": file.content_type,
        "size_bytes": file.size,
        "status": file.status,
        "sha256": digest,
    }
    assert set(record) == {*expected, "created_at", "uploaded_at", "expires_at"}
    assert {name: record[name] for name in expected} == expected
    check_time(record["created_at"], file.created_at)
    check_time(record["uploaded_at"], file.uploaded_at)
    check_time(record["expires_at"], file.shown_end)
    if file.data is not None and record["expires_at"]:
        assert seconds(record["expires_at"]) - seconds(record["created_at"]) == file.lifetime


def tag(file, which):
    own = f'"{file.id}"'
    return {"own": own, "weak": "W/" + own, "other": '"other"', "any": "*"}[which]


def conditions(file, ask):
    headers = {} if ask.range is None else {"Range": ask.range}
    return headers if ask.condition is None else {**headers, ask.condition: tag(file, ask.tag)}


def check_bytes(response, answer, is_head):
    """The bytes of a file, or why there are none."""
    if response.status_code == 416:
        assert response.headers["Content-Range"] == f"bytes */{answer.file.size}"
    if response.status_code >= 400:
        return
    assert response.headers["ETag"] == tag(answer.file, "own")
    if response.status_code == 304:
        assert response.content == b""
        return
    assert response.headers["Content-Type"] == answer.file.content_type
    assert response.headers["Content-Length"] == str(len(answer.data))
    assert response.content == (b"" if is_head else answer.data)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    if answer.part:
        assert response.headers["Content-Range"] == "bytes {}-{}/{}".format(*answer.part, answer.file.size)


def send_bytes(method, url, sent, headers=None, **options):
    """Sends bytes, with what is said about them."""
    headers = dict(headers or {})
    if sent.content_type is not None:
        headers["Content-Type"] = sent.content_type
    if sent.only_if_new:
        headers["If-None-Match"] = "*"
    if sent.checksum:
        data = sent.data if sent.checksum == "right" else sent.data + b"x"
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        headers["x-amz-checksum-sha256"] = "abc" if sent.checksum == "malformed" else digest
    data = sent.data
    if sent.is_chunked:
        data = (sent.data[start : start + 10_000] for start in range(0, len(sent.data), 10_000))
    return http(method, url, data=data, headers=headers, **options)


class Lockstep(RuleBasedStateMachine):
    """Two organizations, the model and the service."""

    server = None
    gateway_secret = None
    files = Bundle("files")
    pages = Bundle("pages")

    def __init__(self):
        super().__init__()
        if self.server.process.poll() is not None:
            self.server.start()
        self.model = Model(self.server.now())
        self.names = [f"model-{uuid.uuid4().hex}" for _ in range(2)]
        permissions = frozenset(permission for group in PERMISSIONS.values() for permission in group)
        self.gateway = Key(None, permissions, secret=self.gateway_secret)
        self.keys = {(name, role): self.key(name, PERMISSIONS[role]) for name in self.names for role in PERMISSIONS}
        self.former = {}
        self.keyed = []
        self.restarts = 0
        self.looked = 0
        self.agrees = True

    def key(self, organization, permissions):
        caller = Caller(self.gateway, organization)
        response = self.api("POST", "/v1/keys", caller, json={"permissions": permissions})
        assert response.status_code == 201, response.text
        key = Key(organization, frozenset(permissions))
        self.fill(key, response.json())
        self.model.keys.append(key)
        return key

    def fill(self, key, shown):
        EVIDENCE.secret(shown["key"])
        assert set(shown["permissions"]) == key.permissions
        key.id, key.secret = shown["key_id"], shown["key"]

    # Who and when

    def caller(self, who, organization):
        other = self.names[1 - self.names.index(organization)]
        if who in PERMISSIONS:
            return Caller(self.keys[organization, who])
        return {
            "former": Caller(self.former.get(organization)),
            "stranger": Caller(self.keys[other, "owner"]),
            "gateway": Caller(self.gateway, organization),
            "other gateway": Caller(self.gateway, other),
            "lost gateway": Caller(self.gateway),
            "trespasser": Caller(self.keys[organization, "owner"], other),
            "nobody": Caller(None),
        }[who]

    def model_now(self):
        """The model at this moment, and well away from all at which something ends."""
        self.agrees = False
        now = self.server.now()
        self.advance(self.model.clear(now, before=DISTANCE) - now)
        return self.model

    def advance(self, seconds):
        if seconds > 0:
            self.server.step(math.ceil(seconds))
        gone = self.model.at(self.server.now())
        # What ends is gone at once. Its room is free, and an abandoned file gone, when it has been swept up.
        for organization in {file.organization for file in gone}:
            deadline = time.monotonic() + SWEPT_WITHIN
            while (used := usage(self.server, organization)) != self.model.usage(organization):
                assert time.monotonic() < deadline, (used, self.model.usage(organization))
                time.sleep(0.1)

    # Requests and answers

    def headers(self, caller):
        headers = {} if caller.key is None else {"Authorization": f"Bearer {caller.key.secret}"}
        return headers if caller.naming is None else {**headers, "X-Organization-ID": caller.naming}

    def api(self, method, path, caller, headers=None, **options):
        headers = {**self.headers(caller), **(headers or {})}
        return http(method, self.server.api + path, headers=headers, allow_redirects=False, **options)

    def expect(self, answer, response):
        """Holds a response to an answer; returns an error's details."""
        method, url = response.request.method, urllib.parse.urlsplit(response.request.url)
        request = f"{method} {url.path}"
        is_api = response.request.url.startswith(self.server.api)
        code, error = None, None
        if response.status_code >= 400 and method != "HEAD":
            error = response.json()["error"] if is_api else None
            code = error["code"] if is_api else error_code(response)
        if method == "HEAD":
            assert response.status_code in [status for status, _ in answer.outcomes], (request, answer.outcomes)
        else:
            log = self.server.logged()[-2_000:] if response.status_code >= 500 else ""
            got = (response.status_code, code)
            assert got in answer.outcomes, f"{request} got {got}, promised is {answer.outcomes}; {response.text} {log}"
        if error is None:
            return None
        assert error["request_id"] == response.headers["X-Request-ID"]
        if answer.fields is not None and code == "INPUT_VALIDATION_ERROR":
            assert {field["field"] for field in error["details"]["fields"]} == answer.fields
        if answer.details is not None:
            assert error["details"] in answer.details
        if code == "FILE_NOT_FOUND" and answer.files is None:
            template = FILE_ID.sub("{id}", request)
            error = {**error, "request_id": None}
            assert error == self.server.not_found.setdefault(template, error), "answers for missing files differ"
        return error["details"]

    def check_name(self, file, file_id):
        if file.id is None:
            assert FILE_ID.fullmatch(file_id) and file_id not in [known.id for known in self.model.files]
            file.id = file_id
        assert file_id == file.id

    def check_url(self, url, address, expires_at, bucket):
        """Holds a fresh URL to what it says of itself, and takes its address over."""
        EVIDENCE.signature_of(address)
        parts = urllib.parse.urlsplit(address)
        query = dict(urllib.parse.parse_qsl(parts.query))
        assert address.startswith(f"{self.server.storage}/{bucket}/{url.file.id}?")
        date = calendar.timegm(time.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        end = date + int(query["X-Amz-Expires"])
        assert expires_at is None or seconds(expires_at) == end
        # How long a URL of a file that is gone lives makes no difference.
        assert url.file.gone or abs(end - url.ends_at) <= TOLERANCE, (end, url.ends_at)
        url.address, url.ends_at = address, end

    def check_ticket(self, ticket, answer):
        file, url = answer.file, answer.url
        self.check_name(file, ticket["file_id"])
        assert set(ticket) == {"file_id", "upload_url", "expires_at", "method", "headers"}
        assert (ticket["method"], ticket["headers"]) == ("PUT", {"Content-Type": file.content_type})
        self.check_url(url, ticket["upload_url"], ticket["expires_at"], "uploads")
        file.upload_ends_at = url.ends_at

    # Uploads

    def declare_as(self, caller, declared, key):
        answer = self.model_now().declare(caller, declared, key)
        if answer is None:
            return multiple()
        headers = {} if key is None else {"Idempotency-Key": key}
        response = self.api("POST", "/v1/files/upload", caller, headers, json=declared)
        self.expect(answer, response)
        if not response.ok:
            return multiple()
        is_new = answer.file.id is None
        self.check_ticket(response.json(), answer)
        if not is_new:
            return multiple()
        if key is not None:
            self.keyed.append((caller, declared, None, key))
        return answer.file

    def send_as(self, caller, declared, sent, key):
        answer = self.model_now().direct(caller, declared, sent, key)
        if answer is None:
            return multiple()
        query = {name: declared[name] for name in ("filename", "expires_after_seconds") if name in declared}
        headers = self.headers(caller) | ({} if key is None else {"Idempotency-Key": key})
        response = send_bytes("POST", self.server.api + "/v1/files", sent, headers, params=query)
        self.expect(answer, response)
        if not response.ok:
            return multiple()
        is_new = answer.file.id is None
        self.check_name(answer.file, response.json()["file_id"])
        check_record(response.json(), answer.file)
        assert response.headers["Location"] == f"/v1/files/{answer.file.id}"
        if not is_new:
            return multiple()
        if key is not None:
            self.keyed.append((caller, declared, sent, key))
        return answer.file

    @initialize(target=files, declared=DECLARATIONS)
    def begin(self, declared):
        return self.upload(0, declared)

    @rule(target=files, organization=ORGANIZATIONS, declared=DECLARATIONS)
    def upload(self, organization, declared):
        """Declares a file and sends it, which makes it ready where nothing stands against it."""
        file = self.declare_as(self.caller("owner", self.names[organization]), declared, None)
        if isinstance(file, File):
            self.put(file, 0, False, "as declared")
        return file

    @rule(
        target=files, organization=ORGANIZATIONS, who=WHO, declared=DECLARATIONS,
        key=st.sampled_from(IDEMPOTENCY_KEYS),
    )  # fmt: skip
    def declare(self, organization, who, declared, key):
        caller = self.caller(who, self.names[organization])
        return self.declare_as(caller, declared, key)

    @rule(
        target=files, organization=ORGANIZATIONS, who=WHO, declared=DECLARATIONS, key=st.sampled_from(IDEMPOTENCY_KEYS),
        is_other=st.booleans(), is_chunked=st.booleans(), checksum=st.sampled_from([None, None, "right", "wrong"]),
    )  # fmt: skip
    def send(self, organization, who, declared, key, is_other, is_chunked, checksum):
        caller = self.caller(who, self.names[organization])
        # Whether a wrong checksum or a used key is told first is nobody's promise.
        key = None if checksum == "wrong" else key
        data = body(declared["size_bytes"], is_other)
        sent = Sent(data, declared["content_type"], is_chunked, checksum)
        return self.send_as(caller, of_direct_upload(declared), sent, key)

    @precondition(lambda self: self.keyed)
    @rule(
        target=files, number=NTH, change=st.sampled_from(["nothing", "nothing", "the name", "the life", "the route"])
    )
    def repeat(self, number, change):
        caller, declared, sent, key = nth(self.keyed, number)
        if change == "the name":
            declared = {**declared, "filename": "other"}
        elif change == "the life":
            declared = {**declared, "expires_after_seconds": MAX_FILE_LIFETIME}
        if (sent is None) == (change != "the route"):
            if sent is not None:
                declared = {**declared, "size_bytes": len(sent.data)}
            return self.declare_as(caller, declared, key)
        sent = sent or Sent(body(declared["size_bytes"]), declared["content_type"])
        return self.send_as(caller, of_direct_upload(declared), sent, key)

    @rule(
        target=files, declared=DECLARATIONS, odd=st.lists(st.sampled_from(ODD_IN_JSON), min_size=1, max_size=4),
        key=st.sampled_from([None, "x" * 256]),
    )  # fmt: skip
    def declare_oddly(self, declared, odd, key):
        return self.declare_as(self.caller("owner", self.names[0]), {**declared, **dict(odd)}, key)

    @rule(target=files, declared=DECLARATIONS, odd=st.lists(st.sampled_from(ODD), max_size=3))
    def send_oddly(self, declared, odd):
        declared = {**of_direct_upload(declared), **dict(odd)}
        sent = Sent(b"bytes" if odd else b"", declared["content_type"])
        return self.send_as(self.caller("owner", self.names[0]), declared, sent, None)

    @rule(file=files, who=WHO)
    def renew(self, file, who):
        caller = self.caller(who, file.organization)
        answer = self.model_now().renew(caller, file)
        response = self.api("POST", f"/v1/files/{file.id}/upload-url", caller)
        self.expect(answer, response)
        if response.ok:
            self.check_ticket(response.json(), answer)

    @rule(
        file=files, number=NTH, is_fresh=st.booleans(),
        how=st.sampled_from(["as declared"] * 7 + list(UPLOADS)),
    )  # fmt: skip
    def put(self, file, number, is_fresh, how):
        if is_fresh or not file.uploads:
            number = 0
            self.renew(file, "owner")
            if not file.uploads:
                return
        right = file.data or body(file.size)
        sent = UPLOADS[how](right, right.translate(FLIPPED), file.content_type)
        url = nth(file.uploads, number)
        answer = self.model_now().put(url, sent)
        response = send_bytes("PUT", url.address, sent)
        self.expect(answer, response)
        if response.ok:
            digest = base64.b64encode(hashlib.sha256(sent.data).digest()).decode()
            assert (response.content, response.headers["ETag"]) == (b"", tag(file, "own"))
            assert response.headers["x-amz-checksum-sha256"] == digest

    # Downloads

    @rule(file=files, who=WHO, form=st.sampled_from(["url", "redirect"]))
    def ask_for_url(self, file, who, form):
        caller = self.caller(who, file.organization)
        answer = self.model_now().download(caller, file, form)
        query, accept = ("?redirect=true", "*/*") if form == "redirect" else ("", "application/json")
        response = self.api("GET", f"/v1/files/{file.id}/download{query}", caller, {"Accept": accept})
        self.expect(answer, response)
        if response.status_code == 307:
            self.check_url(answer.url, response.headers["Location"], None, "files")
        elif response.ok:
            ticket = response.json()
            assert set(ticket) == {"url", "expires_at", "content_type", "size_bytes"}
            assert (ticket["content_type"], ticket["size_bytes"]) == (file.content_type, file.size)
            self.check_url(answer.url, ticket["url"], ticket["expires_at"], "files")

    @rule(file=files)
    def sign(self, file):
        """A URL that botocore signs: also for a file that is pending or gone."""
        now = self.model_now().now
        if file.revoked_at > now - TOLERANCE:
            self.advance(TOLERANCE)
        url = self.model_now().sign(file)
        at = datetime.datetime.fromtimestamp(int(self.model.now), datetime.timezone.utc)
        url.address = presign(self.server, "GET", f"/files/{file.id}", at=at, expires=URL_LIFETIME)
        url.ends_at = int(self.model.now) + URL_LIFETIME
        self.fetch(file, 0, False, Ask(), False)

    @rule(file=files, number=NTH, is_fresh=st.booleans(), ask=ASKS, is_head=st.booleans())
    def fetch(self, file, number, is_fresh, ask, is_head):
        if is_fresh or not file.downloads:
            number = 0
            self.ask_for_url(file, "owner", "url")
            if not file.downloads:
                return
        url = nth(file.downloads, number)
        answer = self.model_now().get(url, ask)
        answer.file = file
        response = http("HEAD" if is_head else "GET", url.address, headers=conditions(file, ask))
        self.expect(answer, response)
        check_bytes(response, answer, is_head)
        if response.status_code in (200, 206):
            cache, _, rest = response.headers["Cache-Control"].rpartition("=")
            assert cache == "private, max-age" and abs(int(rest) - (url.ends_at - self.model.now)) <= TOLERANCE
            kind, _, name = response.headers["Content-Disposition"].partition("; ")
            assert name == f'filename="{file.declared["filename"]}"'
            assert DISPOSITIONS.get(file.content_type, kind) == kind

    @rule(file=files, who=WHO, ask=ASKS, is_head=st.booleans())
    def read(self, file, who, ask, is_head):
        caller = self.caller(who, file.organization)
        answer = self.model_now().download(caller, file, "bytes", ask)
        answer.file = file
        method, headers = "HEAD" if is_head else "GET", conditions(file, ask)
        response = self.api(method, f"/v1/files/{file.id}/download", caller, headers)
        self.expect(answer, response)
        check_bytes(response, answer, is_head)

    # Files

    @rule(file=files, who=WHO)
    def show(self, file, who):
        caller = self.caller(who, file.organization)
        answer = self.model_now().show(caller, file)
        response = self.api("GET", f"/v1/files/{file.id}", caller)
        self.expect(answer, response)
        if response.ok:
            check_record(response.json(), file)

    @rule(file=files, who=WHO)
    def delete(self, file, who):
        caller = self.caller(who, file.organization)
        answer = self.model_now().delete(caller, file)
        self.expect(answer, self.api("DELETE", f"/v1/files/{file.id}", caller))

    @rule(file=files, who=WHO)
    def revoke(self, file, who):
        caller = self.caller(who, file.organization)
        answer = self.model_now().revoke(caller, file)
        self.expect(answer, self.api("POST", f"/v1/files/{file.id}/revoke-urls", caller))

    @rule(who=WHO)
    def miss(self, who):
        """A file that never was is missing like any other, for every operation."""
        caller = self.caller(who, self.names[0])
        path = f"/v1/files/{UNKNOWN.id}"
        model = self.model_now()
        self.expect(model.show(caller, UNKNOWN), self.api("GET", path, caller))
        self.expect(model.download(caller, UNKNOWN, "bytes"), self.api("GET", path + "/download", caller))
        self.expect(model.delete(caller, UNKNOWN), self.api("DELETE", path, caller))
        self.expect(model.renew(caller, UNKNOWN), self.api("POST", path + "/upload-url", caller))
        self.expect(model.revoke(caller, UNKNOWN), self.api("POST", path + "/revoke-urls", caller))

    def list_as(self, caller, organization, query, page=None):
        """Reads a page and returns it, if there is a next one; and the files on it."""
        answer = self.model_now().list_files(caller, query, page)
        sent = query if page is None else {**query, "cursor": page.cursor}
        response = self.api("GET", "/v1/files", caller, params=sent)
        self.expect(answer, response)
        if not response.ok:
            return None, []
        listed = response.json()
        assert set(listed) == {"files", "next_cursor"}
        assert [record["file_id"] for record in listed["files"]] == [file.id for file in answer.files]
        for record, file in zip(listed["files"], answer.files):
            check_record(record, file)
        cursor = listed["next_cursor"]
        assert answer.has_more in (None, cursor is not None), (answer.has_more, cursor)
        return cursor and Page(organization, query, answer.files[-1], cursor), answer.files

    @rule(target=pages, organization=ORGANIZATIONS, who=WHO, query=QUERIES, has_bad_cursor=st.integers(0, 9))
    def list_files(self, organization, who, query, has_bad_cursor):
        query = {**query, "cursor": BAD_CURSOR} if has_bad_cursor == 9 else query
        caller = self.caller(who, self.names[organization])
        page, _ = self.list_as(caller, caller.naming or (caller.key and caller.key.organization), query)
        return multiple() if page is None else page

    @rule(target=pages, page=pages)
    def next_page(self, page):
        page, _ = self.list_as(self.caller("owner", page.organization), page.organization, page.query, page)
        return multiple() if page is None else page

    @rule(
        file=files, more=st.lists(files, max_size=3), who=WHO_RESOLVES, has_unknown=st.integers(0, 4),
        accept=st.sampled_from([None, None, ["image/*"], ["audio/mpeg", "text/*"], ["*/*"]]),
        route=st.sampled_from(["files", "inputs"]),
    )  # fmt: skip
    def resolve(self, file, more, who, has_unknown, accept, route):
        organization = file.organization
        files = list(dict.fromkeys([file, *more, *([UNKNOWN] if has_unknown == 4 else [])]))
        ids = [file.id for file in files]
        pointers = {file_id: [f"/images/{index}"] for index, file_id in enumerate(ids)}
        request = {"organization_id": organization}
        if route == "files":
            request |= {"file_ids": ids} | ({"accept": accept} if accept else {})
        else:
            request |= {"input": {"prompt": "blue", "images": ids}} | ({"accept": {"": accept}} if accept else {})
        caller = self.caller(who, organization)
        answer = self.model_now().resolve(caller, organization, files, accept)
        response = self.api("POST", f"/v1/{route}/resolve", caller, json=request)
        details = self.expect(answer, response)
        concerned = [file.id for file in answer.files or []]
        if response.status_code == 404:
            expected = {"file_ids": concerned}
            if route == "inputs":
                expected["files"] = [{"file_id": text, "pointers": pointers[text]} for text in concerned]
            assert details == expected
        elif response.status_code == 422:
            expected = [{"file_id": file.id, "content_type": file.content_type} for file in answer.files]
            if route == "inputs":
                expected = [{**file, "pointers": pointers[file["file_id"]], "accept": accept} for file in expected]
            assert details["files"] == expected
        elif response.ok:
            self.check_resolved(response.json(), answer, pointers if route == "inputs" else None)

    def check_resolved(self, resolved, answer, pointers):
        assert list(resolved["files"]) == [file.id for file in answer.files]
        for url in answer.urls:
            file, shown = url.file, resolved["files"][url.file.id]
            self.check_url(url, shown["url"], shown["expires_at"], "files")
            expected = {name: shown[name] for name in ("url", "expires_at")} | {
                "filename": file.declared["filename"],
                "content_type": file.content_type,
                "size_bytes": file.size,
                "sha256": hashlib.sha256(file.data).hexdigest(),
            }
            assert shown == (expected if pointers is None else {**expected, "pointers": pointers[file.id]})
        if pointers is not None:
            assert resolved["input"] == {"prompt": "blue", "images": [url.address for url in answer.urls]}

    # Organizations, keys, time and the process

    @rule(
        organization=ORGANIZATIONS,
        files_left=st.sampled_from([None, None, None, 4, 1, 0, -1]),
        bytes_left=st.sampled_from([None, None, None, 300_000, 1_000, 0, -1]),
        lifetime=st.sampled_from([None, None, None, 2_000, 50_000]),
    )
    def limit(self, organization, files_left, bytes_left, lifetime):
        """Sets an organization's quota and the life of its files, as an operator does."""
        name = self.names[organization]
        used = self.model_now().usage(name)
        left = (files_left, bytes_left)
        limits = tuple(None if more is None else max(0, now + more) for now, more in zip(used, left))
        options = zip(("--max-files", "--max-bytes", "--expires-after-seconds"), (*limits, lifetime))
        texts = [part for option, limit in options for part in (option, "none" if limit is None else str(limit))]
        set_quotas(self.server, name, *texts)
        self.model.quotas[name], self.model.lifetimes[name] = limits, lifetime

    @rule(
        organization=ORGANIZATIONS, who=WHO_MANAGES, role=st.sampled_from(["reader", "writer"]),
        grace=st.sampled_from([0, 600, 5_000, DAY]),
    )  # fmt: skip
    def rotate(self, organization, who, role, grace):
        name = self.names[organization]
        caller, key = self.caller(who, name), self.keys[name, role]
        answer = self.model_now().rotate(caller, key, grace)
        path = f"/v1/keys/{key.id}/rotate"
        response = self.api("POST", path, caller, json={"grace_period_seconds": grace})
        self.expect(answer, response)
        if response.ok:
            self.fill(answer.key, response.json())
            self.former[name], self.keys[name, role] = key, answer.key

    @rule(seconds=st.sampled_from(STEPS))
    def step(self, seconds):
        now = self.model_now().now
        self.advance(self.model.clear(now + seconds) - now)

    @precondition(lambda self: self.restarts < RESTARTS)
    @rule(how=st.sampled_from([signal.SIGTERM, signal.SIGKILL]))
    def restart(self, how):
        self.restarts += 1
        code = self.server.stop(how)
        self.server.start()
        assert code == (0 if how == signal.SIGTERM else -signal.SIGKILL)

    # The two views

    @invariant()
    def a_sample_agrees(self):
        """The newest file and another are shown as the model has them."""
        self.looked += 1
        if self.model.files:
            for file in {self.model.files[-1], nth(self.model.files, self.looked)}:
                self.show(file, "owner")
        self.agrees = True

    def everything_agrees(self):
        for name in self.names:
            owner = self.caller("owner", name)
            page, listed = self.list_as(owner, name, {"limit": 3})
            while page:
                page, more = self.list_as(owner, name, {"limit": 3}, page)
                listed = listed + more
            assert listed == self.model_now().live(name)[::-1]
            assert usage(self.server, name) == self.model.usage(name)
        for file in self.model.files:
            self.show(file, "owner")
            self.read(file, "owner", Ask(), False)
            for number in range(min(3, len(file.downloads))):
                self.fetch(file, number, False, Ask(), number > 0)

    def teardown(self):
        # After a difference there is no other to look for.
        if self.agrees:
            self.everything_agrees()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with SteppedServer(tmp_path_factory.mktemp("stepped")) as server:
        yield server


@pytest.fixture(scope="module")
def machine(server):
    permissions = [permission for group in PERMISSIONS.values() for permission in group]
    secret = server.key("", *dict.fromkeys(permissions), gateway=True)
    return type("Lockstep", (Lockstep,), {"server": server, "gateway_secret": secret})


@pytest.mark.parametrize("seconds", [0, 1, HOUR, 25 * HOUR])
def test_the_clock_can_be_stepped(server, seconds):
    server.step(seconds)
    response = http("OPTIONS", server.storage + "/files/x")
    assert abs(email.utils.parsedate_to_datetime(response.headers["Date"]).timestamp() - server.now()) <= TOLERANCE
    # What sleeps in the server still wakes up: this answer waits for 2 ms.
    assert server.client().get("/v1/files/file_x").status_code == 404


DIFFERENCES = {
    "deleted": lambda file: setattr(file, "gone", "deleted"),
    "other bytes": lambda file: setattr(file, "data", file.data.translate(FLIPPED)),
    "earlier": lambda file: setattr(file, "created_at", file.created_at - 60),
    "a revoked URL": lambda file: setattr(file.downloads[0], "is_revoked", True),
    "another name": lambda file: file.declared.update(filename="other"),
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_difference_is_noticed(machine, difference):
    state = machine()
    file = state.begin(declared=declaration(NAMES[0], 1_000, True, None))
    state.ask_for_url(file=file, who="owner", form="url")
    state.everything_agrees()
    DIFFERENCES[difference](file)
    with pytest.raises(AssertionError):
        state.everything_agrees()


def test_the_service_agrees_with_its_model(machine):
    print(f"CLOAKROOM_MODEL_SEED={SEED}")
    run_state_machine_as_test(hypothesis.seed(SEED)(machine), settings=SETTINGS)
