"""A whole Tor network on emulated hosts: one onion address served from two of them."""

import pytest

from support.processes.emulated_run import emulated_hosts, namespaces_in_use, namespaces_of
from support.waiting import until

HOSTS = """
[[hosts]]
name = "network"
roles = ["authority", "relay", "balancer"]

[[hosts]]
name = "pi1"
roles = ["backend"]
link = "50Mbit"

[[hosts]]
name = "pi2"
roles = ["backend"]
link = "50Mbit"

[[hosts]]
name = "here"
roles = ["client"]
delay = "15ms"

[[hosts]]
name = "there"
roles = ["client"]
delay = "15ms"

[network]
relays = 8

[backends]
daemons = 2
single_hop = true

[load]
ramp = "3s"
hold = "10s"
"""

pytestmark = pytest.mark.tor


def test_an_onion_address_is_served_from_emulated_hosts(start):
    run = start(HOSTS)
    until(lambda: run.ended() or (run.out / "schedule.json").exists(), "the load")
    made = namespaces_of(run.process.pid)
    assert run.ends() == 0, run.stderr
    assert len(made) == 7  # five hosts, the switch, the delay lines
    result, manifest = run.file("result.json"), run.file("manifest.json")
    hosts = emulated_hosts(manifest)
    assert result["status"] == "complete"
    assert result["bytes"]["corrupt"] == 0
    assert result["trust"]["missing"] == [] or "machine-wide" in result["trust"]["missing"][0]

    # nobody sends more than a link carries
    assert {backend["host"] for backend in result["backends"]} == {"pi1", "pi2"}
    sent = {link["host"]: link["sent_bits_per_second"] for link in result["links"]["hosts"]}
    assert max(sent["pi1"], sent["pi2"]) <= 50e6 * 1.05
    # to a relay and back: clients alone have a delay, and how long a machine takes comes on top
    assert result["round_trip"]["lowest_seconds"] >= 0.030
    delays = {host["name"]: host["delay_seconds"] for host in hosts}
    assert delays == {"network": 0, "pi1": 0, "pi2": 0, "here": 0.015, "there": 0.015}
    # each host of backends carries its own payload, in cells
    (interfaces,) = (a for a in result["trust"]["agreement"] if a["what"] == "interfaces")
    assert interfaces["explained"]

    assert manifest["backends"] == {"backend-1": "pi1", "backend-2": "pi2"}
    samples = {path.stem for path in (run.out / "samples").iterdir()}
    assert samples == {
        *(f"{kind}-{host}" for kind in ("sink", "pinger") for host in ("here", "there")),
        *(f"source-{host}" for host in ("pi1", "pi2")),
        *(f"{k}-{h['name']}" for k in ("sampler", "tors") for h in hosts),
        "yardstick-network",  # one for the cores that all of them have
    }
    assert "read it by hand: nsenter --net=/proc/" in run.stderr
    assert not made & namespaces_in_use()
