"""The operations listener."""

import concurrent.futures
import re
import time

import requests
from cloakroom import http, put


def test_health_and_readiness(server):
    assert requests.get(server.operations + "/healthz", timeout=5).text == "ok\n"
    ready = requests.get(server.operations + "/readyz", timeout=5)
    assert (ready.status_code, ready.text) == (200, "ready\n")


def test_readiness_probes_the_database_at_most_once_a_second(server):
    before = value(server.metrics(), "cloakroom_catalog_batch_size_count")
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: requests.get(server.operations + "/readyz", timeout=5).text, range(400)))
    seconds = time.monotonic() - begun
    assert answers == ["ready\n"] * 400
    # Its own commits, and what else the server commits meanwhile.
    commits = value(server.metrics(), "cloakroom_catalog_batch_size_count") - before
    assert commits <= 2 * seconds + 5 < 100


def value(text, name, **labels):
    """The sum of the samples of a name that have these labels."""
    total = 0
    for line in text.splitlines():
        sample, _, number = line.rpartition(" ")
        found = dict(re.findall(r'(\w+)="([^"]*)"', sample))
        if sample.partition("{")[0] == name and labels.items() <= found.items():
            total += float(number)
    return total


def test_metrics_count_what_happens(server, client):
    before = server.metrics()
    data = b"x" * 100_000
    file_id = client.upload(data)
    url = client.url(file_id)
    assert http("GET", url).content == data
    assert http("GET", url + "0").status_code == 403
    ticket = client.mint(10)
    assert put(ticket["upload_url"], b"x", "image/png").status_code == 400
    after = server.metrics()

    def growth(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    upload, download = "PUT /uploads/{file_id}", "GET /files/{file_id}"
    assert growth("cloakroom_requests_total", origin="storage", route=upload, status="200") == 1
    assert growth("cloakroom_requests_total", origin="storage", route=download, status="200") == 1
    assert growth("cloakroom_requests_total", origin="storage", route=download, status="403") == 1
    assert growth("cloakroom_requests_total", origin="api", route="POST /v1/files/upload", status="200") == 2
    assert growth("cloakroom_request_duration_seconds_count", origin="storage", route=download) == 2
    assert growth("cloakroom_uploads_total", outcome="sealed") == 1
    assert growth("cloakroom_rejected_signatures_total", reason="signature") == 1
    assert growth("cloakroom_rejected_signatures_total", reason="content_length") == 1
    assert growth("cloakroom_received_bytes_total", origin="storage") >= len(data)
    assert growth("cloakroom_sent_bytes_total", origin="storage") >= len(data)
    assert growth("cloakroom_catalog_batch_size_count") >= 3
    assert "cloakroom_open_connections" in after


def test_metrics_are_prometheus_text(server):
    text = server.metrics()
    for line in text.splitlines():
        assert re.fullmatch(r'# TYPE \w+ (counter|gauge|histogram)|# HELP \w+ [^\\]+|\w+(\{(\w+="[^"]*",?)*\})? [-+0-9.eE]+', line), line


def test_labels_do_not_come_from_requests(server, client):
    before = server.metrics()
    assert http("GET", server.api + "/v1/some/where").status_code == 404
    # This method is none to the API's parser, which ends the connection.
    assert http("FROBNICATE", server.api + "/v1/some/where").status_code == 400
    assert http("FROBNICATE", server.storage + "/v1/some/where").status_code == 403
    after = server.metrics()
    for origin, status in (("api", "404"), ("storage", "403")):
        counts = [value(text, "cloakroom_requests_total", origin=origin, status=status) for text in (before, after)]
        assert counts[1] == counts[0] + 1, origin
    assert "FROBNICATE" not in after and "some/where" not in after


def test_every_metric_says_what_it_is(server):
    client = server.client()
    client.get(f"/v1/files/{client.upload(b'hello')}")
    lines = server.metrics().splitlines()
    names = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(names) > 15
    for name in names:
        text = [line for line in lines if line.startswith(f"# HELP {name} ")]
        assert len(text) == 1 and text[0].endswith(".") and lines[lines.index(text[0]) + 1].startswith(f"# TYPE {name} ")
