"""The listings of docs/events.md: an event, and how to get a key that reads them."""

import json

from cloakroom import Client, command
from listings import listing, listings, shell, takes  # noqa: F401


@takes("docs/events.md", "{")
def test_an_event_is_as_listed(listing, server):
    writer = server.client("listed")
    file_id = writer.upload(b"listed")
    [event] = server.client("listed", "events:read").get("/v1/events").json()["events"]
    listed = json.loads(listing.text)
    assert list(listed) == list(event) and list(listed["data"]) == list(event["data"])
    assert (listed["type"], event["type"]) == ("file.ready", "file.ready")
    assert len(listed["data"]["event_id"]) == len(event["data"]["event_id"])
    # Of the file's members some are listed, in their order.
    members = list(writer.get(f"/v1/files/{file_id}").json())
    assert list(event["data"]["file"]) == members
    assert [name for name in members if name in listed["data"]["file"]] == list(listed["data"]["file"])


@takes("docs/events.md", "cloakroom keys create")
def test_a_key_for_events_is_made_as_listed(listing, shell, server):
    line = listing.text.strip().split()
    assert line[0] == "cloakroom"
    key = command(*line[1:], data_dir=server.data_dir).stdout.strip()
    assert Client(server, key).get("/v1/events").status_code == 200
