"""The rules of the lockstep that upload."""

import base64
import hashlib

from hypothesis import strategies as st
from hypothesis.stateful import initialize, multiple, precondition, rule
from lockstep_comparison import check_record
from lockstep_machine import FILES, Machine
from lockstep_requests import (
    DECLARATIONS, FLIPPED, IDEMPOTENCY_KEYS, NTH, ODD, ODD_IN_JSON, ORGANIZATIONS, UPLOADS, WHO, body, nth,
    of_direct_upload, send_bytes, tag,
)  # fmt: skip
from reference_values import MAX_FILE_LIFETIME, File, Sent


class Uploads(Machine):
    """Files are declared and sent: rightly, oddly, again, and to URLs of any age."""

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

    @initialize(target=FILES, declared=DECLARATIONS)
    def begin(self, declared):
        return self.upload(0, declared)

    @rule(target=FILES, organization=ORGANIZATIONS, declared=DECLARATIONS)
    def upload(self, organization, declared):
        """Declares a file and sends it, which makes it ready where nothing stands against it."""
        file = self.declare_as(self.caller("owner", self.names[organization]), declared, None)
        if isinstance(file, File):
            self.put(file, 0, False, "as declared")
        return file

    @rule(
        target=FILES, organization=ORGANIZATIONS, who=WHO, declared=DECLARATIONS,
        key=st.sampled_from(IDEMPOTENCY_KEYS),
    )  # fmt: skip
    def declare(self, organization, who, declared, key):
        caller = self.caller(who, self.names[organization])
        return self.declare_as(caller, declared, key)

    @rule(
        target=FILES, organization=ORGANIZATIONS, who=WHO, declared=DECLARATIONS, key=st.sampled_from(IDEMPOTENCY_KEYS),
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
        target=FILES, number=NTH, change=st.sampled_from(["nothing", "nothing", "the name", "the life", "the route"])
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
        target=FILES, declared=DECLARATIONS, odd=st.lists(st.sampled_from(ODD_IN_JSON), min_size=1, max_size=4),
        key=st.sampled_from([None, "x" * 256]),
    )  # fmt: skip
    def declare_oddly(self, declared, odd, key):
        return self.declare_as(self.caller("owner", self.names[0]), {**declared, **dict(odd)}, key)

    @rule(target=FILES, declared=DECLARATIONS, odd=st.lists(st.sampled_from(ODD), max_size=3))
    def send_oddly(self, declared, odd):
        declared = {**of_direct_upload(declared), **dict(odd)}
        sent = Sent(b"bytes" if odd else b"", declared["content_type"])
        return self.send_as(self.caller("owner", self.names[0]), declared, sent, None)

    @rule(file=FILES, who=WHO)
    def renew(self, file, who):
        caller = self.caller(who, file.organization)
        answer = self.model_now().renew(caller, file)
        response = self.api("POST", f"/v1/files/{file.id}/upload-url", caller)
        self.expect(answer, response)
        if response.ok:
            self.check_ticket(response.json(), answer)

    @rule(
        file=FILES, number=NTH, is_fresh=st.booleans(),
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
