"""Every listing of the four ModelRoute pages, run from the pages' own text against Examples/Gateway."""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

import pytest
from cloakroom import EVIDENCE, ROOT, Session, http, put
from png import chunk, image

PAGES = ROOT.parent / "shared" / "reference"
EXECUTIONS, DOWNLOADS, UPLOADS, QUICKSTART = (
    PAGES / f"modelroute-{name}.txt" for name in ("executions", "file-downloads", "file-uploads", "quickstart")
)
EXAMPLE = ROOT / "Examples/Gateway"
PROGRAMS = {"convert": "imagemagick", "identify": "imagemagick", "ffmpeg": "ffmpeg", "jq": "jq", "curl": "curl"}
PHOTO_SIZE = 2_048_576  # as the pages have it
# What differs from run to run.
OWN = {"id", "execution_id", "file_id", "upload_url", "url", "expires_at", "created_at", "latency_ms", "size_bytes"}

pytestmark = pytest.mark.skipif(
    not all(page.exists() for page in (EXECUTIONS, DOWNLOADS, UPLOADS, QUICKSTART)),
    reason=f"the reference pages are not at {PAGES}",
)


# The pages


def curl_listings(page):
    """Commands as they stand there: on while a line ends in a backslash, or a quotation is open."""
    found = []
    lines = iter(page.read_text().splitlines())
    for line in lines:
        if not line.startswith("curl "):
            continue
        listing = line
        while listing.endswith("\\") or listing.count("'") % 2:
            listing += "\n" + next(lines)
        found.append(listing)
    return found


def python_listings(page):
    """Programs as they stand there, to the next heading; the block under `with` has lost its indentation."""
    found = []
    for start in re.finditer(r"^import requests$", page.read_text(), re.MULTILINE):
        code = page.read_text()[start.start() :].partition("\nError handling\n")[0]
        found.append(re.sub(r"^(with .*:)\n(?=\S)", r"\1\n    ", code, flags=re.MULTILINE))
    return found


def examples(page):
    """The answers that a page shows."""
    text = page.read_text()
    starts = [match.start() for match in re.finditer(r"^\{$", text, re.MULTILINE)]
    return [json.JSONDecoder().raw_decode(text, start)[0] for start in starts]


def assert_like(answer, example):
    """The answer has every member of the page's, with its value where that is no accident."""
    for name, value in example.items():
        assert name in answer, (name, answer)
        if isinstance(value, dict):
            assert_like(answer[name], value)
        elif isinstance(value, list):
            assert len(answer[name]) == len(value)
            for one, other in zip(answer[name], value):
                assert_like(one, other)
        elif name not in OWN:
            assert answer[name] == value, name


# The gateway


@pytest.fixture(scope="module")
def binary():
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        pytest.skip(f"apt-get install {' '.join(missing)}: the gateway's models and the pages' listings need them")
    if shutil.which("swift") is None:
        pytest.skip("no Swift toolchain to build Examples/Gateway with")
    line = ["swift", "build", "--package-path", str(EXAMPLE), "--scratch-path", str(ROOT / ".build/gateway")]
    built = subprocess.run(line, capture_output=True, text=True, timeout=1500, cwd=ROOT)
    assert built.returncode == 0, built.stdout[-8000:] + built.stderr[-2000:]
    path = subprocess.run([*line, "--show-bin-path"], capture_output=True, text=True, timeout=120, cwd=ROOT, check=True)
    return pathlib.Path(path.stdout.strip()) / "gateway"


def model(command, filename="image.png", content_type="image/png", timeout=60, **output):
    return {
        "cost": "0.040",
        "hold_factor": "1.2",
        "timeout_seconds": timeout,
        "inputs": {"prompt": {"kind": "text"}},
        "variants": [{"requires": ["prompt"], "command": command}],
        "output": {"filename": filename, "content_type": content_type, **output},
    }


