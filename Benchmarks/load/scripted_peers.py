"""Object stores that a start script runs: OpenStack Swift and Ceph's S3 gateway.

The script has the verbs `start`, `stop` and `env`, each with `--dir DIR`; `env` prints exports.
"""

import hashlib
import hmac
import os
import subprocess
import time
import urllib.parse

from directories import set_aside
from processes import is_alive, with_descendants
from server import Server, contents, upload_all

LIFETIME = 3600
ROOM = 6_000_000_000  # bytes for uploads before the store is made anew


class ScriptedServer(Server):
    """A server that a script starts and stops."""

    script = None
    upload_headers = {"Content-Type": "application/octet-stream"}

    @classmethod
    def started_by(cls, script):
        """Returns this kind of server with a script."""
        return type(cls.__name__, (cls,), {"script": os.path.abspath(script)})

    def __init__(self, directory):
        """Takes the directory; the script makes one for the store in it."""
        super().__init__(directory)
        self.store = self.directory / "store"
        self.names = []
        self.names_made = 0
        self.bytes_announced = 0

    def run(self, verb):
        """Runs a verb of the script."""
        command = [self.script, verb, "--dir", self.store]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(f"{self.script} {verb} ended with {run.returncode}:\n{run.stdout}{run.stderr}")

    def start(self):
        """Starts the server, and reads where it is."""
        self.run("start")
        command = 'eval "$("$0" env --dir "$1")"; env -0'
        output = subprocess.check_output(["bash", "-c", command, self.script, self.store], text=True)
        self.settings = dict(entry.partition("=")[::2] for entry in output.split("\0") if entry)
        parts = urllib.parse.urlsplit(self.settings[self.url_setting])
        self.address = parts.hostname, parts.port
        self.base_path = parts.path
        self.connect()
        self.prepare_files(4096, 8)  # the first upload to a new store takes seconds

    def connect(self):
        """Makes what is needed for signing."""

    def stop(self):
        """Ends the server."""
        self.run("stop")

    def pids(self):
        """Returns its processes, which the script notes in `run/NAME.pid`."""
        noted = [int(path.read_text().split()[0]) for path in self.store.glob("run/*.pid")]
        return with_descendants(pid for pid in noted if is_alive(pid))

    def log_tail(self):
        """Returns the end of its logs."""
        logs = sorted(self.store.glob("log/*"))
        return "\n".join(f"{path.name}: {path.read_text(errors='replace')[-500:]}" for path in logs)

    @classmethod
    def version(cls):
        """Returns the version of the Debian package."""
        format_ = "--showformat=${Package} ${Version}"
        return subprocess.run(["dpkg-query", "--show", format_, cls.package], capture_output=True, text=True).stdout

    def fresh_names(self, count):
        """Returns names that were never used."""
        first = self.names_made
        self.names_made += count
        return [f"{number:09}.bin" for number in range(first, first + count)]

    def prepare_files(self, size, count):
        """Uploads files."""
        self.names = self.fresh_names(count)
        urls = ["http://%s:%d%s" % (*self.address, self.signed("PUT", name)) for name in self.names]
        for _ in upload_all("PUT", urls, contents(size, count), self.upload_headers):
            pass

    def download_targets(self):
        """Signs a URL for every file."""
        return [self.signed("GET", name) for name in self.names]

    def upload_targets(self, size, count):
        """Signs URLs for fresh names."""
        self.bytes_announced += size * count
        return [self.signed("PUT", name) for name in self.fresh_names(count)]

    def discard_uploads(self):
        """Makes the store anew once it could have become full; before that a start would cost more."""
        if self.bytes_announced > ROOM:
            self.bytes_announced = 0
            self.stop()
            set_aside(self.store)
            self.start()


class OpenStackSwift(ScriptedServer):
    """OpenStack Swift with TempURL."""

    name = "openstack-swift"
    package = "swift-proxy"
    url_setting = "SWIFT_URL"

    def signed(self, method, name):
        """Returns a TempURL's path and query."""
        path = f"{self.base_path}/{self.settings['SWIFT_CONTAINER']}/{name}"
        expires = int(time.time()) + LIFETIME
        key = self.settings["SWIFT_TEMPURL_KEY"].encode()
        signature = hmac.new(key, f"{method}\n{expires}\n{path}".encode(), hashlib.sha256).hexdigest()
        return f"{path}?temp_url_sig={signature}&temp_url_expires={expires}"


class CephGateway(ScriptedServer):
    """Ceph's S3 gateway with presigned URLs."""

    name = "ceph-rgw"
    package = "radosgw"
    url_setting = "S3_ENDPOINT"

    def connect(self):
        """Makes a client that signs."""
        import boto3
        import botocore.config

        self.client = boto3.client(
            "s3",
            endpoint_url=self.settings["S3_ENDPOINT"],
            region_name=self.settings["AWS_DEFAULT_REGION"],
            aws_access_key_id=self.settings["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.settings["AWS_SECRET_ACCESS_KEY"],
            config=botocore.config.Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )

    def signed(self, method, name):
        """Returns a presigned URL's path and query."""
        parameters = {"Bucket": self.settings["S3_BUCKET"], "Key": name}
        if method == "PUT":
            parameters["ContentType"] = self.upload_headers["Content-Type"]
        operation = {"GET": "get_object", "PUT": "put_object"}[method]
        url = self.client.generate_presigned_url(operation, Params=parameters, ExpiresIn=LIFETIME)
        parts = urllib.parse.urlsplit(url)
        return f"{parts.path}?{parts.query}"
