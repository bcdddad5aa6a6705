"""What a bundle replaces: nothing that names a machine or a person stays, and no figure changes."""

import collections.abc
import enum
import functools
import ipaddress
import operator
import re
import string
import typing

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onionrig.records import samples
from onionrig.records.events import AnyEvent, Failed, HostGone, Noted
from onionrig.records.manifest import Manifest
from onionrig.records.recording import Recording
from onionrig.records.streams.schedule import Schedule
from onionrig.records.streams.transfers import Ending, Transfer
from onionrig.store.bundle.making import SAMPLE_KINDS
from onionrig.store.bundle.names import WORDS_OF_THE_FORMAT, names_in
from onionrig.store.bundle.replacements import KNOWN_FILES, Replacements
from onionrig.store.bundle.rules import replaced, rule_of
from support.records.events import event
from support.records.manifests import host, manifest, service
from support.records.samples import HOLD, host_sample, transfer

ONION = "d6rmcudltnnccmhf2yjzokpqotjknflrurqxfgu4wp3e3fsm6tni5jad.onion"

# names that no word of a record has in it: with a letter pair that English and tor do without
names = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12).map(
    lambda text: f"qx{text.strip('-')}z"
)
v4 = st.ip_addresses(v=4).filter(
    lambda address: (
        int(str(address).split(".")[0]) not in {0, 127, 255}
        and not any(
            address in ipaddress.ip_network(f"{net}.0/24") for net in ("192.0.2", "198.51.100")
        )
    )
)
v6 = st.ip_addresses(v=6).filter(
    lambda address: int(address) > 1 and not str(address).startswith("2001:db8:")
)
macs = (
    st.binary(min_size=6, max_size=6).filter(lambda raw: raw[0] != 2).map(lambda raw: raw.hex(":"))
)
directories = st.lists(names, min_size=1, max_size=4).map("/".join)
around = st.sampled_from(["{}", "at {}, then", "({})", "{}: refused", "<{}>", "x={} y", "'{}'"])


def rig(hosts, **changes):
    """A manifest of a rig on these hosts, with the processes that each of them needs."""
    first, *_ = hosts
    own = [service(f"sampler-{name}", "sampler", name) for name in hosts]
    made = manifest(
        hosts=tuple(host(name) for name in hosts),
        backends={f"backend-{number}": name for number, name in enumerate(hosts, start=1)},
        services=(service("backend-1", "backend", first), *own),
        roles={"backend-1": "backend", **{one.name: "sampler" for one in own}},
    )
    return msgspec.structs.replace(made, run="20260101T000000Z-default", **changes)


def replacements(made, *others):
    events = [one for one in others if isinstance(one, AnyEvent)]
    hosts = [one for one in others if isinstance(one, samples.HostSample)]
    return Replacements(names_in(made, events, hosts))


def as_bundled(made, *others):
    """The bytes that a bundle of these records would have."""
    by = replacements(made, *others)
    return "\n".join(msgspec.json.encode(replaced(one, by)).decode() for one in (made, *others))


@settings(max_examples=40)
@given(st.lists(names, min_size=1, max_size=4, unique=True), around)
def test_no_name_of_a_host_stays_anywhere(hosts, sentence):
    last = hosts[-1]
    text = as_bundled(
        rig(hosts),
        event(Noted, 1.0, text=sentence.format(last)),
        event(Noted, 1.0, text=f"sampler-{last} at {last}.example.org and {last.upper()}"),
        event(HostGone, 2.0, host=last, reason=f"{last} hung up", last_heard_wall_seconds=1.0),
        host_sample(HOLD, {f"sampler-{last}": 0.1}),
    )
    assert [name for name in hosts if name in text.lower()] == []
    assert "example.org" not in text


@settings(max_examples=40)
@given(st.one_of(v4, v6).map(str), around)
def test_no_address_stays(address, sentence):
    made = rig(["here"])
    made = msgspec.structs.replace(
        made, hosts=(msgspec.structs.replace(made.hosts[0], address=address),)
    )
    text = as_bundled(
        made,
        event(Noted, 1.0, text=sentence.format(address)),
        transfer(detail=f"errno 111 at [{address}]:9001"),
    )
    assert not re.search(rf"(?<![\w.:]){re.escape(address)}(?![\w.:]*\w)", text)


SAID_BY_SSH = (
    "ssh: connect to host {} port 22: No route to host",
    "ssh: Could not resolve hostname {}: Name or service not known",
    "Connection to {} closed by remote host.",
    "Connection to {} port 2222 timed out",
    "Timeout, server {} not responding.",
    "No ED25519 host key is known for {} and you have requested strict checking.",
)


@pytest.mark.parametrize("sentence", SAID_BY_SSH)
@pytest.mark.parametrize("name", ["qxcellar", "qxcellar.example.net", "qxcellar-7.lan"])
def test_no_name_stays_by_which_ssh_reached_a_host(sentence, name):
    by = replacements(rig(["here"]))
    text = by.text(sentence.format(name))
    assert text == sentence.format("other-host-1")
    assert by.text(text) == text
    assert by.text(sentence.format("here.example.net")) == sentence.format("host-1")
    assert by.counts() == {"host name": 2}


