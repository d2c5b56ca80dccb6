"""Quotas of organizations: never exceeded, never short, and the same after a restart."""

import os
import signal
import subprocess
import threading
import time

import pytest
import requests
from cloakroom import Server, command, http, put
from raw import Connection, head
from test_api import TIME, error
from test_idempotency import api_address, at_once, listed


def set_quotas(server, organization, *options, **checks):
    return command("organizations", "set", organization, *options, data_dir=server.data_dir, **checks)


def rows(server):
    lines = command("organizations", "list", data_dir=server.data_dir).stdout.splitlines()
    return {line.split("\t")[0]: line.split("\t")[1:] for line in lines}


def usage(server, organization):
    """Files and bytes, as the command line lists them."""
    return tuple(map(int, rows(server)[organization][:2]))


def limited(server, organization, *options):
    set_quotas(server, organization, *options)
    return server.client(organization)


def declare(client, size=1, **headers):
    body = {"filename": "a.png", "content_type": "image/png", "size_bytes": size}
    return client.post("/v1/files/upload", json=body, headers=headers)


def send(client, data=b"x", **headers):
    return client.post("/v1/files?filename=a.png", data=data, headers={"Content-Type": "image/png", **headers})


def refused(response, quota, limit, used, requested=1):
    details = error(response, 403, "QUOTA_EXCEEDED")["details"]
    assert details == {"quota": quota, "limit": limit, "used": used, "requested": requested}


def test_quotas_are_set_listed_and_lifted(server):
    set_quotas(server, "quota-new", "--max-files", "5", "--max-bytes", "1000")
    files, size, max_files, max_bytes, created, lifetime = rows(server)["quota-new"]
    assert (files, size, max_files, max_bytes, lifetime) == ("0", "0", "5", "1000", "-") and TIME.fullmatch(created)
    set_quotas(server, "quota-new", "--max-files", "none")
    assert rows(server)["quota-new"] == ["0", "0", "-", "1000", created, "-"]
    set_quotas(server, "quota-new", "--max-bytes", "none", "--max-files", "7")
    assert rows(server)["quota-new"] == ["0", "0", "7", "-", created, "-"]


def test_every_organization_is_listed_and_begins_without_quotas(server):
    server.key("quota-by-key")
    gateway = server.client(gateway=True)
    assert send(gateway, b"12345", **{"X-Organization-ID": "quota-by-gateway"}).status_code == 201
    listed = rows(server)
    assert listed["quota-by-key"][:4] == ["0", "0", "-", "-"]
    assert listed["quota-by-gateway"][:4] == ["1", "5", "-", "-"]


def test_what_is_listed_is_what_is_there(server):
    client = server.client("quota-usage")
    ready, pending = client.upload(bytes(100_000)), client.mint(20_000)["file_id"]
    assert send(client, b"12345").status_code == 201
    assert usage(server, "quota-usage") == (3, 120_005)
    for file_id, left in ((ready, (2, 20_005)), (pending, (1, 5))):
        client.delete(f"/v1/files/{file_id}")
        client.delete(f"/v1/files/{file_id}")
        assert usage(server, "quota-usage") == left


@pytest.mark.parametrize(
    "options",
    [
        ["--max-files=-1"],
        ["--max-files=many"],
        ["--max-files=1.5"],
        ["--max-files=1e3"],
        ["--max-files="],
        ["--max-bytes=-1"],
        ["--max-bytes=1_000"],
        ["--max-bytes=1k"],
        ["--max-bytes=9223372036854775808"],
        ["--max-files=1", "--max-bytes=x"],
        ["--colour=red"],
    ],
)
def test_bad_values_are_refused(server, options):
    assert set_quotas(server, "quota-bad", *options, check=False).returncode == 64
    assert "quota-bad" not in rows(server)


@pytest.mark.parametrize("organization", ["Upper", "", "-a", "a b", "a" * 65])
def test_bad_organizations_are_refused(server, organization):
    assert set_quotas(server, organization, "--max-files=1", check=False).returncode == 64


@pytest.mark.parametrize("route", [declare, send])
def test_the_last_file_fits_and_no_other(server, route):
    client = limited(server, f"quota-files-{route.__name__}", "--max-files", "3")
    for _ in range(3):
        assert route(client).ok
    refused(declare(client), "max_files", 3, 3)
    refused(send(client), "max_files", 3, 3)
    assert len(listed(client)) == 3