class Gateway:
    """The example, running, with customers of its own."""

    BALANCES = {"modelroute": "100.00", "modelroute-poor": "0.050", "modelroute-other": "1.00"}

    def __init__(self, binary, server, directory):
        self.keys = {organization: "sk_" + secrets.token_hex(36) for organization in self.BALANCES}
        self.temporary = directory / "tmp"
        self.temporary.mkdir()
        configuration = json.loads((EXAMPLE / "gateway.json").read_text())
        configuration["cloakroom"] = server.api
        configuration["accounts"] = [
            {
                "organization": organization,
                "key_sha256": hashlib.sha256(self.keys[organization].encode()).hexdigest(),
                "balance": balance,
            }
            for organization, balance in self.BALANCES.items()
        ]
        configuration["models"] |= {
            "slow": model(["sleep", "60"]),
            "late": model(["sleep", "60"], timeout=1),
            "broken": model(["false"]),
            "idle": model(["true"]),
            "large": model(["dd", "if=/dev/zero", "of={output}", "bs=1M", "count=2"], maximum_bytes=1_000_000),
            "curious": model(
                ["sh", "-c", 'env > "$0"; cat "$1" >> "$0"', "{output}", "{prompt}"], "seen.txt", "text/plain"
            ),
        }
        path = directory / "gateway.json"
        path.write_text(json.dumps(configuration))
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [binary, "--config", path, "--address", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, "CLOAKROOM_GATEWAY_KEY": server.key(gateway=True), "TMPDIR": str(self.temporary)},
        )
        line = self.process.stdout.readline()
        match = re.fullmatch(r"gateway (http://127\.0\.0\.1:\d+)\n", line)
        assert match, line + self.logged()
        self.url = match[1]

    def logged(self):
        self.log.seek(0)
        return self.log.read()

    def customer(self, organization="modelroute"):
        return Customer(self, self.keys[organization])

    def children(self):
        """The processes that the gateway has started."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, parent = path.read_text().rpartition(")")[2].split()[:2]
                if int(parent) == self.process.pid and state != "Z":
                    found.append(path.parent.name)
        return found

    def stop(self):
        self.process.terminate()
        code = self.process.wait(30)
        EVIDENCE.text("log of the gateway", self.logged())
        return code


class Customer:
    """A customer of the gateway: `requests` with its key."""

    def __init__(self, gateway, key):
        EVIDENCE.secret(key)
        self.gateway = gateway
        self.key = key
        self.session = Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def request(self, method, path, **options):
        return self.session.request(method, self.gateway.url + path, timeout=120, **options)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def upload(self, data, filename="photo.png", content_type="image/png"):
        body = {"filename": filename, "content_type": content_type, "size_bytes": len(data)}
        ticket = self.post("/v1/files/upload", json=body)
        assert ticket.status_code == 200, ticket.text
        assert put(ticket.json()["upload_url"], data, content_type).status_code == 200
        return ticket.json()["file_id"]

    def submit(self, model, key=None, **input):
        """Submits, and does not wait: with an Idempotency-Key."""
        body = {"model": model, "input": {"prompt": "A prompt", **input}}
        return self.post("/v1/executions", json=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    def wait(self, execution_id, *statuses):
        statuses = statuses or ("COMPLETED", "FAILED", "CANCELLED")
        until = time.monotonic() + 90
        while time.monotonic() < until:
            execution = self.get(f"/v1/executions/{execution_id}").json()
            if execution["status"] in statuses:
                return execution
            time.sleep(0.1)
        raise AssertionError(f"{execution_id} is {execution['status']}: {self.gateway.logged()[-2000:]}")

    def finish(self, model, **input):
        response = self.submit(model, **input)
        assert response.status_code == 202, response.text
        return self.wait(response.json()["id"])

    def cancel(self, execution_id):
        return self.post(f"/v1/executions/{execution_id}/cancel")

    def run(self, listing, directory, file=None, execution=None, upload=None):
        """Runs a curl listing in a shell: its standard output, and the status of its answer.

        Changed are the host, the key, and the ids that the page invents.
        """
        text = listing.replace("sk_your_api_key_here", self.key)
        text = text.replace("https://api.modelroute.ai", self.gateway.url)
        text = re.sub(r"https://storage\.modelroute\.ai/[^\"]*", lambda _: upload, text)
        text = re.sub(r"file_f47ac10b(-[0-9a-f-]{27}|\.\.\.)", lambda _: file, text)
        text = re.sub(r"exec_a1b2c3d4(-[0-9a-f-]{27}|\.\.\.)|\{execution_id\}", lambda _: execution, text)
        assert "modelroute.ai" not in text
        # The status comes from curl's own configuration; the listing stays as it is.
        (directory / ".curlrc").write_text('no-progress-meter\nwrite-out = "%{stderr}%{http_code}"\n')
        result = subprocess.run(
            ["sh", "-c", text],
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "CURL_HOME": str(directory)},
        )
        assert result.returncode == 0, result.stderr
        return result.stdout, int(result.stderr)

    def run_python(self, listing, directory):
        code = listing.replace("sk_your_api_key_here", self.key)
        code = code.replace("https://api.modelroute.ai", self.gateway.url)
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=directory, capture_output=True, text=True, timeout=150
        )
        assert result.returncode == 0, result.stderr
        return result.stdout


@pytest.fixture(scope="module")
def gateway(binary, server, tmp_path_factory):
    gateway = Gateway(binary, server, tmp_path_factory.mktemp("gateway"))
    try:
        yield gateway
    finally:
        assert gateway.stop() == 0


@pytest.fixture
def customer(gateway):
    return gateway.customer()


@pytest.fixture(scope="module")
def photo():
    """A PNG of just the size that the pages declare, filled up with a chunk that every reader skips."""
    data = image(900, 700)
    data = data[:-12] + chunk(b"paDd", bytes(PHOTO_SIZE - len(data) - 12)) + data[-12:]
    assert len(data) == PHOTO_SIZE
    return data


def picture(data, directory):
    """Format, width, height, and ImageMagick's digest of the pixels; a file that is no picture fails."""
    path = directory / "looked-at"
    path.write_bytes(data)
    result = subprocess.run(["identify", "-format", "%m %w %h %#", path], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    kind, width, height, digest = result.stdout.split()
    return kind, int(width), int(height), digest


def error(response, status, code):
    assert (response.status_code, response.json()["error"]["code"]) == (status, code), response.text
    assert response.json()["error"]["request_id"] == response.headers["X-Request-ID"]
    return response.json()["error"]["details"]


# Every listing


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


# The errors that the pages name


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"filename": None}, "filename"),
        ({"content_type": "png"}, "content_type"),
        ({"content_type": "audio/mp3"}, "filename"),
        ({"size_bytes": 104_857_601}, "size_bytes"),
    ],
)
def test_a_bad_upload_is_an_input_validation_error(customer, change, field):
    body = {"filename": "input-photo.png", "content_type": "image/png", "size_bytes": PHOTO_SIZE} | change
    body = {name: value for name, value in body.items() if value is not None}
    details = error(customer.post("/v1/files/upload", json=body), 400, "INPUT_VALIDATION_ERROR")
    assert details["fields"][0]["field"] in (field, "content_type")


