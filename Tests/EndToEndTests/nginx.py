"""nginx in front of a server, configured as a proxy that passes uploads on while they arrive."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from held_connections import eventually

CONFIGURATION = """
daemon off;
{user}
pid {directory}/pid;
error_log {directory}/error.log;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_max_body_size 0;
    {paths}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {upstream};
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""
KINDS = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]


def free_port():
    """A port that is free now; a server's public URL has to be known before nginx, which needs the server's own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """A proxy for one upstream, with everything it writes in a directory of its own."""

    def __init__(self, upstream, port):
        self.url = f"http://127.0.0.1:{port}"
        self.upstream = upstream
        self.port = port

    def __enter__(self):
        # nginx stands in sbin, which is not on everyone's path.
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        assert program, "nginx is missing (apt-get install nginx-light)"
        self.directory = tempfile.TemporaryDirectory(prefix="nginx-")
        path = pathlib.Path(self.directory.name)
        (path / "nginx.conf").write_text(self.configuration(path))
        line = [program, "-p", path, "-e", path / "error.log", "-c", path / "nginx.conf"]
        self.process = subprocess.Popen(line, stdin=subprocess.DEVNULL)
        eventually(self.is_listening)
        return self

    def configuration(self, path):
        return CONFIGURATION.format(
            # Its workers leave root's rights behind, and with them this directory, unless told otherwise.
            user="user root;" if os.getuid() == 0 else "",
            directory=path,
            paths=" ".join(f"{kind}_temp_path {path}/{kind};" for kind in KINDS),
            port=self.port,
            upstream=self.upstream,
        )

    def is_listening(self):
        assert self.process.poll() is None, "nginx has ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.directory.cleanup()
