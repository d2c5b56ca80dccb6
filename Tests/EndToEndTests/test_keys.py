"""API keys: made, listed and revoked over the API, by managers and gateways."""

import re
import time
import zlib

import pytest
from cloakroom import KEY, Client, command
from managed_keys import (
    MEMBERS, PERMISSIONS, UNKNOWN, create, gateway, keys, manager, new, rotate, rows, seconds, shown, status,
)  # fmt: skip
from test_api import TIME, error, fields

KEY_ID = re.compile(r"key_[0-9a-f]{16}")


def test_a_new_key_works_and_its_secret_is_shown_once(server, manager):
    response = manager.post("/v1/keys", json={"name": "build bot"})
    key = new(response)
    assert response.headers["Location"] == f"/v1/keys/{key['key_id']}"
    assert response.headers["Cache-Control"] == "no-store"
    secret = key.pop("key")
    assert KEY.fullmatch(secret) and f"{zlib.crc32(secret[3:67].encode()):08x}" == secret[67:]
    assert KEY_ID.fullmatch(key["key_id"]) and TIME.fullmatch(key["created_at"])
    assert key["prefix"] == secret[:11]
    assert (key["last_used_at"], key["expires_at"], key["revoked_at"]) == (None, None, None)
    answer = manager.get("/v1/keys")
    assert key in answer.json()["keys"]
    assert secret not in answer.text and secret[11:67] not in answer.text
    assert status(server, secret) == 200


@pytest.mark.parametrize(
    ("body", "name", "permissions"),
    [
        ({}, "", ["files:read", "files:write"]),
        ({"name": ""}, "", ["files:read", "files:write"]),
        ({"name": "x" * 255}, "x" * 255, ["files:read", "files:write"]),
        ({"name": "Schlüssel ☃ / \\"}, "Schlüssel ☃ / \\", ["files:read", "files:write"]),
        ({"permissions": ["files:write"]}, "", ["files:write"]),
        ({"permissions": ["keys:manage", "files:read"]}, "", ["files:read", "keys:manage"]),
        ({"permissions": PERMISSIONS[::-1]}, "", PERMISSIONS),
    ],
)
def test_names_permissions_and_their_defaults(manager, body, name, permissions):
    key = create(manager, **body)
    assert (key["name"], key["permissions"]) == (name, permissions)
    assert shown(manager, key["key_id"])["permissions"] == permissions


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"name": 1}, {"name"}),
        ({"name": ["x"]}, {"name"}),
        ({"name": "x" * 256}, {"name"}),
        ({"name": "a\nb"}, {"name"}),
        ({"name": "a\x00b"}, {"name"}),
        ({"name": "a\x7fb"}, {"name"}),
        ({"permissions": []}, {"permissions"}),
        ({"permissions": {}}, {"permissions"}),
        ({"permissions": "files:read"}, {"permissions"}),
        ({"permissions": ["files:eat"]}, {"permissions"}),
        ({"permissions": ["files:read", "FILES:WRITE"]}, {"permissions"}),
        ({"permissions": ["files:read", 1]}, {"permissions"}),
        ({"permissions": [None]}, {"permissions"}),
        ({"name": "a\tb", "permissions": [""]}, {"name", "permissions"}),
    ],
)
def test_every_bad_field_is_named_and_no_key_is_made(manager, body, wrong):
    before = keys(manager)
    # A bad element may be named by its index.
    assert {field.partition("[")[0] for field in fields(manager.post("/v1/keys", json=body))} == wrong
    assert keys(manager) == before


@pytest.mark.parametrize("body", ["{", "[]", "null", '"a"'])
def test_a_body_that_is_no_object(manager, body):
    key = create(manager)
    for path in ("/v1/keys", f"/v1/keys/{key['key_id']}/rotate"):
        assert fields(manager.post(path, data=body)) == ["body"]


def test_keys_are_listed_oldest_first_with_revoked_ones_and_without_gateways(server, gateway):
    manager = server.client("keys-listed", "keys:manage")
    made = [create(manager, name=str(number))["key_id"] for number in range(5)]
    manager.delete(f"/v1/keys/{made[2]}")
    server.key("keys-listed-elsewhere")
    listed = keys(manager)
    # Keys of one second come in any order.
    assert {key["key_id"] for key in listed if key["name"]} == set(made)
    assert [key["created_at"] for key in listed] == sorted(key["created_at"] for key in listed)
    assert all(set(key) == MEMBERS for key in listed)
    [own] = [key for key in listed if not key["name"]]
    assert own["prefix"] == manager.key[:11] and own["permissions"] == ["keys:manage"]
    assert [key["key_id"] for key in listed if key["revoked_at"]] == [made[2]]
    assert {row[0] for row in rows(server).values() if row[1] == "keys-listed"} == {key["key_id"] for key in listed}


def test_the_last_use_is_known_to_the_hour(server, manager):
    key = create(manager)
    assert status(server, key["key"]) == 200
    deadline = time.monotonic() + 5
    while (used := shown(manager, key["key_id"])["last_used_at"]) is None:
        assert time.monotonic() < deadline, "the use is not shown"
        time.sleep(0.02)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00Z", used)
    assert time.time() - 3605 < seconds(used) <= time.time()