def test_a_contact_in_a_setting_of_the_command_is_replaced_as_in_the_experiment():
    lines = ["ContactInfo Ann Qx, 12 Main St"]
    made = rig(
        ["here"],
        command=("onionrig", "run", "--set", f"load.torrc={msgspec.json.encode(lines).decode()}"),
        experiment={"load": {"torrc": lines}},
    )
    known = replaced(made, replacements(made))
    assert known.command[-1] == 'load.torrc=["ContactInfo contact-1"]'
    assert known.experiment["load"]["torrc"] == ["ContactInfo contact-1"]


@settings(max_examples=40)
@given(macs, around)
def test_no_hardware_address_stays(mac, sentence):
    assert mac not in as_bundled(rig(["here"]), event(Noted, 1.0, text=sentence.format(mac)))


@settings(max_examples=40)
@given(directories, names, around)
def test_no_path_stays_and_no_name_of_a_user(directory, user, sentence):
    path = f"/home/{user}/my runs/{directory}"
    made = rig(["here"], command=("/usr/bin/onionrig", "run", f"--out={path}", "-i", "hosts/qxinv"))
    text = as_bundled(
        made,
        event(Noted, 1.0, text=sentence.format(f"{path}/logs/relay-1.log")),
        event(Noted, 1.0, text=sentence.format(f"/srv/{directory}")),
        event(Failed, 2.0, error="PortTaken", message=f"{user} has it", exit_code=5),
    )
    assert user not in text
    assert directory.rpartition("/")[2] not in text
    assert "my runs" not in text
    assert "qxinv" not in text


@settings(max_examples=40)
@given(names)
def test_no_unusual_interface_name_stays(name):
    sample = host_sample(HOLD, {"sampler-here": 0.1})
    use = samples.InterfaceUse(
        received_bytes=1,
        received_packets=1,
        sent_bytes=1,
        sent_packets=1,
        link_bits_per_second=None,
    )
    sample = msgspec.structs.replace(sample, interfaces={"lo": use, "eth0": use, name: use})
    made = rig(["here"])
    by = replacements(made, sample)
    assert [*replaced(sample, by).interfaces] == ["lo", "eth0", "interface-1"]
    assert by.text(f"{name} is down, eth0 is up") == "interface-1 is down, eth0 is up"


def test_a_path_with_spaces_is_cut_as_a_whole_wherever_a_file_of_the_run_names_it():
    orders = '{"record_path": "/media/Anns Disk/runs/1/samples/source.jsonl"}'
    torrc = 'DataDirectory "/srv/Bobs Disk/tor/data"'
    one = service("source", "source", "here")
    made = msgspec.structs.replace(
        rig(["here"]),
        services=(msgspec.structs.replace(one, files={"orders.json": orders, "torrc": torrc}),),
    )
    by = replacements(made)
    assert by.text("/media/Anns Disk/runs/1/logs/x.log: full") == "/…: full"
    assert by.text("see /srv/Bobs Disk/tor/keys, or not") == "see /…, or not"
    assert replaced(made, by).services[0].files == {"torrc": 'DataDirectory "/…/data"'}


def test_onion_addresses_fingerprints_and_contacts_are_replaced_alike_everywhere():
    made = rig(["here"], address=ONION)
    by = replacements(made)
    fingerprint = "2FC258D8DBA4A1E5E9F98E13503F9840A4FD96AB"
    assert replaced(made, by).address == "address-1.onion"
    assert by.text(f"{ONION} again, {ONION[:-6]} too") == "address-1.onion again, address-1 too"
    assert by.torrc(
        f"DirAuthority a orport=1 127.0.0.1:9 {fingerprint}\nContactInfo Ann <ann@example.org>\n"
        "ContactInfo onionrig private network\nHiddenServiceDir /var/lib/x y/service\n"
    ).startswith(
        "DirAuthority a orport=1 127.0.0.1:9 key-1\nContactInfo contact-1\n"
        "ContactInfo onionrig private network\nHiddenServiceDir /…"
    )
    assert by.counts() == {
        "contact": 1, "fingerprint": 1, "host name": 1, "onion address": 1, "path": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "tor 0.4.9.11 is too old; 0.4.8.2-alpha too",
        "127.0.0.1:9001 and [::1]:80 are this machine",
        "12 relays beside 3 authorities at 12:30:45 (7.2 %), 1/4 of 50Mbit/s and/or more",
        "backend-1 waits for relay-10; the balancer and its tor do not",
        "general SOCKS failure (0xF0)",
    ],
)
def test_words_and_numbers_of_the_format_stay(text):
    assert replacements(rig(["here", "tor", "relay", "7", "debian"])).text(text) == text


