"""The listings of docs/configuration.md, operations.md and security.md: files, messages, lists, and the proxy."""

import json
import os
import re
import shutil

import pytest
from access_log import LoggedServer, request_id
from cloakroom import Client, Server, command, http
from held_connections import eventually
from listed_nginx import HOST, ListedNginx
from listings import assert_lines, listing, listings, shell, takes
from nginx import free_port


@takes("docs/configuration.md", "{")
def test_the_configuration_file_is_taken(listing, shell):
    values = {"/var/lib/cloakroom": shell.directory / "data", "127.0.0.1:8080": "127.0.0.1:0"}
    text = listing.substituted(values | {"127.0.0.1:8081": "127.0.0.1:0"})
    (shell.directory / "config.json").write_text(text)
    assert json.loads(listing.text)["url-lifetime-seconds"] == 900
    line = "cloakroom serve --config config.json --operations-address 127.0.0.1:0 &"
    with shell.serving(line) as lines:
        key = shell.run(f"cloakroom keys create --organization a --data-dir {shell.directory}/data").stdout.strip()
        api = re.match(r"api (\S+)", lines)[1]
        body = '{"filename": "a.txt", "content_type": "text/plain", "size_bytes": 1}'
        output = shell.run(f"curl -sS {api}/v1/files/upload -H 'Authorization: Bearer {key}' -d '{body}'").stdout
    assert output.startswith('{"file_id"') and "https://storage.example.org/uploads/" in output
    assert "X-Amz-Expires=900&" in output


@takes("docs/configuration.md", "cloakroom: region")
def test_a_wrong_value_is_told_as_listed(listing, shell):
    result = shell.run("cloakroom serve --region EU", check=False)
    assert result.returncode == 64
    assert_lines(listing, result.stderr)


@takes("docs/configuration.md", "api http://127.0.0.1:8080")
def test_the_addresses_are_printed_as_listed(listing, server):
    assert_lines(listing, "".join(f"{name} {url}\n" for name, url in server.urls.items()))


@takes("docs/operations.md", '{"time"')
def test_a_line_of_the_access_log_is_as_listed(listing, tmp_path):
    with LoggedServer(tmp_path) as server:
        client = server.client("acme")
        entry = server.entry(request_id(http("GET", client.url(client.upload(bytes(100_000))))))
    listed = json.loads(listing.text)
    assert list(listed) == list(entry)
    differing = {name for name, value in listed.items() if entry[name] != value}
    assert differing <= {"time", "request_id", "duration_seconds", "key_id"}
    for name in differing:
        shapes = (re.sub(r"[0-9A-Za-z]", "x", str(text[name])) for text in (listed, entry))
        assert name == "duration_seconds" or len(set(shapes)) == 1, name


@takes("docs/configuration.md", "key_0123456789abcdef")
def test_keys_are_listed_as_listed(listing, tmp_path):
    with Server(data_dir=tmp_path) as server:
        eventually(lambda: any("sk_" in line for line in server.output))
        first = re.search(r"sk_[0-9a-f]{72}", "".join(server.output))[0]
        command("keys", "create", "--organization", "acme", "--permission", "files:read", data_dir=server.data_dir)

        def row(organization, end=""):
            rows = command("keys", "list", data_dir=server.data_dir).stdout.splitlines()
            return next(row for row in rows if f"\t{organization}\t" in row and end in row)

        command("keys", "rotate", row("acme").split("\t")[0], data_dir=server.data_dir)
        assert Client(server, first).get("/v1/files").status_code == 200
        eventually(lambda: "\tnever\t" not in row("default"))
        assert_lines(listing, row("default") + "\n" + row("acme", end="expires"))


@takes("docs/configuration.md", "acme\t")
def test_organizations_are_listed_as_listed(listing, tmp_path):
    limits = ["--max-files", "1000", "--expires-after-seconds", "2592000"]
    with Server(data_dir=tmp_path):
        command("organizations", "set", "acme", *limits, data_dir=tmp_path)
        lines = command("organizations", "list", data_dir=tmp_path).stdout.splitlines(keepends=True)
        assert_lines(listing, next(line for line in lines if line.startswith("acme")), numbers=True)


@takes("docs/configuration.md", "CLK")
def test_signing_keys_are_listed_as_listed(listing, server):
    assert_lines(listing, command("signing-keys", "list", data_dir=server.data_dir).stdout)


# MARK: The proxy


@takes("docs/security.md", "log_format pathonly")
def test_the_proxy_of_the_listing_passes_urls_and_logs_no_signature(listing, tmp_path):
    if shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin") is None:
        pytest.skip("apt-get install nginx-light: the listing is a configuration of nginx")
    data = os.urandom(3_000_000)
    (tmp_path / "photo.png").write_bytes(data)
    with Server(f"--storage-url=https://{HOST}") as server, ListedNginx(
        listing, server.storage, free_port(), tmp_path
    ) as nginx:
        client = server.client()
        ticket = client.mint(len(data))
        put = ["-T", str(tmp_path / "photo.png"), "-H", "Content-Type: image/png", "-w", "%{http_code}"]
        assert nginx.curl(ticket["upload_url"], *put) == b"200"
        assert nginx.curl(client.url(ticket["file_id"])) == data
        log = nginx.log.read_text()
    assert f'"PUT /uploads/{ticket["file_id"]}" 200' in log and f'"GET /files/{ticket["file_id"]}" 200' in log
    assert "?" not in log and "X-Amz" not in log
