"""API keys that are rotated: the old one works on for a while, or is dead at once."""

import time

import pytest
from cloakroom import KEY, Client, Server, command
from managed_keys import create, keys, manager, new, rotate, rows, seconds, shown, status
from test_api import TIME, error, fields


@pytest.mark.parametrize(
    ("options", "grace"),
    [
        ({}, 86_400),
        ({"json": {}}, 86_400),
        ({"json": {"grace_period_seconds": 60}}, 60),
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
