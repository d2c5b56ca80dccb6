"""Every listing of the four ModelRoute pages, run from the pages' own text against Examples/Gateway."""

import json
import re
import subprocess
import time

from cloakroom import EVIDENCE, http
from example_gateway import binary, customer, gateway
from pictures import photo, picture
from reference_listings import (
    DOWNLOADS, EXECUTIONS, QUICKSTART, UPLOADS, assert_like, curl_listings, examples, needs_pages, python_listings,
)  # fmt: skip

pytestmark = needs_pages


def test_no_listing_is_left_out():
    pages = (EXECUTIONS, DOWNLOADS, UPLOADS, QUICKSTART)
    counts = [(len(curl_listings(page)), len(python_listings(page))) for page in pages]
    assert counts == [(3, 0), (2, 1), (3, 1), (3, 0)]
    text = "\n".join(page.read_text() for page in pages)
    assert sum(map(sum, counts)) == len(re.findall(r"\bcurl -|^import ", text, re.MULTILINE)) == 13


def test_the_executions_page(gateway, customer, photo, tmp_path):
    # The tests below take each listing in turn, and so fail to unpack where there is another one.
    from_text, from_file, cancel = curl_listings(EXECUTIONS)
    (pending,) = examples(EXECUTIONS)

    output, status = customer.run(from_text, tmp_path)
    execution = json.loads(output)
    assert status == 202
    assert_like(execution, pending)
    assert re.fullmatch(r"exec_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", execution["id"])
    result = customer.wait(execution["id"], "COMPLETED")["result"]
    assert result["content_type"] == "image/png"

    output, status = customer.run(from_file, tmp_path, file=customer.upload(photo))
    execution = json.loads(output)
    assert (status, execution["status"], execution["model"]) == (202, "PENDING", "seedance-video")
    result = customer.wait(execution["id"], "COMPLETED")["result"]
    assert set(result) == {"file_id", "content_type"} and result["content_type"] == "video/mp4"
    video = customer.get(f"/v1/files/{result['file_id']}/download").content
    assert video[4:8] == b"ftyp"
    (tmp_path / "video.mp4").write_bytes(video)
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "video.mp4", "-f", "framemd5", "-"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (decoded.returncode, decoded.stderr) == (0, "")
    frames = [line for line in decoded.stdout.splitlines() if not line.startswith("#")]
    assert len(frames) == 125  # five seconds, as the listing asks
    output = customer.get(f"/v1/executions/{execution['id']}/result").json()["output"]
    assert output == {"videos": [{"file_id": result["file_id"], "format": "mp4"}]}

    slow = customer.submit("slow").json()["id"]
    customer.wait(slow, "PROCESSING")
    output, status = customer.run(cancel, tmp_path, execution=slow)
    assert (status, json.loads(output)["status"]) == (200, "CANCELLED")
    assert customer.get(f"/v1/executions/{slow}").json()["status"] == "CANCELLED"


def test_the_downloads_page(customer, tmp_path):
    show, download = curl_listings(DOWNLOADS)
    (program,) = python_listings(DOWNLOADS)
    completed, presigned = examples(DOWNLOADS)
    execution = customer.finish("flux-1.1-pro")["id"]

    output, status = customer.run(show, tmp_path, execution=execution)
    assert status == 200
    assert_like(json.loads(output), completed)
    file = json.loads(output)["result"]["file_id"]

    _, status = customer.run(download, tmp_path, file=file)
    assert status == 200
    assert picture((tmp_path / "result.png").read_bytes(), tmp_path)[:3] == ("PNG", 1024, 768)
    link = customer.get(f"/v1/files/{file}/download", headers={"Accept": "application/json"}).json()
    EVIDENCE.signature_of(link["url"])
    assert_like(link, presigned)
    assert http("GET", link["url"]).content == (tmp_path / "result.png").read_bytes()

    assert re.fullmatch(r"Downloaded \d+ bytes\n", customer.run_python(program, tmp_path))
    assert picture((tmp_path / "landscape.png").read_bytes(), tmp_path)[:3] == ("PNG", 1024, 768)
    assert (tmp_path / "landscape.png").read_bytes() != (tmp_path / "result.png").read_bytes()


def test_the_uploads_page(customer, photo, tmp_path):
    request, send, use = curl_listings(UPLOADS)
    (program,) = python_listings(UPLOADS)
    (ticket,) = examples(UPLOADS)
    (tmp_path / "input-photo.png").write_bytes(photo)
    (tmp_path / "photo.png").write_bytes(photo)
    original = picture(photo, tmp_path)

    output, status = customer.run(request, tmp_path)
    answer = json.loads(output)
    EVIDENCE.signature_of(answer["upload_url"])
    assert status == 200
    assert_like(answer, ticket)
    output, status = customer.run(send, tmp_path, upload=answer["upload_url"])
    assert (status, output) == (200, "")
    # There is no Idempotency-Key: the answer waits for the end.
    output, status = customer.run(use, tmp_path, file=answer["file_id"])
    execution = json.loads(output)
    assert (status, execution["status"]) == (202, "COMPLETED"), output
    painting = customer.get(f"/v1/files/{execution['result']['file_id']}/download").content
    painted = picture(painting, tmp_path)
    assert painted[:3] == original[:3] == ("PNG", 900, 700)
    assert painted[3] != original[3] and painting != photo
    assert (execution["result"]["width"], execution["result"]["height"]) == (900, 700)

    output = customer.run_python(program, tmp_path)
    match = re.fullmatch(r"Execution (exec_[0-9a-f-]{36}): COMPLETED\n", output)
    assert match, output
    result = customer.get(f"/v1/executions/{match[1]}").json()["result"]
    again = customer.get(f"/v1/files/{result['file_id']}/download").content
    assert picture(again, tmp_path)[3] != original[3]


def test_the_quickstart_page(customer, tmp_path):
    submit, poll, download = curl_listings(QUICKSTART)
    pending, completed = examples(QUICKSTART)

    output, status = customer.run(submit, tmp_path)
    assert status == 202
    assert_like(json.loads(output), pending)
    execution = json.loads(output)["id"]

    until = time.monotonic() + 90
    while True:
        output, status = customer.run(poll, tmp_path, execution=execution)
        assert status == 200
        result = json.loads(output)
        if result["status"] == "COMPLETED" or time.monotonic() > until:
            break
        assert set(result) == {"execution_id", "status"} and result["status"] in ("PENDING", "PROCESSING")
        time.sleep(0.2)
    assert_like(result, completed)
    assert result["execution_id"] == execution and result["latency_ms"] > 0

    _, status = customer.run(download, tmp_path, file=result["output"]["images"][0]["file_id"])
    assert status == 200
    assert picture((tmp_path / "result.png").read_bytes(), tmp_path)[:3] == ("PNG", 1024, 768)
