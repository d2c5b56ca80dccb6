"""The rules of the lockstep that are about files, but for their bytes."""

import hashlib

from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule
from lockstep_comparison import check_record
from lockstep_machine import FILES, PAGES, Machine
from lockstep_requests import BAD_CURSOR, ORGANIZATIONS, QUERIES, UNKNOWN, WHO, WHO_RESOLVES
from reference_values import Page


class Files(Machine):
    """Files are shown, listed, resolved and deleted, and their URLs revoked."""

    @rule(file=FILES, who=WHO)
    def show(self, file, who):
        caller = self.caller(who, file.organization)
        answer = self.model_now().show(caller, file)
        response = self.api("GET", f"/v1/files/{file.id}", caller)
        self.expect(answer, response)
        if response.ok:
            check_record(response.json(), file)

    @rule(file=FILES, who=WHO)
    def delete(self, file, who):
        caller = self.caller(who, file.organization)
        answer = self.model_now().delete(caller, file)
        self.expect(answer, self.api("DELETE", f"/v1/files/{file.id}", caller))

    @rule(file=FILES, who=WHO)
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

    @rule(target=PAGES, organization=ORGANIZATIONS, who=WHO, query=QUERIES, has_bad_cursor=st.integers(0, 9))
    def list_files(self, organization, who, query, has_bad_cursor):
        query = {**query, "cursor": BAD_CURSOR} if has_bad_cursor == 9 else query
        caller = self.caller(who, self.names[organization])
        page, _ = self.list_as(caller, caller.naming or (caller.key and caller.key.organization), query)
        return multiple() if page is None else page

    @rule(target=PAGES, page=PAGES)
    def next_page(self, page):
        page, _ = self.list_as(self.caller("owner", page.organization), page.organization, page.query, page)
        return multiple() if page is None else page

    @rule(
        file=FILES, more=st.lists(FILES, max_size=3), who=WHO_RESOLVES, has_unknown=st.integers(0, 4),
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
