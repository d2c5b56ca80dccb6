"""What has to be true of a server that was killed and started again."""

import json

from killing_client import Broken
from killing_ledger import PACKED
from killing_urls import presigned

SAMPLE = 200  # files that no request of the round was about


class Check:
    """Holds a server that was just started to the ledger, and finds out what became of what was under way."""

    def __init__(self, ledger, everything):
        self.ledger = ledger
        self.everything = everything
        self.records = {}

    def read_list(self, client):
        """Reads the list, and holds every file to it, of whatever round."""
        cursor = ""
        while cursor is not None:
            answer = client.api("GET", "/v1/files?limit=1000" + (cursor and f"&cursor={cursor}"))
            if not client.holds(None, "the list", answer, [200]):
                return
            page = json.loads(answer.content)
            for record in page["files"]:
                name = record["filename"]
                if name not in self.ledger.files or name in self.records:
                    self.ledger.violation(None, f"nobody sent this, or only once: {record}")
                self.records[name] = record
            cursor = page["next_cursor"]
        for file in self.ledger.files.values():
            wrong = self.judgement(file, self.records.get(file.name))
            if wrong:
                self.ledger.violation(file, f"{wrong}: {self.records.get(file.name)}")

    def judgement(self, file, record):
        """What is wrong with a file's record, or with there being none."""
        if record is None:
            return "lost" if file.id and not file.deletion_begun else None
        if file.is_deleted:
            return "deleted, and back" if file.id else "never sent whole, and there later"
        if file.id not in (None, record["file_id"]):
            return f"has another id than {file.id}"
        if record["size_bytes"] != file.size:
            return f"has not {file.size} bytes"
        if record["status"] == "pending":
            return "ready, and pending again" if file.is_ready else None
        if (record["status"], record["sha256"]) != ("ready", file.sha256):
            return f"has other bytes than {file.sha256}"
        is_sent = file.is_ready or "put" in file.under_way or "direct" in file.under_way
        return None if is_sent else "ready, and nobody sent its bytes"

    def chosen(self, rng):
        """The files to look at closely: those of the last round, and a sample of the others."""
        if self.everything:
            return list(self.ledger.files.values())
        others = [file for file in self.ledger.files.values() if file not in self.ledger.touched]
        return [*self.ledger.touched, *rng.sample(others, min(SAMPLE, len(others)))]

    def examine(self, client, files):
        blamed = {name for name, _ in self.ledger.violations}
        for file in files:
            if file.name in blamed:
                continue
            try:
                self.settle(client, file, self.records.get(file.name))
                self.verify(client, file)
            except Broken as broken:
                self.ledger.violation(file, f"a connection broke during the check: {broken}")
        client.close()

    def settle(self, client, file, record):
        """Finds out what became of interrupted requests as their client would, by sending them again."""
        interrupted, file.under_way = file.under_way, []
        if record is not None:
            # A deletion that was under way did not happen, and never will.
            file.deletion_begun = False
            file.id, file.is_ready = record["file_id"], record["status"] == "ready"
        elif file.id or not file.key:
            file.deletion_begun = file.is_deleted = True
            return
        if file.key and interrupted:
            client.again(file)
        if not file.is_ready:
            client.peek(file)
            if interrupted or self.everything or client.random.random() < 0.5:
                if not file.upload_url or client.random.random() < 0.7:
                    client.renew(file)
                client.put(file)
        elif "put" in interrupted:
            client.put(file)
        if "delete" in interrupted and client.random.random() < 0.5:
            client.delete(file)

    def verify(self, client, file):
        """Reads a file by every way there is to it, or finds each of them closed."""
        if file.is_deleted and not file.id:
            return
        if file.is_ready and not file.is_deleted:
            client.read(file)
        else:
            client.holds(file, "the API's download", client.api("GET", f"/v1/files/{file.id}/download"), [404])
        if file.is_deleted:
            client.holds(file, "the API", client.api("GET", f"/v1/files/{file.id}"), [404])
            url = file.download_url or presigned(client.signing_key, f"/files/{file.id}")
            client.holds(file, "GET", client.storage("GET", url), [404])
            if file.upload_url and file.size <= PACKED:
                client.put(file)
        if file.key and client.random.random() < 0.5:
            client.again(file)
