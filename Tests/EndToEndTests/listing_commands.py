"""Commands of listings that take too long to be run: their programs, options and targets have to be there."""

import functools
import os
import re
import shlex
import subprocess

from cloakroom import BINARY, ROOT

# Scripts that hand their options to a program in Python.
BEHIND = {"scripts/bench": "Benchmarks/load/bench.py", "scripts/microbench": "Benchmarks/micro.py"}


def commands_of(listing):
    """The commands of a listing in words, without comments."""
    text = listing.text.replace("\\\n", " ")
    return [words for line in text.splitlines() if (words := shlex.split(line, comments=True))]


def check_syntax(listing):
    result = subprocess.run(["bash", "-n"], input=listing.text, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, f"{listing}: {result.stderr}"


def check_command(words):
    """Finds a command's program, and its options and targets where that program has them."""
    variables = [word for word in words if re.match(r"[A-Z_]+=", word)]
    program, *arguments = words[len(variables):]
    for variable in variables:
        assert is_read(variable.partition("=")[0]), f"nothing reads {variable}"
    if program == "cloakroom":
        check_own(arguments)
    elif program == "swift":
        check_swift_test(arguments)
    elif program.endswith("/python") or program.endswith("/pytest"):
        check_python(*arguments)
    else:
        check_script(program, arguments)


@functools.cache
def is_read(variable):
    paths = [path for name in ("Tests", "Sources") for path in (ROOT / name).rglob("*.swift")]
    return any(variable in path.read_text() for path in paths)


def options_of(arguments):
    return [word.partition("=")[0] for word in arguments if word.startswith("-")]


def check_own(arguments):
    """A command of ours: its help has to have every option."""
    names = [word for word in arguments[:2] if re.fullmatch("[a-z-]+", word) and not word.startswith("-")]
    output = subprocess.run([BINARY, *names, "--help"], capture_output=True, text=True, timeout=30, check=True).stdout
    assert f"USAGE: cloakroom {' '.join(names)}" in output, f"there is no command {names}"
    for option in options_of(arguments):
        assert re.search(rf"^  (-\w, )?{option}\b", output, re.MULTILINE), f"{names} has no option {option}"


def check_swift_test(arguments):
    test, filter, name = arguments
    assert (test, filter) == ("test", "--filter"), arguments
    target, suite = name.split(".")
    sources = [path.read_text() for path in (ROOT / "Tests" / target).rglob("*.swift")]
    assert any(f"struct {suite} " in source for source in sources), f"{target} has no suite {suite}"


def check_python(path, *arguments):
    source = (ROOT / path).read_text()
    compile(source, path, "exec")
    for option in options_of(arguments):
        assert f'"{option}"' in source, f"{path} has no option {option}"


def check_script(program, arguments):
    path = ROOT / program
    assert os.access(path, os.X_OK), f"there is no program {program}"
    subprocess.run(["bash", "-n", path], check=True, timeout=30)
    if program in BEHIND:
        check_python(BEHIND[program], *arguments)
    elif program == "scripts/fuzz":
        check_fuzzing(path.read_text(), arguments)
    else:
        for option in options_of(arguments):
            assert option in path.read_text(), f"{program} has no option {option}"


def check_fuzzing(source, arguments):
    for option in options_of(arguments):
        assert option in source, f"scripts/fuzz has no option {option}"
    for target in (word for word in arguments if not word.startswith("-") and not word.isdigit()):
        assert (ROOT / "Fuzzing/Sources" / f"{target}.swift").is_file(), f"there is no target {target}"
