"""API keys: managed over the API and the command line, and the permission that every operation needs."""

import datetime
import re
import time
import zlib

import pytest
import yaml  # a dependency of schemathesis
from cloakroom import EVIDENCE, KEY, Client, Server, command, http
from test_api import TIME, error, fields

KEY_ID = re.compile(r"key_[0-9a-f]{16}")
MEMBERS = {
    "key_id", "name", "prefix", "permissions", "created_at", "last_used_at", "expires_at", "revoked_at",
}  # fmt: skip
PERMISSIONS = ["files:read", "files:write", "keys:manage"]
UNKNOWN = "key_0123456789abcdef"


@pytest.fixture(scope="module")
def manager(server):
    return server.client("keys", "keys:manage")


@pytest.fixture(scope="module")
def gateway(server):
    return server.client("", *PERMISSIONS, gateway=True)


def new(response):
    assert response.status_code == 201, response.text
    assert set(response.json()) == {*MEMBERS, "key"}
    EVIDENCE.secret(response.json()["key"])
    return response.json()


def create(client, **body):
    return new(client.post("/v1/keys", json=body))


def rotate(client, key_id, **body):
    return new(client.post(f"/v1/keys/{key_id}/rotate", json=body))


def keys(client, **options):
    response = client.get("/v1/keys", **options)
    assert response.status_code == 200, response.text
    return response.json()["keys"]


def shown(client, key_id):
    [key] = [key for key in keys(client) if key["key_id"] == key_id]
    return key


def status(server, key):
    return http("GET", server.api + "/v1/files", headers={"Authorization": f"Bearer {key}"}).status_code


