"""Small file systems of a test's own, to be filled and broken. Making them takes the right to mount."""

import contextlib
import errno
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

MEBIBYTE = 1_048_576
# What changes a file system; calls that sockets take too are not among it.
CHANGES = "pwrite64,pwritev,pwritev2,fallocate,ftruncate,linkat,unlink,unlinkat,renameat,renameat2,mkdirat"


def system(*line):
    """Runs a program of the system's; returns what went wrong, `None` where nothing did."""
    program = shutil.which(line[0], path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if program is None:
        return f"there is no {line[0]}"
    result = subprocess.run([program, *map(str, line[1:])], capture_output=True, text=True)
    return f"{line[0]}: {result.stderr.strip() or result.returncode}" if result.returncode else None


def skip_after(problem, what):
    if problem:
        pytest.skip(f"SKIPPED LOUDLY: {what} cannot be tested here: {problem}")


def unmount(path):
    problem = system("umount", path)
    if problem:
        # Whoever uses it still keeps it until then; nobody else sees it any more.
        system("umount", "--lazy", path)
        raise AssertionError(problem)


@contextlib.contextmanager
def mounted(path, *options):
    path.mkdir()
    skip_after(system("mount", *options, path), "an exhausted file system")
    try:
        yield path
    finally:
        unmount(path)


@contextlib.contextmanager
def tmpfs(parent, size, inodes=None):
    """A file system in memory, of so many bytes and inodes."""
    limit = f"size={size}" + (f",nr_inodes={inodes}" if inodes else "")
    with mounted(parent / "tmpfs", "-t", "tmpfs", "-o", limit, "tmpfs") as path:
        yield path


@contextlib.contextmanager
def ext4(parent, size, inodes=None):
    """A journalling file system in a file, of so many bytes and about so many inodes."""
    image = image_of(parent / "ext4")
    with image.open("wb") as file:
        file.truncate(size)
    try:
        # Nothing is kept for root, and nothing is written later that could be written now.
        options = ["-b", "4096", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0"]
        options += ["-N", inodes] if inodes else []
        skip_after(system("mkfs.ext4", "-q", "-F", *options, image), "an exhausted file system")
        with mounted(parent / "ext4", "-o", "loop,errors=remount-ro", image) as path:
            yield path
    finally:
        image.unlink()


def image_of(path):
    return path.with_suffix(".img")


def fill(path):
    """Writes a file until not one more byte finds room."""
    with path.open("ab", buffering=0) as file:
        while True:
            taken = sum(write_until_full(file, length) for length in (MEBIBYTE, 4_096, 1))
            # Blocks that were set aside for the file's own metadata, or freed a moment ago, may be left.
            os.fsync(file.fileno())
            if not taken:
                return


def write_until_full(file, length):
    piece, taken = bytes(length), 0
    while True:
        try:
            taken += file.write(piece)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return taken


def set_aside(path):
    """How many bytes of the disk a file holds, whatever its length says."""
    return path.stat().st_blocks * 512 if path.exists() else 0


def device(path):
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        name, place, *_ = line.split(" ")
        if place == str(path):
            return pathlib.Path(name)
    raise AssertionError(f"{path} is not mounted")


def turn_read_only(path):
    """Lets the kernel find an error in an ``ext4`` file system, upon which it allows no more writes.

    Nothing makes it writable again but mounting it anew: the kernel refuses, or ignores, a remount.
    """
    loop = device(path)
    assert loop.name.startswith("loop"), f"{loop} is not a test's own"
    trigger = pathlib.Path("/sys/fs/ext4") / loop.name / "trigger_fs_error"
    missing = None if os.access(trigger, os.W_OK) else f"{trigger} is not there or not writable"
    skip_after(missing, "a file system that turns read-only")
    # What has been flushed cannot be taken for something that could still be written.
    assert system("sync", "-f", path) is None
    trigger.write_text("on purpose\n")
    with pytest.raises(OSError) as refusal:
        (path / "probe").touch()
    assert refusal.value.errno == errno.EROFS


def mount_again(path):
    """Unmounts an ``ext4`` file system and mounts it again, which replays its journal."""
    unmount(path)
    problem = system("mount", "-o", "loop,errors=remount-ro", image_of(path), path)
    assert problem is None, problem


@contextlib.contextmanager
def read_only_for(process_id):
    """Answers a process's changes to files with `EROFS` while it lasts, as a read-only file system would."""
    if shutil.which("strace") is None:
        skip_after("there is no strace", "a file system that turns read-only and writable again")
    line = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={CHANGES}"]
    line += ["-e", f"inject={CHANGES}:error=EROFS", "-p", str(process_id)]
    tracer = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 10
        while tracers_of(process_id) != {tracer.pid}:
            if tracer.poll() is not None:
                skip_after(tracer.stderr.read().strip(), "a file system that turns read-only and writable again")
            assert time.monotonic() < deadline, "strace does not take hold of every thread"
            time.sleep(0.01)
        yield
        assert tracer.poll() is None, tracer.stderr.read()
    finally:
        tracer.terminate()
        tracer.wait()
        tracer.stderr.close()


def tracers_of(process_id):
    """Who traces a process's threads; 0 is nobody."""
    found = set()
    for status in pathlib.Path(f"/proc/{process_id}/task").glob("*/status"):
        # A thread may end meanwhile.
        with contextlib.suppress(OSError):
            found.add(int(re.search(r"TracerPid:\s+(\d+)", status.read_text())[1]))
    return found
