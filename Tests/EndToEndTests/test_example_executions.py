"""Executions of Examples/Gateway: repeated, cancelled, failed, and safe from what is sent."""

import time
import uuid

import pytest
from example_gateway import binary, customer, gateway
from gateway_customer import error
from pictures import picture
from reference_listings import needs_pages

pytestmark = needs_pages


def test_the_same_key_and_body_are_the_same_execution(gateway, customer):
    key = str(uuid.uuid4())
    first = customer.submit("flux-1.1-pro", key).json()
    done = customer.wait(first["id"])
    again = customer.submit("flux-1.1-pro", key)
    assert (again.status_code, again.json()) == (202, done)
    error(customer.submit("flux-1.1-pro", key, seed=1), 409, "IDEMPOTENCY_KEY_REUSED")
    # Another organization's key is another key.
    other = gateway.customer("modelroute-other").submit("flux-1.1-pro", key)
    assert other.status_code == 202 and other.json()["id"] != first["id"]
    for bad in ("", "x" * 256):
        response = customer.post("/v1/executions", json={}, headers={"Idempotency-Key": bad})
        details = error(response, 400, "INPUT_VALIDATION_ERROR")
        assert details["fields"][0]["field"] == "Idempotency-Key"


def test_the_same_prompt_makes_the_same_picture(customer, tmp_path):
    digests = []
    for prompt in ("A city", "A city", "A mountain"):
        result = customer.finish("flux-1.1-pro", prompt=prompt)["result"]
        digests.append(picture(customer.get(f"/v1/files/{result['file_id']}/download").content, tmp_path)[3])
    assert digests[0] == digests[1] != digests[2]


def test_cancelling_ends_the_command(gateway, customer):
    slow = customer.submit("slow").json()["id"]
    customer.wait(slow, "PROCESSING")
    until = time.monotonic() + 10
    while not gateway.children() and time.monotonic() < until:
        time.sleep(0.05)
    assert gateway.children()
    assert customer.cancel(slow).json()["status"] == "CANCELLED"
    while gateway.children() and time.monotonic() < until:
        time.sleep(0.05)
    assert not gateway.children()
    assert customer.cancel(slow).status_code == 200
    result = customer.get(f"/v1/executions/{slow}/result").json()
    assert result == {"execution_id": slow, "status": "CANCELLED", "cost": "0.000"}


def test_what_has_ended_cannot_be_cancelled(customer):
    for name, status in (("curious", "COMPLETED"), ("broken", "FAILED")):
        execution = customer.finish(name)
        assert execution["status"] == status
        assert error(customer.cancel(execution["id"]), 409, "EXECUTION_FINISHED") == {"status": status}
        assert customer.get(f"/v1/executions/{execution['id']}").json() == execution


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("broken", "MODEL_FAILED"),
        ("idle", "MODEL_FAILED"),
        ("large", "MODEL_FAILED"),
        ("late", "EXECUTION_TIMED_OUT"),
    ],
)
def test_a_failure_is_told_and_costs_nothing(customer, name, code):
    execution = customer.finish(name)
    assert (execution["status"], execution["error"]["code"]) == ("FAILED", code)
    result = customer.get(f"/v1/executions/{execution['id']}/result").json()
    assert (result["status"], result["error"]["code"], result["cost"]) == ("FAILED", code, "0.000")


def test_a_file_that_is_not_what_its_type_says_reaches_no_command(customer):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'
    execution = customer.finish("flux-1.1-pro", image=customer.upload(svg))
    assert (execution["status"], execution["error"]["code"]) == ("FAILED", "FILE_FORMAT_UNSUPPORTED")


@pytest.mark.parametrize("prompt", ["-version", "@/etc/passwd", "%[fx:1]", "label:x", "'; touch x; '", "a\0b", "ä\n"])
def test_a_prompt_is_never_a_part_of_a_command(customer, prompt):
    assert customer.finish("flux-1.1-pro", prompt=prompt)["status"] == "COMPLETED"
    result = customer.finish("curious", prompt=prompt)["result"]
    printed = customer.get(f"/v1/files/{result['file_id']}/download").content
    assert printed.endswith(prompt.encode())


def test_a_command_does_not_see_the_gateways_environment(customer):
    result = customer.finish("curious")["result"]
    printed = customer.get(f"/v1/files/{result['file_id']}/download").text
    assert "PATH=" in printed and "CLOAKROOM" not in printed and "sk_" not in printed


def test_an_execution_is_its_customers_alone(gateway, customer):
    other = gateway.customer("modelroute-other")
    execution = customer.finish("curious")["id"]
    for unknown in (execution, f"exec_{uuid.uuid4()}", "exec_", execution.upper()):
        error(other.get(f"/v1/executions/{unknown}"), 404, "EXECUTION_NOT_FOUND")
        error(other.get(f"/v1/executions/{unknown}/result"), 404, "EXECUTION_NOT_FOUND")
        error(other.cancel(unknown), 404, "EXECUTION_NOT_FOUND")


def test_no_directory_is_left(gateway, customer):
    customer.finish("curious")
    until = time.monotonic() + 10
    while list(gateway.temporary.iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    assert list(gateway.temporary.iterdir()) == []
