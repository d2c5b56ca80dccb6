import pathlib

import pytest

# A check that fails in a module that tests share says as much of itself as one in a test.
pytest.register_assert_rewrite(*(path.stem for path in pathlib.Path(__file__).parent.glob("*.py")))

from cloakroom import Server


@pytest.fixture(scope="session")
def server():
    with Server() as server:
        yield server


@pytest.fixture(scope="session")
def client(server):
    return server.client("default")


def pytest_collection_modifyitems(items):
    # What was logged and answered during the whole run is looked at when the run is over.
    items.sort(key=lambda item: item.path.name == "test_secrets.py")
