"""Makes the archives of data directories that earlier versions left: `CLOAKROOM_BINARY=… earlier_stores.py NAME`.

They are made once, by the binary of the commit before a change of format, into `earlier/NAME-stopped.tar.gz` and
`earlier/NAME-killed.tar.gz`; `test_earlier_stores.py` starts the present binary on them.
"""

import hashlib
import json
import pathlib
import signal
import subprocess
import sys
import tempfile

from cloakroom import Client, Server

ARCHIVES = pathlib.Path(__file__).parent / "earlier"
# In packs, and in files of their own.
SIZES = [1, 11, 4_096, 60_000, 65_536, 65_537, 300_000]


def body(number):
    """The bytes of a file; they compress well."""
    return (hashlib.sha256(str(number).encode()).digest() * (SIZES[number] // 32 + 1))[: SIZES[number]]


def fill(data_dir, end):
    """Uploads, in two runs, of which the last ends by a signal; what there is goes to a file beside the store."""
    with Server(data_dir=data_dir) as server:
        client = server.client("acme")
        ready = {client.upload(body(number), f"photo-{number}.png"): number for number in range(4)}
    server.start()
    client = Client(server, client.key)
    ready |= {client.upload(body(number), f"photo-{number}.png"): number for number in range(4, len(SIZES))}
    deleted = [client.upload(b"deleted" * size) for size in (10, 20_000)]
    for file_id in deleted:
        assert client.delete(f"/v1/files/{file_id}").ok
    server.stop(end)
    content = {"key": client.key, "ready": ready, "deleted": deleted}
    (data_dir.parent / "content.json").write_text(json.dumps(content))


def main():
    ARCHIVES.mkdir(exist_ok=True)
    for name, end in (("stopped", signal.SIGTERM), ("killed", signal.SIGKILL)):
        with tempfile.TemporaryDirectory() as directory:
            fill(pathlib.Path(directory) / "data", end)
            archive = ARCHIVES / f"{sys.argv[1]}-{name}.tar.gz"
            line = ["tar", "--sparse", "--owner=0", "--group=0", "-czf", archive, "data", "content.json"]
            subprocess.run(line, cwd=directory, check=True)


if __name__ == "__main__":
    main()