def test_a_raw_url_in_the_input_is_refused(customer):
    response = customer.submit("flux-1.1-pro", image="https://example.com/photo.png")
    (field,) = error(response, 400, "INPUT_VALIDATION_ERROR")["fields"]
    assert (field["field"], field["pointer"]) == ("input", "/image")


@pytest.mark.parametrize(
    ("body", "field", "pointer"),
    [
        ({"model": "unknown", "input": {}}, "model", None),
        ({"input": {"prompt": "A prompt"}}, "model", None),
        ({"model": "flux-1.1-pro"}, "input", None),
        ({"model": "flux-1.1-pro", "input": "A prompt"}, "input", None),
        ({"model": "flux-1.1-pro", "input": {}}, "input", "/prompt"),
        ({"model": "flux-1.1-pro", "input": {"prompt": ""}}, "input", "/prompt"),
        ({"model": "flux-1.1-pro", "input": {"prompt": 1}}, "input", "/prompt"),
        ({"model": "flux-1.1-pro", "input": {"prompt": "x", "image": "photo.png"}}, "input", "/image"),
        ({"model": "seedance-video", "input": {"prompt": "x"}}, "input", "/source_image"),
        ({"model": "seedance-video", "input": {"prompt": "x", "duration": 11}}, "input", "/duration"),
        ({"model": "seedance-video", "input": {"prompt": "x", "duration": "-y"}}, "input", "/duration"),
        ([], "body", None),
    ],
)
def test_a_bad_submission_is_an_input_validation_error(customer, body, field, pointer):
    details = error(customer.post("/v1/executions", json=body), 400, "INPUT_VALIDATION_ERROR")
    assert (details["fields"][0]["field"], details["fields"][0].get("pointer")) == (field, pointer)


