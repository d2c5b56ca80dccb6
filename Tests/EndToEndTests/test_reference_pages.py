"""The examples of the reference pages, run from the pages' own text."""

import hashlib
import pathlib
import re
import subprocess
import sys
import time

import pytest
from cloakroom import ROOT, Server
from png import image

PAGES = ROOT.parent / "shared" / "reference"
UPLOADS = PAGES / "modelroute-file-uploads.txt"
DOWNLOADS = PAGES / "modelroute-file-downloads.txt"

pytestmark = pytest.mark.skipif(
    not UPLOADS.exists() or not DOWNLOADS.exists(), reason=f"the reference pages are not at {PAGES}"
)


@pytest.fixture
def photo(tmp_path):
    data = image(1500, 1200)
    assert len(data) > 4_000_000
    (tmp_path / "photo.png").write_bytes(data)
    return data


def listing(page, start, end, name, key, base, size=None):
    """A listing of a page, with only key, base, file name and size changed."""
    text = page.read_text()
    code = text[text.index(start) : text.index(end)]
    code = code.replace("sk_your_api_key_here", key).replace("https://api.modelroute.ai/v1", base)
    # The page lost its indentation on the way: Python wants one in its two blocks.
    code = code.replace("\nrequests.put(", "\n    requests.put(").replace("\nf.write(", "\n    f.write(")
    return code.replace("2048576", str(size)) if size else code


def run(code, directory):
    result = subprocess.run([sys.executable, "-c", code], cwd=directory, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_python_examples(server, client, photo, tmp_path):
    base = server.api + "/v1"
    upload = listing(UPLOADS, "import requests", "# 3. Use in execution", "photo.png", client.key, base, len(photo))
    file_id = run(upload + "\nprint(file_id)", tmp_path).strip()
    download = listing(DOWNLOADS, "import requests", "# 1. Run execution", None, client.key, base)
    download += f'\nfile_id = "{file_id}"\n' + listing(
        DOWNLOADS, "# 3. Download", "Error handling", None, client.key, base
    )
    assert f"Downloaded {len(photo)} bytes" in run(download, tmp_path)
    assert (tmp_path / "landscape.png").read_bytes() == photo
    assert client.get(f"/v1/files/{file_id}").json()["sha256"] == hashlib.sha256(photo).hexdigest()


def curl_lines(page, key, base):
    text = page.read_text().replace("sk_your_api_key_here", key).replace("https://api.modelroute.ai/v1", base)
    return re.findall(r"curl (?:.*\\\n)*.*(?:\n(?:\"|\}).*)*", text)


def test_the_curl_examples(server, client, photo, tmp_path):
    (tmp_path / "input-photo.png").write_bytes(photo)
    base = server.api + "/v1"
    step1, step2 = curl_lines(UPLOADS, client.key, base)[:2]
    step1 = step1.replace("2048576", str(len(photo)))
    ticket = subprocess.run(["sh", "-c", step1], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    import json

    ticket = json.loads(ticket.stdout)
    step2 = re.sub(r'"https://storage[^"]*"', lambda _: f'"{ticket["upload_url"]}"', step2)
    result = subprocess.run(["sh", "-c", step2 + " -w '%{http_code}'"], cwd=tmp_path, capture_output=True, text=True)
    assert result.stdout == "200", result
    last = [line for line in curl_lines(DOWNLOADS, client.key, base) if "-o result.png" in line][0]
    last = re.sub(r"file_[0-9a-f-]{36}", ticket["file_id"], last)
    assert subprocess.run(["sh", "-c", last], cwd=tmp_path, capture_output=True, timeout=60).returncode == 0
    assert (tmp_path / "result.png").read_bytes() == photo
