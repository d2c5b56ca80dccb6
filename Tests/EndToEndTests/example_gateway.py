"""Examples/Gateway, built and running, with customers of its own."""

import contextlib
import functools
import hashlib
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import tempfile

import pytest
from cloakroom import EVIDENCE, ROOT
from gateway_customer import Customer

EXAMPLE = ROOT / "Examples/Gateway"
PROGRAMS = {"convert": "imagemagick", "identify": "imagemagick", "ffmpeg": "ffmpeg", "jq": "jq", "curl": "curl"}


@functools.cache
def built():
    """Builds the example, once, and returns the path of its binary."""
    line = ["swift", "build", "--package-path", str(EXAMPLE), "--scratch-path", str(ROOT / ".build/gateway")]
    result = subprocess.run(line, capture_output=True, text=True, timeout=1500, cwd=ROOT)
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
    path = subprocess.run([*line, "--show-bin-path"], capture_output=True, text=True, timeout=120, cwd=ROOT, check=True)
    return pathlib.Path(path.stdout.strip()) / "gateway"


@pytest.fixture(scope="module")
def binary():
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        pytest.skip(f"apt-get install {' '.join(missing)}: the gateway's models and the pages' listings need them")
    if shutil.which("swift") is None:
        pytest.skip("no Swift toolchain to build Examples/Gateway with")
    return built()


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
        # Opened anew: the gateway writes where this file's own position is.
        with open(f"/proc/self/fd/{self.log.fileno()}") as log:
            return log.read()

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
