"""The rules of the lockstep that download."""

import datetime

from cloakroom import http
from hypothesis import strategies as st
from hypothesis.stateful import rule
from lockstep_comparison import TOLERANCE, check_bytes
from lockstep_machine import FILES, Machine
from lockstep_requests import ASKS, DISPOSITIONS, NTH, WHO, conditions, nth
from reference_values import URL_LIFETIME, Ask
from signing import presign


class Downloads(Machine):
    """Files are read over the API, and by URLs of any age."""

    @rule(file=FILES, who=WHO, form=st.sampled_from(["url", "redirect"]))
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

    @rule(file=FILES)
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

    @rule(file=FILES, number=NTH, is_fresh=st.booleans(), ask=ASKS, is_head=st.booleans())
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

    @rule(file=FILES, who=WHO, ask=ASKS, is_head=st.booleans())
    def read(self, file, who, ask, is_head):
        caller = self.caller(who, file.organization)
        answer = self.model_now().download(caller, file, "bytes", ask)
        answer.file = file
        method, headers = "HEAD" if is_head else "GET", conditions(file, ask)
        response = self.api(method, f"/v1/files/{file.id}/download", caller, headers)
        self.expect(answer, response)
        check_bytes(response, answer, is_head)
