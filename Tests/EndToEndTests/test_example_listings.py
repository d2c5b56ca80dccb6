"""The listings of Examples/Gateway/README.md, run as they are there."""

import hashlib
import json
import re

from cloakroom import ROOT
from example_gateway import EXAMPLE, binary
from listings import assert_lines, listings, shell, takes

PAGE = "Examples/Gateway/README.md"
CONFIGURATION = "--config Examples/Gateway/gateway.json"


@takes(PAGE, "export CLOAKROOM_GATEWAY_KEY", "gateway http", "curl -X POST")
def test_the_example_runs_as_listed(listings, server, binary, shell):
    start, address, submit = listings
    configuration = json.loads((EXAMPLE / "gateway.json").read_text())
    configuration["cloakroom"] = server.api
    (shell.directory / "gateway.json").write_text(json.dumps(configuration))
    shell.environment["CLOAKROOM_DATA_DIR"] = str(server.data_dir)
    text = start.substituted({
        # The fixture has built it.
        "swift build --package-path Examples/Gateway\n": "",
        "Examples/Gateway/.build/debug/gateway": f"exec {binary}",
        CONFIGURATION: "--config gateway.json --address 127.0.0.1:0",
    })  # fmt: skip
    with shell.serving(text, count=1) as line:
        assert_lines(address, line)
        url = re.match(r"gateway (\S+)", line)[1]
        answer = json.loads(shell.run(submit.substituted({"http://127.0.0.1:8090": url})).stdout)
    assert answer["status"] == "COMPLETED" and answer["result"]["file_id"].startswith("file_")


def test_the_key_of_the_page_is_the_one_in_the_configuration():
    [key] = set(re.findall(r"sk_your_\w+", (ROOT / PAGE).read_text()))
    [account] = json.loads((EXAMPLE / "gateway.json").read_text())["accounts"]
    assert account["key_sha256"] == hashlib.sha256(key.encode()).hexdigest()
