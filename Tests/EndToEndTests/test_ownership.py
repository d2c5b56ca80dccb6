"""Two organizations, every file route: neither can tell that the other's file exists."""

import pytest
from cloakroom import http
from test_api import error


@pytest.fixture(scope="module")
def organizations(server):
    return server.client("alpha"), server.client("beta")


UNKNOWN = "file_f47ac10b-58cc-4372-a567-0e02b2c3d479"
ROUTES = [
    ("GET", "/v1/files/{id}", {}),
    ("DELETE", "/v1/files/{id}", {}),
    ("GET", "/v1/files/{id}/download", {}),
    ("GET", "/v1/files/{id}/download", {"Accept": "application/json"}),
    ("GET", "/v1/files/{id}/download?redirect=true", {}),
    ("HEAD", "/v1/files/{id}/download", {}),
]


@pytest.mark.parametrize(("method", "path", "headers"), ROUTES)
def test_anothers_unknown_deleted_and_impossible_files_look_alike(organizations, method, path, headers):
    alpha, beta = organizations
    ready = alpha.upload(b"secret")
    pending = alpha.mint(1)["file_id"]
    deleted = alpha.upload(b"gone")
    alpha.delete(f"/v1/files/{deleted}")
    answers = set()
    for file_id in (ready, pending, deleted, UNKNOWN, "file_x", "..%2F..%2Fsigning-keys", UNKNOWN.upper()):
        response = beta.request(method, path.format(id=file_id), headers=headers, allow_redirects=False)
        if method != "HEAD":
            error(response, 404, "FILE_NOT_FOUND")
        text = response.text.replace(response.headers["X-Request-ID"], "")
        kept = {name: value for name, value in response.headers.items() if name not in ("X-Request-ID", "Date")}
        answers.add((response.status_code, text, str(sorted(kept.items()))))
    assert len(answers) == 1, answers
    assert alpha.get(f"/v1/files/{ready}/download").content == b"secret"


def test_an_unfinished_file_cannot_be_told_from_an_unknown_one_by_download(organizations):
    alpha, _ = organizations
    bodies = set()
    for file_id in (alpha.mint(1)["file_id"], UNKNOWN):
        response = alpha.get(f"/v1/files/{file_id}/download")
        bodies.add(response.text.replace(response.headers["X-Request-ID"], ""))
    assert len(bodies) == 1


def test_lists_hold_only_ones_own(organizations):
    alpha, beta = organizations
    mine, theirs = alpha.upload(b"a"), beta.upload(b"b")
    assert mine in alpha.get("/v1/files").text and theirs not in alpha.get("/v1/files").text
    assert theirs in beta.get("/v1/files").text and mine not in beta.get("/v1/files").text


def test_naming_another_organization_is_forbidden(organizations):
    alpha, _ = organizations
    error(alpha.get("/v1/files", headers={"X-Organization-ID": "beta"}), 403, "FORBIDDEN")
    assert alpha.get("/v1/files", headers={"X-Organization-ID": "alpha"}).status_code == 200


def test_a_gateway_key_acts_for_the_organization_it_names(server, organizations):
    alpha, beta = organizations
    gateway = server.client(gateway=True)
    file_id = alpha.upload(b"bytes")
    error(gateway.get(f"/v1/files/{file_id}"), 400, "INPUT_VALIDATION_ERROR")
    error(gateway.get("/v1/files", headers={"X-Organization-ID": "Not One"}), 400, "INPUT_VALIDATION_ERROR")
    assert gateway.get(f"/v1/files/{file_id}", headers={"X-Organization-ID": "alpha"}).status_code == 200
    error(gateway.get(f"/v1/files/{file_id}", headers={"X-Organization-ID": "beta"}), 404, "FILE_NOT_FOUND")
    fresh = gateway.post(
        "/v1/files?filename=x", data=b"x", headers={"X-Organization-ID": "gamma", "Content-Type": "text/plain"}
    )
    assert fresh.status_code == 201
    assert http(
        "GET", server.api + f"/v1/files/{fresh.json()['file_id']}",
        headers={"Authorization": f"Bearer {server.key('gamma')}"},
    ).status_code == 200  # fmt: skip