def test_a_file_of_another_type_is_unsupported(customer):
    sound = customer.upload(b"sound", "sound.mp3", "audio/mpeg")
    details = error(customer.submit("flux-1.1-pro", image=sound), 422, "FILE_FORMAT_UNSUPPORTED")
    assert details["files"][0]["file_id"] == sound and details["files"][0]["pointers"] == ["/image"]
    assert "image/png" in details["files"][0]["accept"]


def test_a_file_that_is_not_there_is_not_found(gateway, customer):
    body = {"filename": "photo.png", "content_type": "image/png", "size_bytes": 5}
    pending = customer.post("/v1/files/upload", json=body).json()["file_id"]
    foreign = gateway.customer("modelroute-other").upload(b"bytes")
    for missing in (f"file_{uuid.uuid4()}", pending, foreign):
        details = error(customer.submit("flux-1.1-pro", image=missing), 404, "FILE_NOT_FOUND")
        assert details["files"] == [{"file_id": missing, "pointers": ["/image"]}]
        error(customer.get(f"/v1/files/{missing}/download"), 404, "FILE_NOT_FOUND")


def test_a_balance_that_is_too_small(gateway, photo):
    poor = gateway.customer("modelroute-poor")
    file = poor.upload(photo)
    slow = poor.submit("slow").json()["id"]
    details = error(poor.submit("flux-1.1-pro", image=file), 402, "INSUFFICIENT_BALANCE")
    assert details == {"required": "0.048", "available": "0.002"}
    # Cancelling releases the hold at once, and ends the command.
    assert poor.cancel(slow).json()["status"] == "CANCELLED"
    again = poor.submit("slow")
    assert again.status_code == 202
    assert poor.cancel(again.json()["id"]).status_code == 200
    # What fails or is cancelled costs nothing; what completes costs what it says, and then there is no room for more.
    assert poor.finish("broken")["status"] == "FAILED"
    assert poor.finish("curious")["status"] == "COMPLETED"
    assert error(poor.submit("curious"), 402, "INSUFFICIENT_BALANCE")["available"] == "0.010"


@pytest.mark.parametrize(
    "authorization", [None, "Bearer sk_your_api_key_here", "Basic c2s6", "Bearer", "Bearer a b", "Key unknown"]
)
def test_a_missing_or_invalid_key_is_unauthorized(gateway, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    routes = [("POST", "/v1/executions"), ("GET", "/v1/files"), ("POST", "/v1/files/upload")]
    for path in ("", "/result"):
        routes.append(("GET", f"/v1/executions/exec_{uuid.uuid4()}{path}"))
    routes.append(("POST", f"/v1/executions/exec_{uuid.uuid4()}/cancel"))
    routes.append(("GET", f"/v1/files/file_{uuid.uuid4()}/download"))
    for method, path in routes:
        response = http(method, gateway.url + path, headers=headers)
        error(response, 401, "UNAUTHORIZED")
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_the_scheme_of_a_key_may_be_key(gateway, customer):
    response = http("GET", gateway.url + "/v1/files", headers={"Authorization": f"Key {customer.key}"})
    assert response.status_code == 200


# Executions


def test_the_same_key_and_body_are_the_same_execution(gateway, customer):
    key = str(uuid.uuid4())
    first = customer.submit("flux-1.1-pro", key).json()
    done = customer.wait(first["id"])
    again = customer.submit("flux-1.1-pro", key)
    assert (again.status_code, again.json()) == (202, done)
    error(customer.submit("flux-1.1-pro", key, seed=1), 409, "IDEMPOTENCY_KEY_REUSED")
    # Another organization's key is another key.
    other = gateway.customer("modelroute-other").submit("flux-1.1-pro", key)
    assert other.status_code == 202 and other.json()["id"] != first["id"]
    for bad in ("", "x" * 256):
        response = customer.post("/v1/executions", json={}, headers={"Idempotency-Key": bad})
        details = error(response, 400, "INPUT_VALIDATION_ERROR")
        assert details["fields"][0]["field"] == "Idempotency-Key"


def test_the_same_prompt_makes_the_same_picture(customer, tmp_path):
    digests = []
    for prompt in ("A city", "A city", "A mountain"):
        result = customer.finish("flux-1.1-pro", prompt=prompt)["result"]
        digests.append(picture(customer.get(f"/v1/files/{result['file_id']}/download").content, tmp_path)[3])
    assert digests[0] == digests[1] != digests[2]


def test_cancelling_ends_the_command(gateway, customer):
    slow = customer.submit("slow").json()["id"]
    customer.wait(slow, "PROCESSING")
    until = time.monotonic() + 10
    while not gateway.children() and time.monotonic() < until:
        time.sleep(0.05)
    assert gateway.children()
    assert customer.cancel(slow).json()["status"] == "CANCELLED"
    while gateway.children() and time.monotonic() < until:
        time.sleep(0.05)
    assert not gateway.children()
    assert customer.cancel(slow).status_code == 200
    result = customer.get(f"/v1/executions/{slow}/result").json()
    assert result == {"execution_id": slow, "status": "CANCELLED", "cost": "0.000"}


def test_what_has_ended_cannot_be_cancelled(customer):
    for name, status in (("curious", "COMPLETED"), ("broken", "FAILED")):
        execution = customer.finish(name)
        assert execution["status"] == status
        assert error(customer.cancel(execution["id"]), 409, "EXECUTION_FINISHED") == {"status": status}
        assert customer.get(f"/v1/executions/{execution['id']}").json() == execution


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("broken", "MODEL_FAILED"),
        ("idle", "MODEL_FAILED"),
        ("large", "MODEL_FAILED"),
        ("late", "EXECUTION_TIMED_OUT"),
    ],
)
def test_a_failure_is_told_and_costs_nothing(customer, name, code):
    execution = customer.finish(name)
    assert (execution["status"], execution["error"]["code"]) == ("FAILED", code)
    result = customer.get(f"/v1/executions/{execution['id']}/result").json()
    assert (result["status"], result["error"]["code"], result["cost"]) == ("FAILED", code, "0.000")