def test_the_permissions_of_a_new_key_are_enforced(server, manager):
    reader = Client(server, create(manager, permissions=["files:read"])["key"])
    writer = Client(server, create(manager, permissions=["files:write"])["key"])
    file_id = writer.upload(b"bytes")
    assert reader.get(f"/v1/files/{file_id}/download").content == b"bytes"
    error(writer.get(f"/v1/files/{file_id}"), 403, "FORBIDDEN")
    error(reader.delete(f"/v1/files/{file_id}"), 403, "FORBIDDEN")
    for client in (reader, writer, server.client("keys")):
        error(client.get("/v1/keys"), 403, "FORBIDDEN")
        error(client.post("/v1/keys", json={}), 403, "FORBIDDEN")
        error(client.delete(f"/v1/keys/{UNKNOWN}"), 403, "FORBIDDEN")
        error(client.post(f"/v1/keys/{UNKNOWN}/rotate"), 403, "FORBIDDEN")


def test_a_key_that_manages_keys_reads_no_files(server, manager):
    file_id = server.client("keys").upload(b"bytes")
    for path in ("/v1/files", f"/v1/files/{file_id}", f"/v1/files/{file_id}/download"):
        error(manager.get(path), 403, "FORBIDDEN")


def test_a_revoked_key_is_refused_at_once(server, manager):
    key = create(manager)
    client = Client(server, key["key"])
    assert client.get("/v1/files").status_code == 200
    response = manager.delete(f"/v1/keys/{key['key_id']}")
    assert (response.status_code, response.content) == (204, b"")
    error(client.get("/v1/files"), 401, "UNAUTHORIZED")
    revoked_at = shown(manager, key["key_id"])["revoked_at"]
    assert TIME.fullmatch(revoked_at)
    assert manager.delete(f"/v1/keys/{key['key_id']}").status_code == 204
    assert shown(manager, key["key_id"])["revoked_at"] == revoked_at


def test_unknown_malformed_and_foreign_keys_look_alike(server, manager, gateway):
    foreign = server.client("keys-elsewhere", *PERMISSIONS)
    [gateway_id] = [row[0] for row in rows(server).values() if row[6] == gateway.key[:11]]
    ids = [UNKNOWN, keys(foreign)[0]["key_id"], gateway_id]
    ids += ["key_", "key_x", "x", UNKNOWN[:-1], UNKNOWN + "0", UNKNOWN.upper(), "key_0123456789ABCDEF"]
    ids += ["..%2F..%2Fsigning-keys", "file_f47ac10b-58cc-4372-a567-0e02b2c3d479"]
    answers = set()
    for key_id in ids:
        for response in (manager.delete(f"/v1/keys/{key_id}"), manager.post(f"/v1/keys/{key_id}/rotate")):
            found = error(response, 404, "KEY_NOT_FOUND")
            answers.add((found["message"], str(found["details"])))
    assert len(answers) == 1, answers
    assert status(server, foreign.key) == 200
    assert gateway.get("/v1/files", headers={"X-Organization-ID": "keys"}).status_code == 200


def test_a_gateway_manages_the_keys_of_the_organization_it_names(server, gateway):
    headers = {"X-Organization-ID": "keys-of-a-gateway"}
    key = new(gateway.post("/v1/keys", json={"name": "first"}, headers=headers))
    assert keys(gateway, headers=headers)[0]["key_id"] == key["key_id"] and len(keys(gateway, headers=headers)) == 1
    assert rows(server)[key["key_id"]][1] == "keys-of-a-gateway"
    other = {"X-Organization-ID": "keys"}
    error(gateway.delete(f"/v1/keys/{key['key_id']}", headers=other), 404, "KEY_NOT_FOUND")
    rotated = new(gateway.post(f"/v1/keys/{key['key_id']}/rotate", headers=headers))
    assert status(server, key["key"]) == status(server, rotated["key"]) == 200
    assert gateway.delete(f"/v1/keys/{key['key_id']}", headers=headers).status_code == 204
    assert (status(server, key["key"]), status(server, rotated["key"])) == (401, 200)
    assert fields(gateway.get("/v1/keys")) == ["X-Organization-ID"]
    error(server.client(gateway=True).get("/v1/keys", headers=headers), 403, "FORBIDDEN")
    assert gateway.key[:11] not in {key["prefix"] for key in keys(gateway, headers=headers)}


def test_naming_another_organization_is_forbidden(manager):
    error(manager.get("/v1/keys", headers={"X-Organization-ID": "default"}), 403, "FORBIDDEN")


def test_the_command_line_lists_prefix_and_end(server, manager):
    key = create(manager, name="shown", permissions=["keys:manage", "files:read"])
    row = [key["key_id"], "keys", "shown", "files:read,keys:manage", key["created_at"], "never", key["prefix"]]
    assert rows(server)[key["key_id"]] == row
    unnamed = create(manager)["key_id"]
    assert rows(server)[unnamed][2] == "-"
    rotate(manager, key["key_id"], grace_period_seconds=600)
    end = shown(manager, key["key_id"])["expires_at"]
    assert rows(server)[key["key_id"]] == [*row, f"expires {end}"]
    other = create(manager)["key_id"]
    command("keys", "revoke", other, data_dir=server.data_dir)
    assert rows(server)[other][7:] == [f"revoked {shown(manager, other)['revoked_at']}"]
