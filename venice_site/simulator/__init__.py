"""A stand-in for Venice over real HTTP, for tests, the demo and benchmarks. It needs no Django.

In a test::

    with Simulator() as simulator:
        simulator.fail("rate-limited-ms", times=1, key="first")
        gate = simulator.hold(after_tokens=5)
        ...                               # simulator.url is the base address
        assert gate.reached.wait(5)
        gate.open()
        assert simulator.requests[-1].finished.wait(5)

In a browser, `[[sim:server-error;times=2]]` anywhere in a prompt does the same, and
`[[tokens:800]]` in a message sets the length of the reply. A key of the form `sim-unauthorized`
always meets that scenario. `python -m venice_site.simulator --help` runs it as a process, whose
control port (`/_control/fail`, `clear`, `release`, `requests`, `settings`, `keys`, `scenarios`)
lies beside the API.
"""

from __future__ import annotations

from .failures import Match
from .gates import Gate
from .journal import RecordedRequest
from .keys import KeyRecord
from .scenarios import SCENARIOS, Scenario, UnknownScenario
from .simulator import Simulator

__all__ = [
    "SCENARIOS",
    "Gate",
    "KeyRecord",
    "Match",
    "RecordedRequest",
    "Scenario",
    "Simulator",
    "UnknownScenario",
]
