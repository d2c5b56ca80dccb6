"""Holds a running server to everything that its store had acknowledged before it was damaged."""

import dataclasses
import datetime
import json

from damage_ledger import without_last_use
from damage_trial import run


@dataclasses.dataclass(frozen=True)
class Loss:
    """Something that is not as it was acknowledged."""

    # The file that it is about, without `file_`; empty for anything else.
    uuid: str
    what: str
    # Wrong bytes that arrived whole are never right, whatever was said.
    are_wrong_bytes: bool = False
    # A URL from before is refused: that is the signing key's matter.
    is_of_url: bool = False

    def __str__(self):
        return f"{self.uuid}: {self.what}" if self.uuid else self.what


class Look:
    """One look at everything."""

    def __init__(self, trial, ledger, storage_first=False):
        self.trial, self.ledger, self.storage_first = trial, ledger, storage_first
        self.losses = []
        self.look()

    def lose(self, file, what, **kind):
        self.losses.append(Loss(file.uuid if file else "", what, **kind))

    def get(self, path):
        return self.trial.api("GET", path, self.ledger.key)

    def look(self):
        self.keys()
        for file in self.ledger.files:
            {"ready": self.ready, "pending": self.pending, "deleted": self.deleted}[file.state](file)
        self.list()
        self.commands()

    def keys(self):
        if (status := self.get("/v1/files").status) != 200:
            self.lose(None, f"the API key gets {status}")
        for key in self.ledger.revoked_keys:
            if (status := self.trial.api("GET", "/v1/files", key).status) != 401:
                self.lose(None, f"a revoked API key gets {status}")

    def record(self, file):
        """Compares what the API says of a file with what it said before."""
        answer = self.get(f"/v1/files/{file.id}")
        if answer.status != 200:
            self.lose(file, f"its record gets {answer.status}")
            return
        record = json.loads(answer.body)
        for field, before in file.record.items():
            if record.get(field) != before and not (field == "uploaded_at" and near(record.get(field), before)):
                self.lose(file, f"{field} is {record.get(field)!r} instead of {before!r}")

    def ready(self, file):
        self.record(file)
        ways = [self.by_api, self.by_url]
        for way in reversed(ways) if self.storage_first else ways:
            way(file)

    def by_api(self, file):
        self.bytes(file, "the API", self.get(f"/v1/files/{file.id}/download"))

    def by_url(self, file):
        answer = self.trial.storage("GET", file.download_url)
        if file.are_urls_revoked:
            if answer.status != 403:
                self.lose(file, f"a revoked URL gets {answer.status}")
        elif answer.status == 403:
            self.lose(file, "its URL gets 403", is_of_url=True)
        else:
            self.bytes(file, "its URL", answer)

    def bytes(self, file, way, answer):
        if answer.status != 200:
            self.lose(file, f"{way} gives {answer.status or 'a broken connection'}")
            return
        if answer.body != file.data:
            self.lose(file, f"{way} gives wrong bytes with 200", are_wrong_bytes=True)
        for name, value in (("ETag", f'"{file.id}"'), ("Content-Type", file.type)):
            if (found := answer.headers.get(name)) != value:
                self.lose(file, f"{way} gives {name}: {found}")

    def pending(self, file):
        self.record(file)
        self.closed(file)

    def deleted(self, file):
        if (status := self.get(f"/v1/files/{file.id}").status) != 404:
            self.lose(file, f"deleted, and its record gets {status}")
        self.closed(file)

    def closed(self, file):
        """A file without bytes that count gives none."""
        if (status := self.get(f"/v1/files/{file.id}/download").status) != 404:
            self.lose(file, f"{file.state}, and the API gives {status}")
        if file.download_url:
            status = self.trial.storage("GET", file.download_url).status
            if status not in (403, 404):
                self.lose(file, f"{file.state}, and its URL gives {status}")

    def list(self):
        answer = self.get("/v1/files?limit=1000")
        if answer.status != 200:
            self.lose(None, f"the list gets {answer.status}")
            return
        found = {file["file_id"] for file in json.loads(answer.body)["files"]}
        expected = {file.id: file for file in self.ledger.files if file.state != "deleted"}
        for missing in expected.keys() - found:
            self.lose(expected[missing], "is not in the list")
        for strange in found - expected.keys():
            self.losses.append(Loss(strange.removeprefix("file_"), "is in the list, and does not belong there"))

    def commands(self):
        code, output, _ = run(self.trial.data_dir, "keys", "list")
        lines = [without_last_use(line) for line in output.splitlines()]
        if code != 0 or sorted(lines) != sorted(self.ledger.keys):
            self.lose(None, f"keys list gives {code} and {lines}")
        code, output, _ = run(self.trial.data_dir, "organizations", "list")
        if code != 0 or sorted(output.splitlines()) != sorted(self.ledger.organizations):
            self.lose(None, f"organizations list gives {code} and {output.splitlines()}")


class Changes(Look):
    """What clients go on doing: repeats, uploads and new files. To be done once, and last."""

    def look(self):
        for key, (body, file_id) in self.ledger.repetitions.items():
            self.repeat(key, body, file_id)
        for file in self.ledger.of("pending"):
            self.upload(file)
        self.add()

    def repeat(self, key, body, file_id):
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        answer = self.trial.api("POST", "/v1/files/upload", self.ledger.key, json.dumps(body), headers)
        found = json.loads(answer.body).get("file_id") if answer.status == 200 else answer.status
        if found != file_id:
            what = f"the request with its Idempotency-Key gives {found}"
            self.losses.append(Loss(file_id.removeprefix("file_"), what))

    def upload(self, file):
        """Sends the bytes that a URL from before waits for, and reads them."""
        answer = self.trial.storage("PUT", file.upload_url, file.data, {"Content-Type": file.type})
        if answer.status != 200:
            self.lose(file, f"its upload gets {answer.status}", is_of_url=answer.status == 403)
        elif (answer := self.get(f"/v1/files/{file.id}/download")).body != file.data:
            self.lose(file, f"sent again, it gives {answer.status} and other bytes")

    def add(self):
        """Uploads something new."""
        body = b"new" * 500
        headers = {"Content-Type": "image/png"}
        answer = self.trial.api("POST", "/v1/files?filename=new.png", self.ledger.key, body, headers)
        if answer.status != 201:
            self.lose(None, f"a new upload gets {answer.status}")
            return
        found = self.get(f"/v1/files/{json.loads(answer.body)['file_id']}/download")
        if found.body != body:
            self.lose(None, f"a new upload gives {found.status} and other bytes")


def near(found, before):
    """Whether two times of upload are at most two seconds apart: a start may take it from the body."""
    if found is None or before is None:
        return False
    times = [datetime.datetime.fromisoformat(text) for text in (found, before)]
    return abs(times[0] - times[1]).total_seconds() <= 2
