"""The control port and the command line."""

import os
import signal
import subprocess
import sys

import pytest
import requests

from venice_site.simulator import Simulator

from .conftest import Asker


def control(simulator: Simulator, method: str, name: str, body=None) -> requests.Response:
    return requests.request(method, f"{simulator.origin}/_control/{name}", json=body, timeout=5)


def test_another_process_can_arm_and_clear_failures(ask: Asker, simulator: Simulator) -> None:
    armed = {
        "scenario": "rate-limited-retry-after",
        "path": "/image/generate",
        "options": {"seconds": 3},
    }

    assert control(simulator, "POST", "fail", armed).status_code == 200
    assert ask.image().headers["Retry-After"] == "3"
    assert ask.chat().status_code == 200
    control(simulator, "POST", "clear")
    assert ask.image().status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"scenario": "no-such-thing"}, {"scenario": "normal", "x": 1}, None, "text"]
)
def test_nonsense_is_refused(simulator: Simulator, body) -> None:
    assert control(simulator, "POST", "fail", body).status_code == 400


def test_a_foreign_page_cannot_arm_anything(simulator: Simulator) -> None:
    response = requests.post(
        f"{simulator.origin}/_control/fail", data='{"scenario":"gone"}', timeout=5
    )

    assert response.status_code == 415


def test_another_process_can_read_the_requests(ask: Asker, simulator: Simulator) -> None:
    ask.chat("hello [[sim:length;after=3]]")

    records = control(simulator, "GET", "requests").json()["requests"]

    assert len(records) == 1
    assert records[0]["path"] == "/chat/completions"
    assert records[0]["key"] == "a-key"
    assert records[0]["status"] == 200
    assert records[0]["scenario"] == "length"
    assert records[0]["body"]["model"] == "llama-3.3-70b"


def test_another_process_can_change_the_pace_and_the_dialect(
    ask: Asker, simulator: Simulator
) -> None:
    changed = control(simulator, "POST", "settings", {"image_ms": 1, "dialect": "seed"}).json()

    assert changed["image_ms"] == 1
    assert control(simulator, "GET", "settings").json() == changed
    assert "seed" in ask.image().json()
    assert control(simulator, "POST", "settings", {"image_ms": -1}).status_code == 400


def test_another_process_can_set_keys_and_list_scenarios(simulator: Simulator) -> None:
    control(
        simulator,
        "POST",
        "keys",
        {"secret": "poor", "metered": True, "balance_usd": 0, "balance_diem": 0},
    )

    assert Asker(simulator, "poor").image().status_code == 402
    assert control(simulator, "GET", "keys").json()["keys"][0]["secret"] == "poor"
    assert "html-502" in {
        one["name"] for one in control(simulator, "GET", "scenarios").json()["scenarios"]
    }
    assert control(simulator, "GET", "nothing").status_code == 404


def test_another_process_can_open_gates(ask: Asker, simulator: Simulator) -> None:
    gate = simulator.hold(after_tokens=1)
    response = ask.stream()
    assert gate.reached.wait(5)

    control(simulator, "POST", "release")

    assert response.content.endswith(b"[DONE]\n\n")


def test_requests_can_be_waited_for(ask: Asker, simulator: Simulator) -> None:
    ask.image()

    assert simulator.wait_for_requests(1, path="/image/generate")[0].body["seed"] == 7
    with pytest.raises(TimeoutError):
        simulator.wait_for_requests(2, timeout=0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_address_answers_and_leaves_at_once(number) -> None:
    arguments = [
        sys.executable,
        "-m",
        "venice_site.simulator",
        "--port",
        "0",
        "--keys",
        "one,two",
        "--image-ms",
        "0",
    ]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        line = process.stdout.readline()
        url = line.split()[-1]
        answer = requests.get(
            url + "/api_keys/rate_limits", headers={"Authorization": "Bearer two"}, timeout=5
        )
        refused = requests.get(
            url + "/api_keys/rate_limits", headers={"Authorization": "Bearer six"}, timeout=5
        )

        process.send_signal(number)

        _, log = process.communicate(timeout=5)
    assert url.endswith("/api/v1")
    assert (answer.status_code, refused.status_code) == (200, 401)
    assert process.returncode == 0
    assert "path=/api_keys/rate_limits status=200" in log
    assert "Bearer" not in log
    assert "Traceback" not in log