def test_a_file_that_is_not_what_its_type_says_reaches_no_command(customer):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'
    execution = customer.finish("flux-1.1-pro", image=customer.upload(svg))
    assert (execution["status"], execution["error"]["code"]) == ("FAILED", "FILE_FORMAT_UNSUPPORTED")


@pytest.mark.parametrize("prompt", ["-version", "@/etc/passwd", "%[fx:1]", "label:x", "'; touch x; '", "a\0b", "ä\n"])
def test_a_prompt_is_never_a_part_of_a_command(customer, prompt):
    assert customer.finish("flux-1.1-pro", prompt=prompt)["status"] == "COMPLETED"
    result = customer.finish("curious", prompt=prompt)["result"]
    printed = customer.get(f"/v1/files/{result['file_id']}/download").content
    assert printed.endswith(prompt.encode())


def test_a_command_does_not_see_the_gateways_environment(customer):
    result = customer.finish("curious")["result"]
    printed = customer.get(f"/v1/files/{result['file_id']}/download").text
    assert "PATH=" in printed and "CLOAKROOM" not in printed and "sk_" not in printed


def test_an_execution_is_its_customers_alone(gateway, customer):
    other = gateway.customer("modelroute-other")
    execution = customer.finish("curious")["id"]
    for unknown in (execution, f"exec_{uuid.uuid4()}", "exec_", execution.upper()):
        error(other.get(f"/v1/executions/{unknown}"), 404, "EXECUTION_NOT_FOUND")
        error(other.get(f"/v1/executions/{unknown}/result"), 404, "EXECUTION_NOT_FOUND")
        error(other.cancel(unknown), 404, "EXECUTION_NOT_FOUND")


