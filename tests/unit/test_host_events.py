"""What an experiment may have happen to emulated hosts and their links, and to whom it then does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.engine.emulation.links import delayed_bytes
from onionrig.errors import UsageError
from onionrig.experiment.auto import resolved
from onionrig.experiment.checks import refuse_impossible
from onionrig.experiment.decode import experiment_from, layer_from_toml, plain
from onionrig.experiment.faults.planned import planned_faults
from onionrig.experiment.placement import faulted_services, placement
from onionrig.rig.hosts import emulated_hosts

HOSTS = """
[[hosts]]
name = "network"
roles = ["authority", "relay"]

[[hosts]]
name = "hub"
roles = ["balancer"]

[[hosts]]
name = "clients"
roles = ["client"]

[[hosts]]
name = "pi1"
roles = ["backend"]
link = "100Mbit"

[[hosts]]
name = "pi2"
roles = ["backend"]

[[hosts]]
name = "pi3"
roles = ["backend", "client"]
link = "100Mbit"
delay = "10ms"
"""
BASELINE = """
[network]
kind = "none"

[[hosts]]
name = "pi1"
roles = ["backend"]

[[hosts]]
name = "idle"
roles = ["relay"]

[[hosts]]
name = "clients"
roles = ["client"]
"""


def asked(*said, hosts=HOSTS, before=""):
    events = "".join(f"[[faults]]\n{one}\n" for one in said)
    return experiment_from([layer_from_toml(before + hosts + events, origin="test")])


def refused(*said, **more):
    with pytest.raises(UsageError) as caught:
        refuse_impossible(asked(*said, **more))
    return str(caught.value)


def in_turn(*said, **more):
    """Things that happen second by second."""
    return [f'at = "{at}s"\n{one}' for at, one in enumerate(said, start=1)]


def test_hosts_go_and_come_and_their_links_change():
    said = in_turn(
        'stop = "pi1"', 'link_rate = "pi2"\nrate = "10Mbit"', 'start = "pi1"', 'kill = "hub"',
        'hang = "network"', 'kill = "backend-1"',
    )  # fmt: skip
    experiment = asked(*said)
    refuse_impossible(experiment)
    assert [
        (each.verb, each.subject, each.scope, each.bits_per_second)
        for each in planned_faults(experiment)
    ] == [
        ("stop", "pi1", "host", None),
        ("link_rate", "pi2", "link", 10e6),
        ("start", "pi1", "host", None),
        ("kill", "hub", "host", None),
        ("hang", "network", "host", None),
        ("kill", "backend-1", "service", None),
    ]
    assert experiment_from([plain(experiment)]) == experiment


def test_a_rate_is_scaled_as_links_are():
    said = in_turn('link_rate = "pi1"\nrate = "10Mbit"')
    experiment = asked(*said, before='[emulation]\nscale = "1/4"\n')
    refuse_impossible(experiment)
    (event,) = planned_faults(experiment)
    assert event.bits_per_second == 2.5e6


@pytest.mark.parametrize(
    ("fault_text", "message"),
    [
        ('stop = "pi4"', 'stop = "pi4": no such service or host; did you mean pi'),
        ('link_rate = "pi1"', 'link_rate = "pi1": say which it is then, as in rate = "10Mbit"'),
        ('link_rate = "pi1"\nrate = "10"', "the unit"),
        (
            'link_rate = "pi1"\nrate = "0Mbit"',
            'link_rate = "pi1", rate = "0bit": a link carries 1Mbit to 10Gbit',
        ),
        ('link_rate = "pi1"\nrate = "11Gbit"', "a link carries 1Mbit to 10Gbit"),
        ('link_rate = "backend-1"\nrate = "10Mbit"', 'link_rate = "backend-1": no such host'),
        ('stop = "pi1"\nrate = "10Mbit"', 'rate = "10Mbit": only a link has one, as in link_rate'),
        ('rate = "10Mbit"', "say one of kill, stop, start, hang, resume, link_down"),
        ('link_rate = "pi1"\nlink_down = "pi1"\nrate = "10Mbit"', "say one of kill"),
        ('kill = "clients"', 'kill = "clients": it has the role client'),
        ('stop = "pi3"', "the load itself, which comes from there, would end with it"),
        ('hang = "clients"', "would stand still with it"),
    ],
)
def test_what_cannot_be_done_to_a_host_is_refused_with_the_reason(fault_text, message):
    whole = refused(f'at = "5s"\n{fault_text}')
    assert message in whole
    assert "unit" in message or whole.startswith("faults, number 1: ")


def test_a_rate_that_scale_makes_too_low_is_refused():
    said = 'at = "1s"\nlink_rate = "pi1"\nrate = "2Mbit"'
    message = refused(said, before='[emulation]\nscale = "1/4"\n')
    assert 'rate = "2Mbit" with emulation.scale = "1/4" is 500kbit' in message


def test_a_clients_link_may_be_pulled_and_a_single_client_tor_ended():
    # the evidence: it would be refused with an error, as those above are
    refuse_impossible(asked(*in_turn('link_down = "clients"', 'kill = "client-1"')))


def test_a_host_that_nothing_runs_on_cannot_be_stopped():
    assert "no service of this experiment is on it" in refused(
        'at = "1s"\nkill = "idle"', hosts=BASELINE
    )
    refuse_impossible(asked('at = "1s"\nkill = "pi1"', hosts=BASELINE))
    # three hosts take backends, and there is one instance
    assert 'stop = "pi2": no service' in refused(
        'at = "1s"\nstop = "pi2"', before="[backends]\ndaemons = 1\n"
    )


def test_without_emulated_hosts_there_is_none_to_stop():
    said = refused('at = "1s"\nlink_rate = "pi1"\nrate = "5Mbit"', hosts="")
    assert "only emulated hosts have links" in said
    assert "no such service;" in refused('at = "1s"\nstop = "pi1"', hosts="")


@pytest.mark.parametrize(
    ("fault_texts", "message"),
    [
        (['start = "pi1"'], 'start = "pi1" at 1s: pi1 runs at that time'),
        (['stop = "pi1"', 'stop = "pi1"'], "pi1 has ended at that time"),
        (['stop = "pi1"', 'start = "backend-1"'], "its host pi1 has ended at that time"),
        (['kill = "pi1"', 'kill = "source-pi1"'], "its host pi1 has ended at that time"),
        (['hang = "pi1"', 'resume = "backend-1"'], "its host pi1 hangs at that time"),
        (['kill = "hub"', 'start = "balancer"'], "its host hub has ended at that time"),
        (['stop = "pi1"', 'link_up = "pi1"'], "pi1 has ended at that time"),
        (['link_down = "pi1"', 'stop = "pi1"'], "pi1 is cut off at that time"),
        (['kill = "pi1"', 'start = "pi1"', 'start = "backend-1"'], "backend-1 runs at that time"),
        (['hang = "pi1"', 'resume = "pi1"', 'resume = "backend-1"'], "backend-1 runs at"),
        # the fourth instance is on the first of three hosts again
        (['stop = "pi1"', 'kill = "backend-4"'], "its host pi1 has ended at that time"),
        (
            ['kill = "backend-1"', 'hang = "pi1"', 'resume = "pi1"', 'stop = "backend-1"'],
            "backend-1 has ended at that time",
        ),
    ],
)
def test_what_is_out_of_turn_for_a_host_or_on_it_is_refused(fault_texts, message):
    assert message in refused(*in_turn(*fault_texts))


@pytest.mark.parametrize(
    "text",
    [
        ['kill = "backend-1"', 'stop = "pi1"', 'start = "pi1"', 'kill = "backend-1"'],
        ['kill = "backend-1"', 'hang = "pi1"', 'resume = "pi1"', 'start = "backend-1"'],
        ['hang = "pi1"', 'kill = "pi1"', 'start = "pi1"'],
        ['stop = "pi1"', 'kill = "backend-2"', 'link_rate = "pi1"\nrate = "1Mbit"'],
        ['link_down = "pi1"', 'kill = "backend-1"', 'start = "backend-1"', 'link_up = "pi1"'],
    ],
)
def test_events_in_order_are_accepted(text):
    # the evidence: what is out of order is refused with an error, as above
    refuse_impossible(asked(*in_turn(*text)))


@pytest.mark.parametrize(
    "name",
    [
        "backend-1",
        "relay-9",
        "balancer",
        "balancer-tor",
        "source",
        "sink-2",
        "source-pi1",
        "sampler",
        "yardstick-pi1",
    ],
)
def test_a_host_that_is_called_as_a_service_may_be_is_refused(name):
    said = refused(hosts=HOSTS.replace('"pi2"', f'"{name}"'))
    assert f'a host is called "{name}": so may a service be' in said


@given(
    daemons=st.integers(1, 10),
    clients=st.integers(1, 16),
    relays=st.integers(3, 9),
    shared=st.booleans(),
)
def test_the_checks_know_where_the_rig_puts_its_services(daemons, clients, relays, shared):
    before = (
        f"[backends]\ndaemons = {daemons}\n[load]\nclients = {clients}\n"
        f"[network]\nrelays = {relays}\n"
    )
    hosts = HOSTS.replace('["balancer"]', '["balancer", "relay", "client"]') if shared else HOSTS
    experiment, _ = resolved(asked(hosts=hosts, before=before))
    where = placement(experiment)
    own = ("sampler-", "yardstick-", "sink-", "pinger-", "dialler-", "load-dialler-")
    assert faulted_services(experiment) == {
        name: host for name, host in where.items() if not name.startswith(own)
    }


def test_so_they_do_for_a_baseline():
    experiment, _ = resolved(asked(hosts=BASELINE))
    assert faulted_services(experiment) == {"source-pi1": "pi1"}


def test_a_delay_line_has_room_for_the_highest_rate_that_its_link_is_ever_given():
    said = in_turn('link_rate = "pi3"\nrate = "1Gbit"', 'link_rate = "pi3"\nrate = "10Mbit"')
    host = emulated_hosts(asked(*said))[5]
    assert (host.link_bits_per_second, host.most_bits_per_second) == (100e6, 1e9)
    assert delayed_bytes(host) >= 2 * 1e9 * 0.010 / 8
    assert emulated_hosts(asked())[5].most_bits_per_second == 100e6
