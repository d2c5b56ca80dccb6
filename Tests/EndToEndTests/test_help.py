"""The help of every command: complete sentences, within the terminal's width."""

import os
import re
import subprocess

import pytest

from cloakroom import BINARY

COLUMNS = 100
# The commands by docs/configuration.md; `test_every_command_is_walked` compares them with what the help lists.
COMMANDS = [
    "", "serve", "keys", "keys create", "keys list", "keys revoke", "keys rotate", "organizations",
    "organizations list", "organizations set", "signing-keys", "signing-keys list", "signing-keys rotate",
    "signing-keys retire", "backup", "restore", "check", "upload", "download", "files", "files list", "files show",
    "files delete", "events", "version",
]
# Behind the sentences, what ArgumentParser adds or a default that the program computes.
NOTE = re.compile(r" \((values|default): [^()]*(\([^()]*\)[^()]*)*\)$")


def help_of(command, *arguments, columns=COLUMNS):
    """Returns what a command prints for `--help`, after its exit status has been checked."""
    line = [BINARY, *command.split(), *(arguments or ["--help"])]
    environment = {"PATH": os.environ["PATH"], "COLUMNS": str(columns)}
    result = subprocess.run(line, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def section(text, title):
    """Returns the lines of a section of the help, without its title."""
    found = re.search(rf"^{title}:\n((?:  .*\n)+)", text, re.MULTILINE)
    return found[1].splitlines() if found else []


def entries(lines):
    """Returns what a section lists: each name with its description, which may take several lines."""
    found = []
    for line in lines:
        if re.match(r"  \S", line):
            name, _, description = line.strip().partition("  ")
            found.append([name, description.strip()])
        else:
            found[-1][1] = f"{found[-1][1]} {line.strip()}".strip()
    return found


def is_sentence(text):
    return re.fullmatch(r"[A-Z].*[^.]\.", text) is not None


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_is_too_long(command):
    lines = help_of(command).splitlines()
    assert [line for line in lines if len(line) > COLUMNS or line != line.rstrip()] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_everything_is_described_in_sentences(command):
    text = help_of(command)
    overview = re.match(r"OVERVIEW: (.*)\n\n", text)
    assert overview and is_sentence(overview[1])
    listed = [entry for title in ("ARGUMENTS", "OPTIONS", "SUBCOMMANDS") for entry in entries(section(text, title))]
    assert ["-h, --help", "Show help information."] in listed
    assert [entry for entry in listed if not is_sentence(NOTE.sub("", entry[1]))] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_usage_names_every_argument_and_option(command):
    """Or says `<options>` where they are many."""
    text = help_of(command)
    usage = re.search(r"^USAGE: ((?:.+\n)+)", text, re.MULTILINE)[1]
    assert f"cloakroom {command}".strip() in usage
    names = [name for name, _ in entries(section(text, "ARGUMENTS"))]
    if "<options>" not in usage:
        options = [name for name, _ in entries(section(text, "OPTIONS"))]
        names += [re.search(r"--[a-z-]+( <[^ ]+>)?", name)[0] for name in options]
    assert [name for name in names if name not in usage and name not in ("--version", "--help")] == []


def test_every_command_is_walked():
    found = [""]
    for command in found:
        for name, _ in entries(section(help_of(command), "SUBCOMMANDS")):
            found.append(f"{command} {name}".strip())
    assert sorted(found) == sorted(COMMANDS)


def test_help_is_a_command_and_an_option():
    assert help_of("help", "keys", "create") == help_of("keys create") == help_of("keys create", "-h")


def test_each_setting_of_serve_shows_its_default():
    options = dict(entries(section(help_of("serve"), "OPTIONS")))
    settings = {name: text for name, text in options.items() if name not in ("--version", "-h, --help")}
    without = [name for name, text in settings.items() if not re.search(r"\(default: \S.*\)$", text)]
    assert without == ["--config <file>"]


def test_a_wrong_option_shows_the_usage():
    result = subprocess.run(
        [BINARY, "organizations", "set", "acme"], capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": os.environ["PATH"], "COLUMNS": str(COLUMNS)})
    assert result.returncode == 64 and result.stdout == ""
    assert "--max-files" in result.stderr and "cloakroom organizations set <organization>" in result.stderr
    assert [line for line in result.stderr.splitlines() if len(line) > COLUMNS] == []