def test_no_directory_is_left(gateway, customer):
    customer.finish("curious")
    until = time.monotonic() + 10
    while list(gateway.temporary.iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    assert list(gateway.temporary.iterdir()) == []


# Files


def test_files_go_through_the_gateway(server, gateway, customer):
    data = os.urandom(8_000_000)
    headers = {"Content-Type": "image/png"}
    stored = customer.post("/v1/files?filename=a%20b.png", data=data, headers=headers)
    assert stored.status_code == 201, stored.text
    file_id = stored.json()["file_id"]
    assert (stored.headers["Location"], stored.json()["filename"]) == (f"/v1/files/{file_id}", "a b.png")
    chunked = customer.post("/v1/files?filename=c.png", data=iter([b"one", b"two"]), headers=headers)
    assert (chunked.status_code, chunked.json()["size_bytes"]) == (201, 6)

    path = f"/v1/files/{file_id}"
    assert customer.get(path).json()["sha256"] == hashlib.sha256(data).hexdigest()
    whole = customer.get(path + "/download")
    assert (whole.status_code, whole.content) == (200, data)
    assert int(whole.headers["Content-Length"]) == len(data) and whole.headers["Content-Type"] == "image/png"
    part = customer.get(path + "/download", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, data[5:10], "bytes 5-9/8000000")
    cached = customer.get(path + "/download", headers={"If-None-Match": whole.headers["ETag"]})
    assert (cached.status_code, cached.content) == (304, b"")
    head = customer.request("HEAD", path + "/download")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "8000000", b"")
    redirect = customer.get(path + "/download?redirect=true", allow_redirects=False)
    assert redirect.status_code == 307 and redirect.headers["Location"].startswith(server.storage)
    listed = customer.get("/v1/files?limit=1&status=ready&content_type=image/*").json()
    assert listed["files"][0]["file_id"] == chunked.json()["file_id"] and listed["next_cursor"]

    error(customer.post(path + "/upload-url"), 409, "UPLOAD_ALREADY_COMPLETED")
    assert customer.request("DELETE", path).status_code == 204
    error(customer.get(path), 404, "FILE_NOT_FOUND")


def test_a_refused_body_does_no_harm(gateway, customer):
    for _ in range(3):
        response = customer.post(
            "/v1/files?filename=a.png", data=os.urandom(20_000_000), headers={"Content-Type": "audio/mpeg"}
        )
        error(response, 400, "INPUT_VALIDATION_ERROR")
        assert customer.get("/v1/files?limit=1").status_code == 200
    assert gateway.process.poll() is None


def test_the_organization_is_the_gateways_to_say(gateway, customer):
    file_id = customer.upload(b"bytes")
    other = gateway.customer("modelroute-other")
    headers = {"X-Organization-ID": "modelroute"}
    error(other.get(f"/v1/files/{file_id}", headers=headers), 404, "FILE_NOT_FOUND")
    for path in (f"/v1/files/{file_id}%2f..%2f..%2fkeys", "/v1/files/resolve", "/v1/files/..%2fkeys"):
        assert other.get(path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/files/resolve"),
        ("POST", "/v1/inputs/resolve"),
        ("GET", "/v1/keys"),
        ("POST", "/v1/keys"),
        ("GET", "/"),
    ],
)
def test_other_routes_are_not_the_customers(customer, method, path):
    error(customer.request(method, path, json={}), 404, "NOT_FOUND")


# The program


def test_a_wrong_configuration_exits_64(binary, server, tmp_path):
    sample = json.loads((EXAMPLE / "gateway.json").read_text())
    key = server.key(gateway=True)
    flux = sample["models"]["flux-1.1-pro"]
    cases = [
        ({}, "sk_wrong", "CLOAKROOM_GATEWAY_KEY"),
        ({"cloakroom": "127.0.0.1"}, key, "cloakroom"),
        ({"accounts": [{**sample["accounts"][0], "balance": "-1"}]}, key, "balance"),
        ({"accounts": sample["accounts"] * 2}, key, "accounts"),
        ({"models": {"flux": {**flux, "cost": "0.0401"}}}, key, "cost"),
        ({"models": {"flux": {**flux, "variants": [{"requires": [], "command": ["x", "{prompt}"]}]}}}, key, "command"),
        ({"models": {"flux": {**flux, "variants": [{"requires": [], "command": ["{seed}"]}]}}}, key, "command"),
        ({"concurrent_executions": 0}, key, "concurrent_executions"),
    ]
    for change, secret, named in cases:
        path = tmp_path / "gateway.json"
        path.write_text(json.dumps(sample | change))
        result = subprocess.run(
            [binary, "--config", path, "--address", "127.0.0.1:0"],
            capture_output=True,
            text=True,
            timeout=30,
            env={**os.environ, "CLOAKROOM_GATEWAY_KEY": secret},
        )
        assert (result.returncode, result.stdout) == (64, ""), (change, result.stderr)
        assert named in result.stderr
        EVIDENCE.text("stderr of the gateway", result.stderr)