@pytest.mark.parametrize("route", [declare, send])
def test_the_last_byte_fits_and_no_other(server, route):
    organization = f"quota-bytes-{route.__name__}"
    client = limited(server, organization, "--max-bytes", "100")
    assert route(client, 60 if route is declare else b"x" * 60).ok
    refused(declare(client, 41), "max_bytes", 100, 60, 41)
    refused(send(client, b"x" * 41), "max_bytes", 100, 60, 41)
    assert route(client, 40 if route is declare else b"x" * 40).ok
    refused(declare(client), "max_bytes", 100, 100)
    refused(send(client), "max_bytes", 100, 100)
    assert usage(server, organization) == (2, 100)


def test_other_organizations_are_not_concerned(server):
    full = limited(server, "quota-full", "--max-files", "1")
    assert declare(full).ok
    refused(declare(full), "max_files", 1, 1)
    assert declare(server.client("quota-not-full")).ok


def test_a_gateway_fills_the_organization_it_names(server):
    client = limited(server, "quota-of-gateway", "--max-files", "1")
    gateway = server.client(gateway=True)
    assert send(gateway, **{"X-Organization-ID": "quota-of-gateway"}).status_code == 201
    refused(declare(client), "max_files", 1, 1)
    refused(send(gateway, **{"X-Organization-ID": "quota-of-gateway"}), "max_files", 1, 1)


@pytest.mark.parametrize("route", [declare, send])
@pytest.mark.parametrize(("option", "limit", "size"), [("--max-files", 100, 1), ("--max-bytes", 1_000, 10)])
def test_of_200_uploads_at_once_exactly_100_fit(server, route, option, limit, size):
    organization = f"quota-200-{route.__name__}{option.removeprefix('-')}"
    client = limited(server, organization, option, str(limit))
    answers = at_once(200, lambda _: route(client, size if route is declare else b"x" * size))
    expected = 200 if route is declare else 201
    assert sorted(answer.status_code for answer in answers) == [expected] * 100 + [403] * 100
    assert len(listed(client)) == 100 and usage(server, organization) == (100, 100 * size)
    for answer in answers:
        if answer.status_code == 403:
            details = error(answer, 403, "QUOTA_EXCEEDED")["details"]
            assert (details["quota"], details["limit"]) == (option.removeprefix("--").replace("-", "_"), limit)


@pytest.mark.parametrize("pending", [True, False])
def test_deletion_gives_room_at_once(server, pending):
    client = limited(server, f"quota-deletion-{pending}".lower(), "--max-files", "1", "--max-bytes", "5")
    for _ in range(20):
        file_id = client.mint(5)["file_id"] if pending else client.upload(b"bytes")
        assert declare(client, 5).status_code == 403
        assert client.delete(f"/v1/files/{file_id}").status_code == 204
        assert client.delete(f"/v1/files/{file_id}").status_code == 404
    assert declare(client, 5).ok


def test_a_direct_upload_that_cannot_fit_is_refused_unread(server):
    client = limited(server, "quota-unread", "--max-bytes", "1000")
    lines = [f"Authorization: Bearer {client.key}", "Content-Type: image/png", "Content-Length: 1000001"]
    for expectation in ([], ["Expect: 100-continue"]):
        with Connection(api_address(server)) as connection:
            connection.send(head("POST", server.api + "/v1/files?filename=a.png", *lines, *expectation))
            status, sent, body = connection.response()
            assert (status, b'"QUOTA_EXCEEDED"' in body, sent["connection"]) == (403, True, "close")
    assert usage(server, "quota-unread") == (0, 0)


@pytest.mark.parametrize("size", [101, 70_000, 3_000_000])
def test_a_direct_upload_without_a_length_is_held_to_what_it_sends(server, size):
    organization = f"quota-chunked-{size}"
    client = limited(server, organization, "--max-bytes", str(size - 1))
    details = error(send(client, iter([bytes(size)])), 403, "QUOTA_EXCEEDED")["details"]
    assert (details["quota"], details["limit"], details["used"]) == ("max_bytes", size - 1, 0)
    assert listed(client) == [] and usage(server, organization) == (0, 0)
    assert send(client, iter([bytes(size - 1)])).status_code == 201
    assert usage(server, organization) == (1, size - 1)
    set_quotas(server, organization, "--max-bytes", "none", "--max-files", "1")
    refused(send(client, iter([b"x"])), "max_files", 1, 1)


