"""A client of a server that is killed, which holds every answer to the ledger."""

import collections
import contextlib
import hashlib
import http.client
import json
import random
import time

from killing_urls import STORAGE_HOST, presigned

ANSWER_LIMIT = 30  # seconds

CONTENT_TYPE = "application/octet-stream"


class Broken(Exception):
    """The connection ended before a whole answer had come."""


Answer = collections.namedtuple("Answer", "status content")


class Client:
    """One thread's connections. Every answer is held to what it may be."""

    def __init__(self, server, key, ledger, seed):
        self.ledger = ledger
        self.random = random.Random(seed)
        self.authorization = f"Bearer {key}"
        self.signing_key = server.signing_keys[0]
        self.origins = {
            name: http.client.HTTPConnection(server.urls[name].removeprefix("http://"), timeout=ANSWER_LIMIT)
            for name in ("api", "storage")
        }
        self.sent_at = 0

    def close(self):
        for connection in self.origins.values():
            connection.close()

    def exchange(self, origin, method, target, body, headers):
        connection = self.origins[origin]
        self.sent_at = time.monotonic()
        try:
            # The answer to a body that is refused may be there although the body could not be sent.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, target, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Broken(f"{method} {target.partition('?')[0]}: {error!r}") from error

    def api(self, method, path, body=None, key=None, **headers):
        headers["Authorization"] = self.authorization
        if key:
            headers["Idempotency-Key"] = key
        return self.exchange("api", method, path, body, headers)

    def storage(self, method, url, body=None):
        headers = {} if body is None else {"Content-Type": CONTENT_TYPE}
        return self.exchange("storage", method, url.removeprefix(f"http://{STORAGE_HOST}"), body, headers)

    def holds(self, file, what, answer, statuses):
        """Whether an answer is one that may be."""
        if answer.status in statuses:
            return True
        self.ledger.violation(file, f"{what} got {answer.status} instead of {statuses}: {answer.content[:200]!r}")
        return False

    def name(self, file, answered):
        """Holds a file's id to the one that an answer gave before, if one did."""
        if file.id not in (None, answered):
            self.ledger.violation(file, f"the same request gave {answered}, and {file.id} before")
        file.id = file.id or answered

    def compare(self, file, what, content):
        """Holds bytes that were read to those that were sent."""
        if hashlib.sha256(content).hexdigest() != file.sha256:
            self.ledger.violation(file, f"{what} gave {len(content)} bytes that are not the {file.size} sent")

    # Requests that change something.

    def declare(self, file):
        fields = {"filename": file.name, "content_type": CONTENT_TYPE, "size_bytes": file.size}
        if file.declares_digest:
            fields["sha256"] = file.sha256
        with self.ledger.sending(file, "declare"):
            answer = self.api("POST", "/v1/files/upload", json.dumps(fields), file.key)
            # A deleted file's key still names it.
            if self.holds(file, "declaring", answer, [200]):
                ticket = json.loads(answer.content)
                self.name(file, ticket["file_id"])
                file.upload_url = ticket["upload_url"]

    def renew(self, file):
        """Gets a pending file a fresh upload URL."""
        with self.ledger.sending(file, "renew"):
            answer = self.api("POST", f"/v1/files/{file.id}/upload-url")
            if self.holds(file, "renewing", answer, [200]):
                file.upload_url = json.loads(answer.content)["upload_url"]

    def put(self, file):
        was_deleted = file.is_deleted
        with self.ledger.sending(file, "put"):
            answer = self.storage("PUT", file.upload_url, self.ledger.body(file))
            if self.holds(file, "PUT", answer, file.statuses(200, was_deleted)) and answer.status == 200:
                self.ledger.sealed(file)

    def put_other(self, file):
        """Sends other bytes of the same length to a file that is sealed."""
        was_deleted = file.is_deleted
        body = self.ledger.body(file)
        with self.ledger.sending(file, "put other bytes"):
            answer = self.storage("PUT", file.upload_url, body[:-1] + bytes([body[-1] ^ 1]))
            statuses = file.statuses(400 if file.declares_digest else 409, was_deleted)
            self.holds(file, "PUT of other bytes", answer, statuses)

    def direct(self, file):
        was_deleted = file.is_deleted
        headers = {"Content-Type": CONTENT_TYPE}
        with self.ledger.sending(file, "direct"):
            answer = self.api("POST", f"/v1/files?filename={file.name}", self.ledger.body(file), file.key, **headers)
            if self.holds(file, "direct upload", answer, file.statuses(201, was_deleted)) and answer.status == 201:
                record = json.loads(answer.content)
                self.name(file, record["file_id"])
                if (record["status"], record["sha256"], record["size_bytes"]) != ("ready", file.sha256, file.size):
                    self.ledger.violation(file, f"the direct upload was answered with {record}")
                self.ledger.sealed(file)

    def again(self, file):
        """Repeats the request that has an idempotency key."""
        if file.is_direct:
            self.direct(file)
        else:
            self.declare(file)

    def delete(self, file):
        if file.is_ready and not file.download_url:
            self.mint(file)
        file.deletion_begun = True
        with self.ledger.sending(file, "delete"):
            answer = self.api("DELETE", f"/v1/files/{file.id}")
            if self.holds(file, "DELETE", answer, [204]):
                file.is_deleted = True
                self.ledger.count("deletions")

    # Requests that change nothing.

    def mint(self, file):
        """Gets a ready file's presigned URL."""
        was_deleted = file.is_deleted
        answer = self.api("GET", f"/v1/files/{file.id}/download", Accept="application/json")
        if self.holds(file, "minting", answer, file.statuses(200, was_deleted)) and answer.status == 200:
            file.download_url = json.loads(answer.content)["url"]

    def read(self, file):
        """Downloads a ready file from either origin."""
        if not file.download_url and self.random.random() < 0.5:
            self.mint(file)
        was_deleted, url = file.is_deleted, file.download_url
        if url and self.random.random() < 0.8:
            what, answer = "GET", self.storage("GET", url)
        else:
            what, answer = "the API's download", self.api("GET", f"/v1/files/{file.id}/download")
        if self.holds(file, what, answer, file.statuses(200, was_deleted)) and answer.status == 200:
            self.compare(file, what, answer.content)

    def peek(self, file):
        """Asks for a file that may be pending by a URL that the API would not give out: all of its bytes, or none."""
        was_deleted = file.is_deleted
        answer = self.storage("GET", presigned(self.signing_key, f"/files/{file.id}"))
        statuses = [404] if was_deleted else [200, 404]
        if self.holds(file, "GET before the upload's answer", answer, statuses) and answer.status == 200:
            self.compare(file, "GET before the upload's answer", answer.content)
