"""What a run needs to be understood later: machine, versions, command."""

import os
import pathlib
import platform
import re
import subprocess
import time

from cloakroom_server import ROOT, CloakroomServer
from peers import FastAPIApplication, Lighttpd, Nginx
from scripted_peers import CephGateway, OpenStackSwift


def describe(command, options):
    """Returns the description of a run, as JSON can hold it."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "command": command,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "machine": machine(),
        "versions": versions(options),
        "rows": [],
    }


def machine():
    """Returns processor, cores, memory, kernel and distribution."""
    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": processor[1] if processor else platform.machine(),
        "cores": os.cpu_count(),
        "memory": f"{memory / (1 << 30):.0f} GiB",
        "kernel": f"Linux {platform.release()}",
        "distribution": platform.freedesktop_os_release()["PRETTY_NAME"],
    }


def print_heading(what, columns):
    """Prints the machine, the commit and what is measured, and the head of a table of numbers."""
    print(", ".join(f"{name}: {value}" for name, value in {**machine(), "commit": commit()}.items()))
    print(f"{what}\n\n| {' | '.join(columns)} |\n|{'--:|' * len(columns)}")


def versions(options):
    """Returns the version of everything that takes part."""
    found = {
        "cloakroom": f"{CloakroomServer.version()}, commit {commit()}",
        "swift": first_line("swift", "--version"),
        "wrk": first_line("wrk", "-v"),
        "nginx": Nginx.version(),
        "lighttpd": Lighttpd.version(),
        "fastapi": FastAPIApplication.version(),
        "python": f"Python {platform.python_version()}",
    }
    if options.swift:
        found["openstack-swift"] = OpenStackSwift.version()
    if options.ceph:
        found["ceph-rgw"] = CephGateway.version()
    return found


def commit():
    """Returns the commit of the checkout."""
    names = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    return first_line(*names)


def first_line(*command):
    """Returns the first line that a command prints, to whichever stream."""
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        return "not there"
    return run.stdout.partition("\n")[0].strip()