def test_what_was_refused_takes_no_room(server):
    client = limited(server, "quota-refused", "--max-files", "1")
    for _ in range(3):
        assert send(client, **{"x-amz-checksum-sha256": "A" * 43 + "="}).status_code == 400
        assert declare(client, 0).status_code == 400
    assert usage(server, "quota-refused") == (0, 0)
    assert send(client).status_code == 201


def test_a_repeated_request_counts_once_and_a_refused_one_frees_its_key(server):
    client = limited(server, "quota-repeated", "--max-files", "1")
    made = [declare(client, 5, **{"Idempotency-Key": "one"}).json()["file_id"] for _ in range(3)]
    assert len(set(made)) == 1 and usage(server, "quota-repeated") == (1, 5)
    for route in (declare, send):
        refused(route(client, **{"Idempotency-Key": "other"}), "max_files", 1, 1)
    client.delete(f"/v1/files/{made[0]}")
    sent = [send(client, b"bytes", **{"Idempotency-Key": "other"}) for _ in range(3)]
    assert [answer.status_code for answer in sent] == [201] * 3
    assert usage(server, "quota-repeated") == (1, 5)


def test_a_quota_below_the_use_deletes_nothing_and_takes_nothing(server):
    client = server.client("quota-lowered")
    ids = [client.upload(b"bytes") for _ in range(2)]
    ticket = client.mint(5)
    set_quotas(server, "quota-lowered", "--max-files", "1", "--max-bytes", "5")
    assert rows(server)["quota-lowered"][:4] == ["3", "15", "1", "5"]
    assert declare(client).status_code == send(client).status_code == 403
    # What was declared before has its room.
    assert put(ticket["upload_url"], b"bytes").status_code == 200
    assert all(http("GET", client.url(file_id)).content == b"bytes" for file_id in [*ids, ticket["file_id"]])
    set_quotas(server, "quota-lowered", "--max-bytes", "none")
    refused(declare(client), "max_files", 1, 3)
    for used, file_id in ((2, ids[0]), (1, ids[1])):
        client.delete(f"/v1/files/{file_id}")
        refused(declare(client), "max_files", 1, used)
    client.delete(f"/v1/files/{ticket['file_id']}")
    assert declare(client).ok


def test_none_lifts_a_quota(server):
    client = limited(server, "quota-lifted", "--max-files", "1", "--max-bytes", "5")
    assert declare(client, 5).ok
    set_quotas(server, "quota-lifted", "--max-files", "none")
    refused(declare(client), "max_bytes", 5, 5)
    set_quotas(server, "quota-lifted", "--max-bytes", "none")
    assert declare(client, 104_857_600).ok and send(client).status_code == 201


def sqlite(server, query):
    line = ["sqlite3", "-readonly", server.data_dir / "catalog.sqlite", query]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()


COUNTED = "SELECT count(*), coalesce(sum(size_bytes), 0) FROM files"
OWN = f"{COUNTED} WHERE organization_id = o.id"
DIFFERENT = f"SELECT o.id FROM organizations o WHERE (used_files, used_bytes) <> ({OWN})"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_use_after_a_restart_is_what_sqlite_counts(how):
    with Server() as server:
        clients = [limited(server, name, "--max-files", "1000000") for name in ("one", "two")]
        done, failures, stop = [], [], threading.Event()

        def work(index):
            client = clients[index % 2]
            try:
                while not stop.is_set():
                    kept = client.upload(os.urandom(1 + index))
                    client.mint(1_000 + index)
                    assert client.delete(f"/v1/files/{kept}").status_code == 204
                    done.append(send(client, bytes(70_000)).status_code)
            except (requests.RequestException, AssertionError) as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 30
        while len(done) < 50:
            assert time.monotonic() < deadline, f"only {len(done)} rounds"
            time.sleep(0.01)
        if how == signal.SIGTERM:
            stop.set()
            for thread in threads:
                thread.join()
            assert failures == []
        server.stop(how)
        stop.set()
        for thread in threads:
            thread.join()
        assert set(done) == {201}
        assert sqlite(server, DIFFERENT) == []
        server.start()
        listed = rows(server)
        totals = [sum(int(listed[name][column]) for name in ("one", "two")) for column in (0, 1)]
        assert "|".join(map(str, totals)) == sqlite(server, COUNTED)[0]
        # The count is what is enforced.
        files = int(listed["one"][0])
        assert files > 0
        set_quotas(server, "one", "--max-files", str(files + 1))
        assert declare(clients[0]).ok
        refused(declare(clients[0]), "max_files", files + 1, files + 1)
        server.stop()
        assert sqlite(server, DIFFERENT) == []
