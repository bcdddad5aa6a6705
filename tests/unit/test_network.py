import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.balancer.points import coverage
from onionrig.balancer.timing import next_consensus_seconds, seconds_until_balancer
from onionrig.errors import Unequipped
from onionrig.experiment.auto import resolved
from onionrig.experiment.schema import Experiment
from onionrig.tor.address import address_from_key
from onionrig.tor.bootstrap import BootstrapLog, last_line
from onionrig.tor.consensus import consensus_from, seconds_until_start
from onionrig.tor.descriptors import Descriptor, IntroductionPoint, reachable
from onionrig.tor.identities import certificate_expires
from onionrig.tor.program import build_of, program_from
from onionrig.units import version_numbers
from starvation import starvation_chance

PRINTED = """Tor version 0.4.9.11.
Tor is running on Linux with Libevent 2.1.12-stable, OpenSSL 3.0.19, Zlib 1.2.13, and more.
"""
CONSENSUS = """network-status-version 3 microdesc
valid-after 2026-11-24 20:48:15
fresh-until 2026-11-24 20:48:20
params cc_alg=2 something=-1
r authority1 aaaa 2038-01-01 00:00:00 127.0.0.1 10000 0
s Authority Fast
r relay1 bbbb 2038-01-01 00:00:00 127.0.0.1 10001 0
"""


def point(key, relay):
    return IntroductionPoint(key=key, relay=relay)


def descriptor(*points):
    return Descriptor(revision=1, points=tuple(points))


def test_the_version_and_openssl_of_tor_are_read():
    tor = program_from("/usr/bin/tor", PRINTED)
    assert (tor.version, tor.openssl) == ("0.4.9.11", "OpenSSL 3.0.19")


@pytest.mark.parametrize("version", ["0.4.7.16", "0.3.5.18", "0.2.9.1-alpha"])
def test_an_old_tor_is_refused_by_version(version):
    with pytest.raises(Unequipped, match=rf"tor {version}: 0.4.8 or later"):
        program_from("/usr/bin/tor", f"Tor version {version}.\n")


def test_a_program_that_is_not_tor_is_refused():
    with pytest.raises(Unequipped, match="does not name a version"):
        program_from("/usr/bin/tor", "GNU tor 9\n")


def test_two_builds_of_a_version_are_told_apart_by_their_files(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"-O2")
    other.write_bytes(b"-O3")
    assert build_of(one) == hashlib.sha256(b"-O2").hexdigest()[:12]
    assert build_of(one) != build_of(other)


def test_a_tor_that_may_be_run_but_not_read_has_no_known_build(tmp_path):
    assert build_of(tmp_path) is None


def test_versions_compare_by_number():
    newer, older, alpha = map(version_numbers, ("0.4.10.1", "0.4.9.11", "0.4.8.1-alpha"))
    assert newer > older > alpha >= (0, 4, 8)


def test_a_consensus_names_its_relays_parameters_and_time():
    consensus = consensus_from(CONSENSUS)
    assert consensus.relays == {"authority1", "relay1"}
    assert consensus.parameters == {"cc_alg": 2, "something": -1}
    assert consensus.valid_after_seconds % 60 == 15


@given(st.floats(0, 2e9), st.floats(0, 5))
def test_daemons_start_the_lead_time_before_a_vote(now, lead):
    wait = seconds_until_start(now, lead_seconds=lead)
    assert 0 <= wait < 5 + 1e-6
    to_vote = (now + wait + lead + 4) % 5
    assert min(to_vote, 5 - to_vote) < 1e-3


@given(st.integers(0, 4 * 10**8), st.floats(0, 30))
def test_onionbalance_meets_the_next_consensus_however_late_it_arrives(fives, late):
    valid_after = 5.0 * fives
    consensus = next_consensus_seconds(valid_after)
    assert consensus % 20 == 0
    assert 8 <= consensus - valid_after < 28
    start = valid_after + late
    start += seconds_until_balancer(start, next_consensus_seconds=consensus)
    fetched = start + 6
    met = next(consensus + 20 * n for n in range(5) if consensus + 20 * n >= fetched - 1e-6)
    assert met + 14 - fetched < 20  # still fresh at the latest arrival
    assert start - (valid_after + late) < 20


def test_only_the_first_point_on_a_relay_is_reached():
    points = (point("a1", "r1"), point("b1", "r1"), point("b2", "r2"), point("a2", "r2"))
    assert [reached_point.key for reached_point in reachable(points)] == ["a1", "b2"]


def test_an_instance_whose_points_all_come_second_is_starved_by_name():
    instances = {
        "backend-1": descriptor(point("a1", "x"), point("a2", "y"), point("a3", "z")),
        "backend-2": descriptor(point("b1", "x"), point("b2", "y")),
        "backend-3": descriptor(point("c1", "w")),
    }
    frontend = descriptor(
        point("a1", "r1"), point("b1", "r1"), point("a2", "r2"), point("b2", "r2")
    )
    covered = coverage(frontend, instances)
    assert covered.points == 4
    assert covered.usable == {"backend-1": 2, "backend-2": 0, "backend-3": 0}
    assert "share relays with earlier ones" in covered.starved()["backend-2"]
    assert "published no introduction point" in covered.starved()["backend-3"]
    assert "backend-1" not in covered.starved()


def test_a_point_of_nobody_is_counted_as_unknown():
    covered = coverage(descriptor(point("?", "r1")), {"backend-1": descriptor()})
    assert covered.listed == {"backend-1": 0, "unknown": 1}


def test_the_automatic_network_makes_starving_rare_for_the_default_rig():
    experiment, _ = resolved(Experiment())
    one_publication = starvation_chance(4, experiment.network.relays, rounds=4000)
    assert one_publication < 0.20
    assert one_publication**2 < 0.04  # the rig waits for another before it goes on
    assert (
        starvation_chance(4, 8, rounds=4000) > 0.25
    )  # what it would be on the smallest sensible network


def test_bootstrap_is_followed_line_by_line(tmp_path):
    path = tmp_path / "log"
    log = BootstrapLog(path)
    log.read_on()
    assert not log.done
    path.write_text("x [notice] Bootstrapped 45% (requesting_descriptors): Asking for relay desc")
    log.read_on()
    assert log.percent == 0  # the line is not finished
    with path.open("a") as file:
        file.write("riptors\n")
    log.read_on()
    assert (log.percent, log.doing) == (45, "Asking for relay descriptors")
    with path.open("a") as file:
        file.write("\nx [notice] Bootstrapped 100% (done): Done\n\n")
    log.read_on()
    assert log.done
    assert last_line(path) == "x [notice] Bootstrapped 100% (done): Done"
    assert last_line(tmp_path / "none") == "(no log)"


def test_onion_addresses_are_those_of_the_specification():
    # rend-spec-v3's own service: its address decodes to the key that it is made from
    address = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
    key = base64.b32decode(address.removesuffix(".onion").upper())[:32]
    assert address_from_key(key) == address


def test_a_certificate_says_when_it_ends():
    ends = certificate_expires(
        "dir-key-certificate-version 3\ndir-key-expires 2027-11-24 20:00:00\n"
    )
    assert (ends.year, ends.tzinfo is not None) == (2027, True)
