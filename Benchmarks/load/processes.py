"""Child processes: starts, ends and measures them."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


class Child:
    """A child process whose output goes to a file."""

    def __init__(self, command, log, stdout=None, env=None):
        """Starts the command."""
        self.log = pathlib.Path(log)
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=stdout or file,
                stderr=file,
                text=True,
                env={**os.environ, **(env or {})},
                start_new_session=True,  # lighttpd passes a signal on to its whole process group
            )

    def pids(self):
        """Returns the process and its descendants."""
        return with_descendants([self.process.pid])

    def stop(self, timeout=30):
        """Ends the process with SIGTERM, or SIGKILL where that does not help, and waits for its descendants."""
        pids = self.pids()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in pids[1:]:
            wait_for(lambda: not is_alive(pid), f"process {pid} to end")
        if self.process.stdout:
            self.process.stdout.close()

    def tail(self):
        """Returns the end of what it wrote."""
        return self.log.read_text(errors="replace")[-2000:]


def is_alive(pid):
    """Whether a process exists and has not ended."""
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def with_descendants(pids):
    """Returns the processes and all their descendants."""
    found, left = [], list(pids)
    while left:
        pid = left.pop(0)
        found.append(pid)
        for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                left += [int(child) for child in children.read_text().split()]
            except OSError:  # the thread has ended
                pass
    return found


def memory_bytes(pids, field="VmHWM"):
    """Returns the sum over the processes of a field of /proc/PID/status."""
    total = 0
    for pid in pids:
        match = re.search(rf"{field}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
        total += int(match[1]) * 1024 if match else 0
    return total


def reset_peak_memory(pids):
    """Makes VmHWM of the processes start anew."""
    for pid in pids:
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def cpu_seconds(pids):
    """Returns the user and system seconds that the processes have used."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def free_port():
    """Returns a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what, timeout=60):
    """Waits until the condition holds."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout} s for {what}")
        time.sleep(0.02)


def wait_for_port(port, child):
    """Waits until the child listens on a loopback port."""

    def listens():
        """Whether a connection is accepted."""
        if child.process.poll() is not None:
            raise RuntimeError(f"{child.process.args[0]} ended with {child.process.returncode}:\n{child.tail()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens, f"port {port}")