def test_a_host_with_a_word_of_the_format_as_its_name_is_replaced_where_hosts_stand():
    made = rig(["sink", "default"])
    by = replacements(made)
    shared = replaced(made, by)
    assert [one.name for one in shared.hosts] == ["host-2", "host-1"]
    assert shared.services[1].name == "sampler-host-2"
    assert shared.roles == {
        "backend-1": "backend", "sampler-host-2": "sampler", "sampler-host-1": "sampler",
    }  # fmt: skip
    assert shared.experiment == made.experiment


def test_names_keep_their_order_so_that_what_is_sorted_by_name_does():
    hosts = [f"pi{number}" for number in range(1, 13)]
    by = replacements(rig(hosts))
    assert sorted(map(by.host, hosts)) == [by.host(name) for name in sorted(hosts)]


def test_the_experiment_keeps_what_was_asked_and_loses_whose_machines_they_are():
    asked = {
        "description": "what alpha can do",
        "hosts": [{"name": "alpha", "roles": ["backend", "client"], "link": "50Mbit"}],
        "faults": [{"at": "4s", "kill": "backend-1"}, {"at": "9s", "stop": "alpha"}],
        "cluster": {"inventory": "lab/alpha.yml"},
        "backends": {"torrc": ["ContactInfo me@alpha"]},
        "load": {"hold": "30s"},
    }
    made = rig(
        ["alpha"], experiment=asked, command=("onionrig", "run", "--set", "hosts.alpha.link=5Mbit")
    )
    shared = replaced(made, replacements(made))
    assert shared.experiment == {
        "description": "what host-1 can do",
        "hosts": [{"name": "host-1", "roles": ["backend", "client"], "link": "50Mbit"}],
        "faults": [{"at": "4s", "kill": "backend-1"}, {"at": "9s", "stop": "host-1"}],
        "cluster": {"inventory": "…"},
        "backends": {"torrc": ["ContactInfo contact-1"]},
        "load": {"hold": "30s"},
    }
    assert shared.command == ("onionrig", "run", "--set", "hosts.host-1.link=5Mbit")


def test_a_run_named_by_its_owner_is_named_by_its_time():
    made = rig(["here"], started="2026-01-02T03:04:05+00:00")
    named = msgspec.structs.replace(made, run="anns-cellar")
    assert replaced(named, replacements(named)).run == "20260102T030405Z-default"
    assert replaced(made, replacements(made)).run == made.run
    as_asked = msgspec.structs.replace(made, run="default", command=("onionrig", "run"))
    by = replacements(as_asked)
    assert replaced(as_asked, by).run == "20260102T030405Z-default"
    assert by.text("the default is 4") == "the default is 4"
    by_host = msgspec.structs.replace(rig(["alpha"]), run="mine", profile="alpha-lab")
    by = replacements(by_host)
    assert replaced(by_host, by).run == "20260101T000000Z-host-1-lab"
    assert by.text("see mine") == "see 20260101T000000Z-host-1-lab"


@given(st.text(max_size=80))
def test_replacing_what_was_replaced_changes_nothing(text):
    by = replacements(rig(["alpha", "beta"]))
    once = by.text(text)
    assert replacements(rig(["host-1", "host-2"])).text(once) == once


def kinds(kind, seen=None):
    """Every class of records that is part of one."""
    seen = {} if seen is None else seen
    for part in typing.get_args(kind) or (kind,):
        if typing.get_args(part):
            kinds(part, seen)
        elif isinstance(part, type) and issubclass(part, msgspec.Struct) and part not in seen:
            seen[part] = True
            for hint in typing.get_type_hints(part).values():
                kinds(hint, seen)
    return list(seen)


def has_text(hint):
    if typing.get_origin(hint) is typing.Literal:
        return True
    if parts := typing.get_args(hint):
        return any(map(has_text, parts))
    return isinstance(hint, type) and issubclass(hint, str) and not issubclass(hint, enum.Enum)


RECORDS = functools.reduce(
    operator.or_, SAMPLE_KINDS.values(), Manifest | AnyEvent | Transfer | Schedule
)


def test_a_bundle_has_samples_of_every_kind_that_a_run_has():
    hints = typing.get_type_hints(Recording).values()
    by_service = [hint for hint in hints if typing.get_origin(hint) is collections.abc.Mapping]
    assert {typing.get_args(typing.get_args(hint)[1])[0] for hint in by_service} == set(
        SAMPLE_KINDS.values()
    )


def test_somebody_has_thought_about_every_text_of_a_record():
    unruled = [
        f"{kind.__name__}.{name}"
        for kind in kinds(RECORDS)
        for name, hint in typing.get_type_hints(kind).items()
        if has_text(hint) and name in kind.__struct_fields__ and rule_of(kind, name) is None
    ]
    assert unruled == []


def test_endings_and_known_names_of_files_are_no_secrets():
    assert all(name == name.strip("/") for name in KNOWN_FILES)
    assert {"sink", "relay", "tor"} <= WORDS_OF_THE_FORMAT
    one = transfer(ending=Ending.CLOSED)
    assert replaced(one, replacements(rig(["closed"]))).ending is Ending.CLOSED
