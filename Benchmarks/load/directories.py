"""Directories of the measured servers, made and given up so that ext4 does not slow down what comes next.

ext4 does not use a freed inode again for one to six minutes, and every creation of a file walks past all such inodes of
its block group: after some thousand deletions a creation takes a millisecond of CPU time instead of 30 µs. So nothing
is deleted while servers are measured, and their directories begin in block groups where creations are fast.
"""

import array
import contextlib
import fcntl
import os
import pathlib
import sys
import time

GET_FLAGS, SET_FLAGS, TOP_DIRECTORY = 0x80086601, 0x40086602, 0x20000  # linux/fs.h
LARGE = 65536
FAST = 120e-6
PROBES = 2000
CANDIDATES = 30
ASIDE = "aside"


def spread(directory):
    """Lets ext4 put each directory in this one in a block group of its own (`chattr +T`)."""
    descriptor = os.open(directory, os.O_RDONLY)
    with contextlib.suppress(OSError):  # other file systems do not have this
        flags = array.array("l", [0])
        fcntl.ioctl(descriptor, GET_FLAGS, flags)
        flags[0] |= TOP_DIRECTORY
        fcntl.ioctl(descriptor, SET_FLAGS, flags)
    os.close(descriptor)


def fresh(directory):
    """Makes a directory where creations of files are fast."""
    work_dir = work_dir_of(directory)
    for number in range(CANDIDATES):
        candidate = work_dir / f"candidate-{number}"
        candidate.mkdir()
        cost = creation_cost(candidate / "probe")
        set_aside(candidate / "probe")
        if cost < FAST:
            break
        if number < CANDIDATES - 1:
            set_aside(candidate)
    else:
        text = f"creating a file takes {cost * 1e6:.0f} µs; wait some minutes"
        print(f"!!! uploads will be slow: {text}", file=sys.stderr)
    return candidate.rename(directory)


def creation_cost(directory):
    """Returns the seconds that the creation of a file takes in a new directory: the slowest hundred's mean."""
    directory.mkdir()
    slowest = 0
    for hundred in range(PROBES // 100):
        started = time.perf_counter()
        for number in range(100):
            open(directory / f"{hundred}-{number}", "x").close()
        slowest = max(slowest, (time.perf_counter() - started) / 100)
        if slowest > FAST:
            break
    return slowest


def set_aside(directory):
    """Moves a directory out of the way, and frees what its files hold; they themselves stay until the end."""
    aside = work_dir_of(directory) / ASIDE
    moved = directory.rename(aside / str(len(os.listdir(aside))))
    for parent, _, names in os.walk(moved):
        for name in names:
            path = os.path.join(parent, name)
            if os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path) >= LARGE:
                os.truncate(path, 0)


def work_dir_of(directory):
    """Returns the working directory that a directory is in."""
    return next(parent for parent in directory.parents if (parent / ASIDE).exists())


def prepare(work_dir):
    """Makes a working directory ready for servers' directories."""
    spread(work_dir)
    (pathlib.Path(work_dir) / ASIDE).mkdir()
