"""A service that has events and nothing else: pages of a log, and a stream whose end the test says."""

import http.server
import json
import threading
import time
import urllib.parse
import zlib

DIGITS = "0123456789abcdef" * 4
# By docs/http.md: 64 digits and their CRC-32.
API_KEY = f"sk_{DIGITS}{zlib.crc32(DIGITS.encode()):08x}"


def event(number, kind="file.ready", **others):
    file = {
        "file_id": f"file_01a1fa8d-56a2-7000-9ff0-{number:012x}", "filename": f"{number}.txt",
        "content_type": "text/plain", "size_bytes": number, "status": "ready", "sha256": "0" * 64,
        "created_at": "2026-11-29T11:59:59Z", "uploaded_at": "2026-11-29T12:00:00Z",
    }  # fmt: skip
    data = {"event_id": f"evt_{number:032x}", "organization_id": "acme", "file": file, **others}
    return {"type": kind, "timestamp": "2026-11-29T12:00:00Z", "data": data}


class EventServer:
    """Has the events 1 to `count`; the cursor after an event is `g.` and its number."""

    def __init__(self, count=5):
        self.log = [event(number) for number in range(1, count + 1)]
        self.requests = []
        self.streams = 0
        # After so many events a stream is broken off.
        self.breaks = []
        self.ended = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append(self)
                if self.headers["Accept"] == "text/event-stream":
                    outer.stream(self)
                else:
                    outer.page(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def query(self, request):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.path).query))

    def start(self, request):
        after = self.query(request).get("after")
        return len(self.log) if after == "now" else int(after.split(".")[1]) if after else 0

    def page(self, request):
        start = self.start(request)
        events = self.log[start : start + int(self.query(request).get("limit", 100))]
        self.answer(request, 200, {"events": events, "next_cursor": f"g.{start + len(events)}", "has_more": start + len(events) < len(self.log)})

    def answer(self, request, status, document):
        body = json.dumps(document).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def stream(self, request):
        position = self.start(request)
        rest = self.breaks.pop(0) if self.breaks else None
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.end_headers()
        request.wfile.write(b"retry: 10\n: connected\n\n")
        self.streams += 1
        while not self.ended.is_set() and rest != 0:
            if position == len(self.log):
                time.sleep(0.01)
                continue
            document = self.log[position]
            position += 1
            text = f"id: g.{position}\nevent: {document['type']}\ndata: {json.dumps(document)}\n\n"
            request.wfile.write(text.encode())
            rest = rest and rest - 1
