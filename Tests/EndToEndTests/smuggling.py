"""Requests that two parsers might read differently, each with what the RFCs let an origin answer.

Every case carries a *hidden* request, which changes something if it runs: it stands where a confused parser would look
for the next request. `python Tests/EndToEndTests/smuggling.py --table` sends all of them to a server of its own and
prints what it answered. The cases follow the rules of Http11Probe and the trophies of http-garden.
"""

import argparse
import sys

from cloakroom import Server, http
from smuggling_bodies import CHUNK_CASES, CODINGS, LENGTHS
from smuggling_heads import CONNECTIONS, FIELDS, HOSTS, REQUEST_LINES, VERSIONS
from smuggling_play import play, problems
from smuggling_scenes import api_scene, storage_scene

CASES = [*REQUEST_LINES, *VERSIONS, *HOSTS, *FIELDS, *LENGTHS, *CODINGS, *CHUNK_CASES, *CONNECTIONS]


def summary(case, scene, outcome):
    """The outcome as a cell of the table."""
    if not outcome.answers:
        return str(outcome.first)
    text = str(outcome.first)
    if len(outcome.answers) > 1 and outcome.answers[1][0] < 400:
        text += ", goes on"
    elif not outcome.has_ended:
        text += ", stays open"
    else:
        text += ", closed"
    return text + "".join(f"; **{problem}**" for problem in problems(case, scene, outcome))


def main():
    """Prints the table; fails if an answer is not allowed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", action="store_true", required=True, help="prints what a server of its own answers")
    parser.parse_args()
    with Server() as server:
        client = server.client("smuggling")
        rows = []
        for case in CASES:
            cells = []
            for make in (storage_scene, api_scene):
                scene = make(server, client, case)
                cells.append(summary(case, scene, play(case, scene)))
            rows.append(f"| {case.name} | {case.clause} | {' | '.join(cells)} |")
        is_alive = http("GET", server.operations + "/healthz").status_code == 200
    print("| case | clause | storage | API |\n|---|---|---|---|", *rows, sep="\n")
    sys.exit(0 if is_alive and not any("**" in row for row in rows) else 1)


if __name__ == "__main__":
    main()
