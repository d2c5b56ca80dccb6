"""The servers that Cloakroom is measured against: nginx, lighttpd and a FastAPI application."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import secrets
import subprocess
import sys
import time

from directories import fresh, set_aside
from processes import Child, free_port, wait_for_port
from server import Server

HERE = pathlib.Path(__file__).resolve().parent
LIFETIME = 3600
OPEN_FILES = 16384

NGINX = """\
daemon off;
{user}
worker_processes 2;
worker_rlimit_nofile {open_files};
pid {directory}/nginx.pid;
error_log {directory}/error.log error;
events {{ worker_connections {connections}; }}
http {{
    types {{ }}
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    open_file_cache max=10000 inactive=60s;
    open_file_cache_valid 60s;
    access_log off;
    keepalive_requests 1000000;
    keepalive_timeout 75s;
    client_max_body_size 200m;
    # A PUT's body always goes to a temporary file, through this buffer. The default, two pages (16 KiB), would mean a
    # write for every 16 KiB; with 128 KiB the small bodies take one write, and 64 connections still only 8 MiB.
    client_body_buffer_size 128k;
    # On the file system of the files, as the documentation of dav_methods asks: then a PUT ends in a rename and not
    # in a copy.
    client_body_temp_path {directory}/spool/temporary;
    proxy_temp_path {directory}/spool/temporary;
    fastcgi_temp_path {directory}/spool/temporary;
    uwsgi_temp_path {directory}/spool/temporary;
    scgi_temp_path {directory}/spool/temporary;
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
        root {directory};
        location /files/ {{
            secure_link $arg_md5,$arg_expires;
            secure_link_md5 "$secure_link_expires$uri {secret}";
            if ($secure_link = "") {{ return 403; }}
            if ($secure_link = "0") {{ return 410; }}
        }}
        location /uploads/ {{
            root {directory}/spool;
            dav_methods PUT;
            create_full_put_path off;
        }}
    }}
}}
"""

LIGHTTPD = """\
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{directory}/empty"
server.errorlog = "{directory}/error.log"
server.modules = ("mod_magnet")
server.max-worker = 2
server.max-fds = {open_files}
server.max-connections = {connections}
server.listen-backlog = 4096
server.network-backend = "sendfile"
server.max-keep-alive-requests = 1000000
server.max-keep-alive-idle = 75
server.stat-cache-engine = "simple" # the one that its documentation recommends
mimetype.assign = ("" => "application/octet-stream")
magnet.attract-physical-path-to = ("{directory}/secdownload.lua")
"""


class ConfiguredServer(Server):
    """A web server with a configuration file of its own."""

    configuration = ""
    command = []

    def start(self):
        """Starts the server with its configuration, and waits until it listens."""
        self.make_directories()
        self.secret = secrets.token_hex(32)
        self.address = "127.0.0.1", free_port()
        self.configure()
        self.child = Child([*self.command, self.directory / "server.conf"], self.directory / "output.log")
        wait_for_port(self.address[1], self.child)

    def make_directories(self):
        """Makes those directories that are not there."""
        for name in ("files", "empty", "spool/uploads", "spool/temporary"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)

    def configure(self):
        """Writes the configuration."""
        values = {
            "directory": self.directory,
            "port": self.address[1],
            "secret": self.secret,
            "open_files": OPEN_FILES,
            "connections": OPEN_FILES // 2,
            "user": "user root;" if os.geteuid() == 0 else "",
        }
        (self.directory / "server.conf").write_text(self.configuration.format(**values))

    def stop(self):
        """Ends the server."""
        if hasattr(self, "child"):
            self.child.stop()

    def pids(self):
        """Returns its processes."""
        return self.child.pids()

    def log_tail(self):
        """Returns the end of its logs."""
        errors = self.directory / "error.log"
        return self.child.tail() + (errors.read_text()[-2000:] if errors.exists() else "")

    def prepare_files(self, size, count):
        """Writes the files."""
        self.names = self.write_contents(self.directory / "files", size, count)


class Nginx(ConfiguredServer):
    """nginx: downloads with secure_link, uploads with PUT and without any check or fsync."""

    name = "nginx"
    configuration = NGINX
    command = ["/usr/sbin/nginx", "-e", "stderr", "-c"]
    upload_headers = {"Content-Type": "application/octet-stream"}
    uploads_made = 0

    @staticmethod
    def version():
        """Returns the version that the binary prints."""
        return subprocess.run(["/usr/sbin/nginx", "-v"], capture_output=True, text=True).stderr.strip()

    def download_targets(self):
        """Signs a URL for every file."""
        return [self.signed(f"/files/{name}") for name in self.names]

    def signed(self, path):
        """Returns a path with the MD5 and the time that secure_link wants."""
        expires = int(time.time()) + LIFETIME
        digest = hashlib.md5(f"{expires}{path} {self.secret}".encode()).digest()
        return f"{path}?md5={base64.urlsafe_b64encode(digest).decode().rstrip('=')}&expires={expires}"

    def upload_targets(self, size, count):
        """Returns fresh names."""
        first = self.uploads_made
        self.uploads_made += count
        return [f"/uploads/{number:09}.bin" for number in range(first, first + count)]

    def discard_uploads(self):
        """Puts what was uploaded out of the way."""
        set_aside(self.directory / "spool")
        fresh(self.directory / "spool")
        self.make_directories()


class Lighttpd(ConfiguredServer):
    """lighttpd: downloads with signed paths, as mod_secdownload checked them."""

    name = "lighttpd"
    configuration = LIGHTTPD
    command = ["/usr/sbin/lighttpd", "-D", "-f"]

    def configure(self):
        """Writes the script that checks the paths, too."""
        super().configure()
        values = {"secret": self.secret, "lifetime": str(LIFETIME), "directory": str(self.directory)}
        script = re.sub("@([a-z]+)@", lambda match: values[match[1]], (HERE / "secdownload.lua").read_text())
        (self.directory / "secdownload.lua").write_text(script)

    @staticmethod
    def version():
        """Returns the version that the binary prints."""
        return subprocess.run(["/usr/sbin/lighttpd", "-v"], capture_output=True, text=True).stdout.strip()

    def download_targets(self):
        """Signs a URL for every file."""
        return [self.signed(name) for name in self.names]

    def signed(self, name):
        """Returns a path with the MAC and the time that `secdownload.lua` wants."""
        protected = f"/{int(time.time()):x}/{name}"
        return f"/files/{hmac.new(self.secret.encode(), protected.encode(), hashlib.sha256).hexdigest()}{protected}"


class FastAPIApplication(Server):
    """`fastapi_mint.py` under uvicorn, which mints upload URLs."""

    name = "fastapi"

    def start(self):
        """Makes the database, starts uvicorn with two workers, and waits until it listens."""
        import fastapi_mint

        database = str(self.directory / "mint.sqlite")
        key = "sk_" + secrets.token_hex(36)
        fastapi_mint.create_database(database, key)
        self.api = self.address = "127.0.0.1", free_port()
        self.api_headers = {"Authorization": f"Bearer {key}"}
        options = "--workers 2 --loop uvloop --http httptools --no-access-log --host 127.0.0.1 --port".split()
        command = [sys.executable, "-m", "uvicorn", "fastapi_mint:app", "--app-dir", HERE, *options, self.api[1]]
        self.child = Child(command, self.directory / "uvicorn.log", env={"MINT_DATABASE": database})
        wait_for_port(self.api[1], self.child)

    def stop(self):
        """Ends uvicorn."""
        if hasattr(self, "child"):
            self.child.stop()

    def pids(self):
        """Returns its processes."""
        return self.child.pids()

    def log_tail(self):
        """Returns the end of its log."""
        return self.child.tail()

    @staticmethod
    def version():
        """Returns the versions of its packages."""
        names = r"(boto3|fastapi|httptools|pydantic|requests|uvicorn|uvloop)=="
        lines = subprocess.run([sys.executable, "-m", "pip", "freeze"], capture_output=True, text=True).stdout
        return ", ".join(line.replace("==", " ") for line in lines.split("\n") if re.match(names, line))

    def declaration(self, size):
        """Returns the body of a request for an upload URL."""
        fields = {"filename": "file.bin", "content_type": "application/octet-stream", "size_bytes": size}
        return json.dumps(fields).encode()
