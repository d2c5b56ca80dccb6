"""Runs last: nothing that was logged, measured or answered with an error holds a secret."""

import re

from cloakroom import EVIDENCE


def test_no_secret_in_logs_metrics_and_errors(server):
    server.metrics()
    EVIDENCE.text("log", server.logged())
    assert len(EVIDENCE.secrets) > 50 and len(EVIDENCE.texts) > 100
    sources = {source.split(" ")[0] for source, _ in EVIDENCE.texts}
    assert {"log", "metrics", "answer", "stderr"} <= sources
    pattern = re.compile("|".join(re.escape(secret) for secret in EVIDENCE.secrets))
    for source, text in EVIDENCE.texts:
        found = pattern.search(text)
        assert not found, f"{source}: …{text[max(0, found.start() - 80) : found.start()]}<secret>"
        assert "X-Amz-Signature=" not in text, source
        assert not re.search(r"sk_[0-9a-f]{64}", text), source


def test_the_search_would_find_one(server):
    secret = next(iter(EVIDENCE.secrets))
    assert re.search(re.escape(secret), f"…{secret}…")
