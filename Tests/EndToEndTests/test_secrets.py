"""Runs last: nothing that was logged, measured or answered with an error holds a secret."""

import os
import re
import subprocess

import pytest
from cloakroom import EVIDENCE


def holding(secrets, texts, directory):
    """The numbers of the texts in which there is one of the secrets: grep searches for thousands of them at once."""
    (directory / "texts").mkdir()
    (directory / "secrets").write_text("\n".join(secrets) + "\n")
    for number, text in enumerate(texts):
        (directory / "texts" / str(number)).write_text(text, errors="surrogatepass")
    line = ["grep", "--text", "--recursive", "--files-with-matches", "--fixed-strings", "--file=secrets", "texts"]
    environment = {**os.environ, "LC_ALL": "C"}
    result = subprocess.run(line, cwd=directory, env=environment, capture_output=True, text=True, timeout=300)
    # 1 says that nothing was found.
    assert result.returncode in (0, 1), result.stderr
    return [int(name.rpartition("/")[2]) for name in result.stdout.splitlines()]


def test_no_secret_in_logs_metrics_and_errors(server, tmp_path):
    server.metrics()
    EVIDENCE.text("log", server.logged())
    assert len(EVIDENCE.secrets) > 50 and len(EVIDENCE.texts) > 100
    sources = {source.split(" ")[0] for source, _ in EVIDENCE.texts}
    assert {"log", "metrics", "answer", "stderr"} <= sources
    # An empty line would be found everywhere.
    assert all(re.fullmatch(r"\S{16,}", secret) for secret in EVIDENCE.secrets)
    for number in holding(EVIDENCE.secrets, [text for _, text in EVIDENCE.texts], tmp_path):
        source, text = EVIDENCE.texts[number]
        start = min(text.find(secret) for secret in EVIDENCE.secrets if secret in text)
        pytest.fail(f"{source}: …{text[max(0, start - 80) : start]}<secret>")
    for source, text in EVIDENCE.texts:
        assert "X-Amz-Signature=" not in text, source
        assert not re.search(r"sk_[0-9a-f]{64}", text), source


def test_the_search_would_find_one(server, tmp_path):
    secret = next(iter(EVIDENCE.secrets))
    texts = ["…", f"…{secret}…", secret[1:], f"\0{secret}"]
    assert sorted(holding(EVIDENCE.secrets, texts, tmp_path)) == [1, 3]