def seconds(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def rows(server):
    lines = command("keys", "list", data_dir=server.data_dir).stdout.splitlines()
    return {line.split("\t")[0]: line.split("\t") for line in lines}


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
        ({"name": "x" * 255, "colour": "red"}, "x" * 255, ["files:read", "files:write"]),
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


@pytest.mark.parametrize(
    ("options", "grace"),
    [
        ({}, 86_400),
        ({"json": {}}, 86_400),
        ({"json": {"grace_period_seconds": 60, "colour": "red"}}, 60),
        ({"json": {"grace_period_seconds": 604_800}}, 604_800),
    ],
)
def test_both_keys_work_during_the_grace_period(server, manager, options, grace):
    old = create(manager, name="rotated", permissions=["files:read"])
    before = time.time()
    key = new(manager.post(f"/v1/keys/{old['key_id']}/rotate", **options))
    after = time.time()
    assert (key["name"], key["permissions"]) == ("rotated", ["files:read"])
    assert (key["expires_at"], key["revoked_at"], key["prefix"]) == (None, None, key["key"][:11])
    assert key["key_id"] != old["key_id"] and key["key"] != old["key"]
    assert status(server, old["key"]) == status(server, key["key"]) == 200
    ending = shown(manager, old["key_id"])
    assert before + grace - 1 <= seconds(ending["expires_at"]) <= after + grace + 1
    assert ending["revoked_at"] is None
    assert old["key"] not in manager.get("/v1/keys").text


def test_the_old_key_dies_with_the_grace_period(server, manager):
    old = create(manager)
    started = time.monotonic()
    key = rotate(manager, old["key_id"], grace_period_seconds=1)
    while status(server, old["key"]) == 200:
        assert time.monotonic() - started < 5, "the old key still works"
        time.sleep(0.02)
    assert status(server, old["key"]) == 401 and status(server, key["key"]) == 200
    error(manager.post(f"/v1/keys/{old['key_id']}/rotate"), 404, "KEY_NOT_FOUND")


def test_a_grace_period_of_0_revokes_at_once(server, manager):
    old = create(manager)
    key = rotate(manager, old["key_id"], grace_period_seconds=0)
    assert (status(server, old["key"]), status(server, key["key"])) == (401, 200)
    assert TIME.fullmatch(shown(manager, old["key_id"])["revoked_at"])
    error(manager.post(f"/v1/keys/{old['key_id']}/rotate"), 404, "KEY_NOT_FOUND")


def test_a_revoked_key_is_not_rotated(manager):
    key = create(manager)
    manager.delete(f"/v1/keys/{key['key_id']}")
    before = keys(manager)
    error(manager.post(f"/v1/keys/{key['key_id']}/rotate"), 404, "KEY_NOT_FOUND")
    assert keys(manager) == before


def test_a_key_keeps_its_own_earlier_end(manager):
    key_id = create(manager)["key_id"]
    rotate(manager, key_id, grace_period_seconds=600)
    end = shown(manager, key_id)["expires_at"]
    rotate(manager, key_id, grace_period_seconds=86_400)
    assert shown(manager, key_id)["expires_at"] == end
    rotate(manager, key_id, grace_period_seconds=60)
    assert seconds(shown(manager, key_id)["expires_at"]) < seconds(end) - 500


@pytest.mark.parametrize("grace", [-1, 604_801, 1.5, "60", True, [], 10**30])
def test_a_bad_grace_period_is_named_and_rotates_nothing(manager, grace):
    key_id = create(manager)["key_id"]
    before = keys(manager)
    response = manager.post(f"/v1/keys/{key_id}/rotate", json={"grace_period_seconds": grace})
    assert fields(response) == ["grace_period_seconds"]
    assert keys(manager) == before


def test_a_key_rotates_and_revokes_itself(server):
    client = server.client("keys-alone", "keys:manage")
    [own] = keys(client)
    rotated = rotate(client, own["key_id"], grace_period_seconds=0)
    successor = Client(server, rotated["key"])
    assert client.get("/v1/keys").status_code == 401
    assert [key["permissions"] for key in keys(successor)] == [["keys:manage"]] * 2
    assert successor.delete(f"/v1/keys/{rotated['key_id']}").status_code == 204
    assert successor.get("/v1/keys").status_code == 401


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


def test_rotation_and_revocation_outlast_a_restart():
    with Server() as server:
        manager = server.client("keys", "keys:manage")
        ending, replaced, revoked = (create(manager) for _ in range(3))
        rotate(manager, ending["key_id"], grace_period_seconds=600)
        rotate(manager, replaced["key_id"], grace_period_seconds=0)
        manager.delete(f"/v1/keys/{revoked['key_id']}")
        before = [{**key, "last_used_at": None} for key in keys(manager)]
        server.stop()
        server.start()
        assert [{**key, "last_used_at": None} for key in keys(manager)] == before
        assert [status(server, key["key"]) for key in (ending, replaced, revoked)] == [200, 401, 401]


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


@pytest.mark.parametrize(
    ("options", "old_status", "end"),
    [
        ([], 200, "expires"),
        (["--grace-period-seconds", "604800"], 200, "expires"),
        (["--grace-period-seconds", "0"], 401, "revoked"),
    ],
)
def test_the_command_line_rotates_with_a_grace_period(server, manager, options, old_status, end):
    old = create(manager)
    printed = command("keys", "rotate", old["key_id"], *options, data_dir=server.data_dir).stdout
    assert KEY.fullmatch(printed.strip()) and printed == printed.strip() + "\n"
    assert (status(server, old["key"]), status(server, printed.strip())) == (old_status, 200)
    assert rows(server)[old["key_id"]][7].startswith(f"{end} ")
    if not options:
        assert abs(seconds(shown(manager, old["key_id"])["expires_at"]) - time.time() - 86_400) < 10


@pytest.mark.parametrize("grace", ["-1", "604801", "1.5", "soon", ""])
def test_the_command_line_refuses_a_bad_grace_period(server, manager, grace):
    key = create(manager)
    line = ["keys", "rotate", key["key_id"], f"--grace-period-seconds={grace}"]
    assert command(*line, data_dir=server.data_dir, check=False).returncode == 64
    assert len(rows(server)[key["key_id"]]) == 7 and status(server, key["key"]) == 200


OPERATIONS = {
    ("POST", "/v1/files/upload"): {"files:write"},
    ("POST", "/v1/files"): {"files:write"},
    ("GET", "/v1/files"): {"files:read"},
    ("GET", "/v1/files/{id}"): {"files:read"},
    ("DELETE", "/v1/files/{id}"): {"files:write"},
    ("GET", "/v1/files/{id}/download"): {"files:read"},
    ("HEAD", "/v1/files/{id}/download"): {"files:read"},
    ("POST", "/v1/files/{id}/upload-url"): {"files:write"},
    ("POST", "/v1/files/{id}/revoke-urls"): {"files:write"},
    ("GET", "/v1/keys"): {"keys:manage"},
    ("POST", "/v1/keys"): {"keys:manage"},
    ("DELETE", "/v1/keys/{id}"): {"keys:manage"},
    ("POST", "/v1/keys/{id}/rotate"): {"keys:manage"},
    ("POST", "/v1/files/resolve"): {"files:read"},
    ("POST", "/v1/inputs/resolve"): {"files:read"},
    ("GET", "/openapi.yaml"): set(),
}
GATEWAY = {("POST", "/v1/files/resolve"), ("POST", "/v1/inputs/resolve")}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@pytest.fixture(scope="module")
def operations(server):
    """The permissions that the served document names, by method and path."""
    document = yaml.safe_load(http("GET", server.api + "/openapi.yaml").content)
    return {
        (method.upper(), re.sub(r"\{\w+\}", "{id}", path)): {
            permission
            for requirement in operation.get("security", document.get("security", []))
            for permissions in requirement.values()
            for permission in permissions
        }
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def ask(server, operation, key=None, organization=None):
    """The status and, where there is a body, the code of an operation's answer."""
    method, path = operation
    unknown = UNKNOWN if path.startswith("/v1/keys") else "file_f47ac10b-58cc-4372-a567-0e02b2c3d479"
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if organization:
        headers["X-Organization-ID"] = organization
    url = server.api + path.replace("{id}", unknown)
    response = http(method, url, headers=headers, json={} if method == "POST" else None)
    if response.status_code < 400 or method == "HEAD":
        return response.status_code, None
    return response.status_code, response.json()["error"]["code"]


def refused(operation, status, code):
    return status, None if operation[0] == "HEAD" else code


def test_the_document_names_the_permission_of_every_operation(operations):
    assert operations == OPERATIONS


def test_only_the_document_needs_no_key(server, operations):
    assert [operation for operation, needed in operations.items() if not needed] == [("GET", "/openapi.yaml")]
    for operation, needed in operations.items():
        expected = refused(operation, 401, "UNAUTHORIZED") if needed else (200, None)
        assert ask(server, operation) == expected, operation


@pytest.mark.parametrize("gateway", [False, True])
@pytest.mark.parametrize("missing", PERMISSIONS)
def test_no_operation_works_without_its_permission(server, operations, gateway, missing):
    others = [permission for permission in PERMISSIONS if permission != missing]
    key = server.key("keys-table", *others, gateway=gateway)
    walked = [operation for operation, needed in operations.items() if missing in needed]
    assert walked
    for operation in walked:
        answer = ask(server, operation, key, "keys-table")
        assert answer == refused(operation, 403, "FORBIDDEN"), operation


@pytest.mark.parametrize("gateway", [False, True])
def test_every_operation_works_with_all_permissions_but_a_gateways_for_others(server, operations, gateway):
    key = server.key("keys-table", *PERMISSIONS, gateway=gateway)
    for operation in operations:
        answer = ask(server, operation, key, "keys-table")
        if operation in GATEWAY and not gateway:
            assert answer == (403, "FORBIDDEN"), operation
        else:
            assert answer[0] in (200, 201, 400, 404) and answer[1] != "NOT_FOUND", (operation, answer)
