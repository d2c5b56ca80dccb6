"""A server on a clock that is stepped forward while it runs.

It runs under libfaketime, which reads how far its clock is ahead from a file. Deadlines within the server are kept on
the monotonic clock, which goes on as it is.
"""

import contextlib
import glob
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import unittest.mock

import pytest
from cloakroom import Server

# libfaketime 0.9.10 takes the end of every absolute timer for a time of day and moves it back by as much as the clock
# is ahead. Swift's `Task.sleep` sets such timers on the monotonic clock: they end at once, or, where the result is
# negative, never. So this call goes past libfaketime.
PAST_LIBFAKETIME = """
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

int timerfd_settime(int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value) {
    return syscall(SYS_timerfd_settime, fd, flags, new_value, old_value);
}

/* Swift finds the arguments by what lies before the environment, which libfaketime has moved. */
extern char **environ;

__attribute__((constructor)) static void put_the_environment_back(int argc, char **argv) {
    environ = argv + argc + 1;
}
"""


def preloaded(directory):
    """The libraries that the server is started with; skips where they cannot be had."""
    # Without MT, libfaketime reads its file unsynchronized, and threads see the true time now and then.
    libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    compiler = shutil.which("cc") or shutil.which("clang")
    if not libraries or not compiler:
        reason = "NOT COMPARED WITH THE MODEL: libfaketime (apt install faketime) or a C compiler is missing"
        (pytest.fail if os.environ.get("CLOAKROOM_MODEL_EXAMPLES") else pytest.skip)(reason)
    source, library = directory / "timers.c", directory / "timers.so"
    source.write_text(PAST_LIBFAKETIME)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return f"{library} {libraries[0]}"


def free_port():
    """A port below those that the kernel gives to clients, so that nobody has it after a restart."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


class SteppedServer(Server):
    """A server whose clock is stepped forward while it runs, and whose URLs outlast a restart."""

    def __init__(self, directory):
        self.clock = directory / "clock"
        self.offset = 0
        self.step(0)
        self.environment = {
            "LD_PRELOAD": preloaded(directory),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        # What each kind of request for a missing file was answered with.
        self.not_found = {}
        super().__init__(f"--storage-address=127.0.0.1:{free_port()}")

    def start(self, wait=True):
        with unittest.mock.patch.dict(os.environ, self.environment):
            super().start(wait)

    def stop(self, how=signal.SIGTERM, timeout=20):
        code = super().stop(how, timeout)
        self.log.seek(0)
        self.log.truncate()
        for name in ("faketime_shm", "sem.faketime_sem"):
            pathlib.Path(f"/dev/shm/{name}_{self.process.pid}").unlink(missing_ok=True)
        return code

    def now(self):
        return time.time() + self.offset

    def step(self, seconds):
        """Sets the clock forward by whole seconds, for every request from now on."""
        self.offset += seconds
        new = self.clock.with_suffix(".new")
        new.write_text(f"+{self.offset}\n")
        new.replace(self.clock)
