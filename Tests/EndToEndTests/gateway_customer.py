"""A customer of Examples/Gateway."""

import os
import re
import subprocess
import sys
import time
import uuid

from cloakroom import EVIDENCE, Session, put


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


def error(response, status, code):
    assert (response.status_code, response.json()["error"]["code"]) == (status, code), response.text
    assert response.json()["error"]["request_id"] == response.headers["X-Request-ID"]
    return response.json()["error"]["details"]
