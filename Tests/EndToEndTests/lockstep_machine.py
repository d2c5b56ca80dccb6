"""The state machine on which the model and the service go in lockstep, without its rules."""

import calendar
import math
import time
import urllib.parse
import uuid

from cloakroom import EVIDENCE, error_code, http
from hypothesis.stateful import Bundle, RuleBasedStateMachine
from lockstep_comparison import TOLERANCE, seconds
from lockstep_requests import PERMISSIONS
from reference_model import Model
from reference_values import Caller, Key
from test_api import FILE_ID
from test_quotas import usage

# Requests are not sent closer than this to a moment at which something ends.
DISTANCE = 15

# The sweep begins every 5 seconds.
SWEPT_WITHIN = 20

FILES = Bundle("files")
PAGES = Bundle("pages")


class Machine(RuleBasedStateMachine):
    """Two organizations, the model and the service: who asks, when, and how the answers are compared."""

    server = None
    gateway_secret = None

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
