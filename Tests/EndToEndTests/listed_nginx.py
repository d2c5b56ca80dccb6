"""nginx as a listing configures it: with a certificate of our own, and where it may write."""

import os
import subprocess

from nginx import KINDS, Nginx

CONFIGURATION = """
daemon off;
{user}
pid {directory}/pid;
error_log {directory}/error.log;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    {paths}
    {listing}
}}
"""
HOST = "storage.example.org"


class ListedNginx(Nginx):
    """The proxy of a listing, which is a file in Debian's `conf.d`."""

    def __init__(self, listing, upstream, port, directory):
        super().__init__(upstream, port)
        self.listing = listing
        self.certificate, self.key = directory / "certificate.pem", directory / "key.pem"
        self.log = directory / "storage.log"
        subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
        line = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        line += ["-days", "1", "-keyout", self.key, "-out", self.certificate, *subject]
        subprocess.run(line, check=True, capture_output=True, timeout=60)

    def configuration(self, path):
        places = {
            "listen 443": f"listen 127.0.0.1:{self.port}",
            f"/etc/ssl/{HOST}.pem": self.certificate,
            f"/etc/ssl/private/{HOST}.key": self.key,
            "/var/log/nginx/storage.log": self.log,
            "http://127.0.0.1:8081": self.upstream,
        }
        return CONFIGURATION.format(
            # As in nginx.py: its workers need root's rights to write here.
            user="user root;" if os.getuid() == 0 else "",
            directory=path,
            paths=" ".join(f"{kind}_temp_path {path}/{kind};" for kind in KINDS),
            listing=self.listing.substituted(places),
        )

    def curl(self, url, *options):
        """What curl prints for a URL of the public host, which is this proxy."""
        line = ["curl", "-sS", "--cacert", self.certificate, "--connect-to", f"::127.0.0.1:{self.port}", *options, url]
        result = subprocess.run(line, capture_output=True, timeout=60)
        assert result.returncode == 0, result.stderr
        return result.stdout
