"""The log of events: pages, long polls and streams."""

import json
import threading
import time

import pytest
import requests
from cloakroom import Server, command, http, put


@pytest.fixture(scope="module")
def server():
    """A server of its own: the log is told in whole."""
    with Server() as server:
        yield server


def reader(server, organization):
    """A client that uploads, and one that reads events."""
    return server.client(organization), server.client(organization, "events:read")


def page(client, **query):
    """A page of events."""
    response = client.get("/v1/events", params=query)
    assert response.status_code == 200, response.text
    return response.json()


def streamed(client, count, last=None, **query):
    """Reads events from a stream as `requests` gives its lines; returns (cursor, type, document) of each."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    found, fields = [], {}
    with client.get("/v1/events", params=query, headers=headers, stream=True) as response:
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["X-Accel-Buffering"] == "no"
        for line in response.iter_lines(chunk_size=1, decode_unicode=True):
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                found.append((fields["id"], fields["event"], json.loads(fields["data"])))
                if len(found) == count:
                    return found
                fields = {}
    return found


def test_each_change_is_told_once(server):
    writer, client = reader(server, "changes")
    file_id = writer.upload(b"some bytes")
    assert writer.post(f"/v1/files/{file_id}/revoke-urls").ok
    assert writer.delete(f"/v1/files/{file_id}").ok
    document = page(client)
    assert [event["type"] for event in document["events"]] == ["file.ready", "file.urls_revoked", "file.deleted"]
    ready = document["events"][0]
    assert ready["data"]["organization_id"] == "changes"
    file = ready["data"]["file"]
    assert (file["file_id"], file["status"], file["size_bytes"]) == (file_id, "ready", 10)
    assert document["events"][2]["data"]["reason"] == "request"
    assert "reason" not in ready["data"]
    ids = [event["data"]["event_id"] for event in document["events"]]
    assert len(set(ids)) == 3 and all(len(id) == 36 and id.startswith("evt_") for id in ids)
    assert page(client, after=document["next_cursor"])["events"] == []


def test_pages_go_on_where_the_last_one_ended(server):
    writer, client = reader(server, "pages")
    files = [writer.upload(bytes([number]) * 5) for number in range(7)]
    found, cursor = [], None
    while True:
        document = page(client, limit=3, **({"after": cursor} if cursor else {}))
        found += [event["data"]["file"]["file_id"] for event in document["events"]]
        cursor = document["next_cursor"]
        if not document["has_more"]:
            break
    assert found == files
    assert page(client, after="now")["events"] == []
    only = page(client, types="file.deleted,file.abandoned")
    assert only["events"] == []


def test_organizations_see_their_own(server):
    writer, client = reader(server, "mine")
    mine = writer.upload(b"mine")
    other_writer, other = reader(server, "theirs")
    other_writer.upload(b"theirs")
    document = page(client)
    assert [event["data"]["file"]["file_id"] for event in document["events"]] == [mine]
    # A cursor does not show whether anything happened elsewhere: no two are the same.
    assert len({page(client, after="now")["next_cursor"] for _ in range(4)}) > 1
    # Another's cursor is no cursor.
    response = other.get("/v1/events", params={"after": document["next_cursor"]})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "INPUT_VALIDATION_ERROR")
    gateway = server.client(None, "events:read", gateway=True)
    assert gateway.get("/v1/events").status_code == 400
    named = gateway.get("/v1/events", headers={"X-Organization-ID": "mine"}).json()
    assert [event["data"]["organization_id"] for event in named["events"]] == ["mine"]


def test_a_gateway_key_made_for_it_reads_all(server):
    for organization in ("one", "two"):
        server.client(organization).upload(b"bytes")
    key = command("keys", "create", "--gateway", "--all-events", data_dir=server.data_dir).stdout.strip()
    headers = {"Authorization": f"Bearer {key}"}
    document = http("GET", server.api + "/v1/events?limit=1000", headers=headers).json()
    assert {"one", "two"} <= {event["data"]["organization_id"] for event in document["events"]}
    one = http("GET", server.api + "/v1/events", headers=headers | {"X-Organization-ID": "one"}).json()
    assert {event["data"]["organization_id"] for event in one["events"]} == {"one"}
    # It can do nothing else.
    assert http("GET", server.api + "/v1/files", headers=headers | {"X-Organization-ID": "one"}).status_code == 403
    refused = command("keys", "create", "--organization", "x", "--all-events", data_dir=server.data_dir, check=False)
    assert refused.returncode != 0 and "--gateway" in refused.stderr


@pytest.mark.parametrize(
    "query, field",
    [
        ({"after": "x"}, "after"), ({"after": "0" * 16 + "." + "1" * 15}, "after"), ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"), ({"wait": "61"}, "wait"), ({"wait": "-1"}, "wait"), ({"wait": "x"}, "wait"),
        ({"types": "file.made"}, "types"), ({"types": ""}, "types"),
    ],
)
def test_bad_input_is_named(server, query, field):
    _, client = reader(server, "inputs")
    response = client.get("/v1/events", params=query)
    assert response.status_code == 400
    assert response.json()["error"]["details"]["fields"][0]["field"] == field


def test_a_cursor_of_another_store_is_gone(server):
    _, client = reader(server, "gone")
    with Server() as other:
        foreign = page(other.client("gone", "events:read"))["next_cursor"]
    response = client.get("/v1/events", params={"after": foreign})
    assert (response.status_code, response.json()["error"]["code"]) == (410, "EVENT_CURSOR_GONE")


def test_a_long_poll_is_answered_when_something_happens(server):
    writer, client = reader(server, "polls")
    cursor = page(client)["next_cursor"]
    timer = threading.Timer(0.5, lambda: writer.upload(b"late"))
    timer.start()
    start = time.monotonic()
    document = page(client, after=cursor, wait=30)
    assert 0.4 < time.monotonic() - start < 10
    timer.join()
    assert [event["type"] for event in document["events"]] == ["file.ready"]
    start = time.monotonic()
    document = page(client, after=document["next_cursor"], wait=1)
    assert document["events"] == [] and 0.9 < time.monotonic() - start < 10
    assert client.request("HEAD", "/v1/events", params={"wait": 60}).status_code == 200


def test_a_file_is_waited_for(server):
    writer, _ = reader(server, "files")
    minted = writer.mint(4)
    timer = threading.Timer(0.5, lambda: put(minted["upload_url"], b"late"))
    timer.start()
    response = writer.get(f"/v1/files/{minted['file_id']}", params={"wait": 30})
    timer.join()
    assert (response.status_code, response.json()["status"]) == (200, "ready")
    pending = writer.mint(4)
    start = time.monotonic()
    response = writer.get(f"/v1/files/{pending['file_id']}", params={"wait": 1})
    assert response.json()["status"] == "pending" and time.monotonic() - start > 0.9
    start = time.monotonic()
    unknown = writer.get("/v1/files/file_f47ac10b-58cc-4372-a567-0e02b2c3d479", params={"wait": 30})
    assert unknown.status_code == 404 and time.monotonic() - start < 5
    assert writer.get(f"/v1/files/{pending['file_id']}", params={"wait": 61}).status_code == 400


def test_a_stream_tells_what_happens_and_goes_on(server):
    writer, client = reader(server, "streams")
    before = writer.upload(b"before")
    cursor = page(client)["next_cursor"]
    files = []
    timer = threading.Timer(0.5, lambda: files.extend(writer.upload(bytes([number])) for number in range(3)))
    timer.start()
    found = streamed(client, 3)
    timer.join()
    assert [event["data"]["file"]["file_id"] for _, _, event in found] == files
    assert {type for _, type, _ in found} == {"file.ready"}
    # With the place of the first one, the stream goes on behind it.
    again = streamed(client, 2, last=found[0][0])
    assert [event["data"]["file"]["file_id"] for _, _, event in again] == files[1:]
    assert [event["data"]["file"]["file_id"] for _, _, event in streamed(client, 3, after=cursor)] == files
    assert before not in files


def test_a_revoked_key_ends_stream_and_wait(server):
    key = server.key("revoked", "events:read")
    headers = {"Authorization": f"Bearer {key}"}
    ended = {}

    def ask(name, **options):
        """Asks, and notes when the response ended."""
        with requests.get(server.api + "/v1/events", stream=True, timeout=30, **options) as response:
            for _ in response.iter_content(1):
                pass
        ended[name] = time.monotonic()

    asks = [
        threading.Thread(target=ask, args=("stream",), kwargs={"headers": headers | {"Accept": "text/event-stream"}}),
        threading.Thread(target=ask, args=("wait",), kwargs={"headers": headers, "params": {"wait": 25}}),
    ]
    for thread in asks:
        thread.start()
    time.sleep(0.5)
    listed = command("keys", "list", data_dir=server.data_dir).stdout
    key_id = next(line.split("\t")[0] for line in listed.splitlines() if "revoked" in line.split("\t")[1])
    command("keys", "revoke", key_id, data_dir=server.data_dir)
    revoked = time.monotonic()
    for thread in asks:
        thread.join()
    assert all(moment - revoked < 5 for moment in ended.values()) and len(ended) == 2


def test_waits_are_limited(server):
    _, client = reader(server, "limited")
    headers = {"Authorization": f"Bearer {client.key}", "Accept": "text/event-stream"}
    streams = [requests.get(server.api + "/v1/events", headers=headers, stream=True, timeout=30) for _ in range(100)]
    try:
        assert all(stream.status_code == 200 for stream in streams)
        refused = requests.get(server.api + "/v1/events", headers=headers, stream=True, timeout=30)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "RATE_LIMITED")
        assert refused.headers["Retry-After"] == "1"
    finally:
        for stream in streams:
            stream.close()
    # Those who have left are not counted any more, at once.
    deadline = time.monotonic() + 5
    while requests.get(server.api + "/v1/events", headers=headers, stream=True, timeout=30).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_stop_ends_streams_and_waits_at_once():
    with Server() as server:
        client = server.client("stop", "events:read")
        headers = {"Authorization": f"Bearer {client.key}"}
        stream = requests.get(
            server.api + "/v1/events", headers=headers | {"Accept": "text/event-stream"}, stream=True, timeout=30
        )
        lines = stream.iter_lines()
        assert next(lines) == b"retry: 3000"
        answers = []
        thread = threading.Thread(target=lambda: answers.append(page(client, wait=60)))
        thread.start()
        time.sleep(0.5)
        start = time.monotonic()
        server.stop()
        assert time.monotonic() - start < 5
        thread.join()
        assert answers[0]["events"] == []
        assert all(not line.startswith(b"data") for line in lines)


def test_events_survive_a_restart(server):
    writer, client = reader(server, "restarts")
    first = writer.upload(b"first")
    cursor = page(client)["next_cursor"]
    server.stop()
    server.start()
    second = writer.__class__(server, writer.key).upload(b"second")
    events = page(client.__class__(server, client.key), after=cursor)["events"]
    assert [event["data"]["file"]["file_id"] for event in events] == [second]
    assert first != second


def test_who_comes_back_after_a_restart_hears_the_first_event(server):
    writer, client = reader(server, "again")
    for number in range(5):
        writer.upload(bytes([number]))
    server.stop()
    server.start()
    writer, client = (one.__class__(server, one.key) for one in (writer, client))
    cursor = page(client)["next_cursor"]
    timer = threading.Timer(0.3, lambda: writer.upload(b"after the restart"))
    timer.start()
    start = time.monotonic()
    assert len(page(client, after=cursor, wait=20)["events"]) == 1
    assert time.monotonic() - start < 5
    timer.join()


def test_a_restored_store_has_cursors_of_its_own(server, tmp_path):
    writer, client = reader(server, "restored")
    writer.upload(b"before the backup")
    cursor = page(client)["next_cursor"]
    command("backup", str(tmp_path / "backup"), data_dir=server.data_dir)
    command("restore", str(tmp_path / "backup"), data_dir=tmp_path / "data")
    with Server(data_dir=tmp_path / "data") as restored:
        again = client.__class__(restored, client.key)
        assert again.get("/v1/events", params={"after": cursor}).status_code == 410
        assert [event["type"] for event in page(again)["events"]] == ["file.ready"]
