"""What an experiment may have happen in its hold, and what it is told of the rest."""

import msgspec
import pytest

from onionrig.cli.question import ask
from onionrig.errors import UsageError
from onionrig.experiment.auto import resolved
from onionrig.experiment.checks import refuse_impossible
from onionrig.experiment.decode import experiment_from, layer_from_toml, plain
from onionrig.experiment.faults.planned import planned_faults
from onionrig.experiment.faults.registry import FAULTS
from onionrig.experiment.names import LOAD_DIALLER
from onionrig.rig.model import Role
from onionrig.rig.orders import DiallerOrders
from support.rigs import orders, rig_of

BASELINE = '[network]\nkind = "none"\n[backends]\ndaemons = 1\n'


def asked(text, before=""):
    return experiment_from([layer_from_toml(before + text, origin="test")])


def events(*said):
    return "".join(f"[[faults]]\n{one}\n" for one in said)


def refused(text, before=""):
    with pytest.raises(UsageError) as caught:
        refuse_impossible(asked(text, before))
    return str(caught.value)


def test_what_happens_is_put_in_its_order_and_of_one_moment_as_it_stands():
    text = events(
        'at = "20s"\nstart = "backend-1"',
        'at = "500ms"\nhang = "relay-2"',
        'at = "20s"\nresume = "relay-2"',
        'at = "5s"\nkill = "backend-1"',
    )
    experiment = asked(text)
    refuse_impossible(experiment)
    assert [(each.at_seconds, each.verb, each.subject) for each in planned_faults(experiment)] == [
        (0.5, "hang", "relay-2"),
        (5, "kill", "backend-1"),
        (20, "start", "backend-1"),
        (20, "resume", "relay-2"),
    ]


def test_nothing_happens_unless_it_is_asked_for():
    assert planned_faults(asked("")) == ()


@pytest.mark.parametrize(
    ("fault_text", "message"),
    [
        ('at = "5s"', "faults, number 1: say one of kill, stop, start, hang, resume"),
        ('at = "5s"\nkill = "backend-1"\nstop = "backend-1"', "faults, number 1: say one of"),
        (
            'at = "5s"\nkill = "backend1"',
            'kill = "backend1": no such service; did you mean backend-1?',
        ),
        ('at = "5s"\nkill = "backend-5"', 'kill = "backend-5": no such service; did you mean'),
        ('at = "5s"\nstop = "the moon"', "no such service; there are backend-1, backend-2"),
        ('at = "5s"\nkill = "sink"', "no such service"),
        ('at = "60s"\nkill = "backend-1"', "at = 60s: the hold ends after 60s (load.hold)"),
        ('at = "2m"\nkill = "backend-1"', "at = 120s: the hold ends after 60s"),
        ('kill = "backend-1"', "missing required field `at`"),
        ('at = "5s"\nkil = "backend-1"', "unknown key faults[0].kil; did you mean faults[0].kill?"),
        ('at = "soon"\nkill = "backend-1"', '"soon" is no duration'),
    ],
)
def test_what_cannot_happen_is_refused_by_name_and_reason(fault_text, message):
    assert message in refused(events(fault_text))


def test_the_wrong_one_of_several_is_named():
    said = events('at = "5s"\nkill = "backend-1"', 'at = "6s"\nkill = "relay1"')
    assert refused(said).startswith('faults, number 2: kill = "relay1": no such service')


@pytest.mark.parametrize(
    ("fault_texts", "message"),
    [
        (['start = "balancer"'], 'start = "balancer" at 1s: balancer runs at that time'),
        (['resume = "relay-1"'], "relay-1 runs at that time"),
        (['kill = "relay-1"', 'stop = "relay-1"'], "relay-1 has ended at that time"),
        (['kill = "relay-1"', 'hang = "relay-1"'], "relay-1 has ended at that time"),
        (['hang = "relay-1"', 'hang = "relay-1"'], "relay-1 hangs at that time"),
        (['hang = "relay-1"', 'start = "relay-1"'], "relay-1 hangs at that time"),
        (['stop = "relay-1"', 'resume = "relay-1"'], "relay-1 has ended at that time"),
    ],
)
def test_what_is_out_of_turn_is_refused(fault_texts, message):
    text = events(*(f'at = "{at}s"\n{one}' for at, one in enumerate(fault_texts, start=1)))
    assert message in refused(text)


def test_a_hung_one_may_be_killed_and_started():
    # the evidence: it would be refused with an error, as those above are
    refuse_impossible(
        asked(
            events(
                'at = "1s"\nhang = "backend-1"',
                'at = "2s"\nkill = "backend-1"',
                'at = "3s"\nstart = "backend-1"',
                'at = "4s"\nstop = "backend-1"',
            )
        )
    )


@pytest.mark.parametrize(
    "subject", ["backend-4", "relay-12", "authority-3", "client-2", "balancer", "balancer-tor"]
)
def test_every_tor_and_the_balancer_may_be_ended_and_are_services_of_the_rig(subject):
    experiment = asked(events(f'at = "1s"\nkill = "{subject}"'))
    refuse_impossible(experiment)
    experiment, _ = resolved(experiment)
    refuse_impossible(experiment)
    assert subject in {service.name for service in rig_of(experiment).services}


def test_a_relay_beyond_those_that_auto_came_to_is_refused_once_that_is_known():
    experiment = asked(events('at = "1s"\nkill = "relay-13"'))
    refuse_impossible(experiment)
    with pytest.raises(UsageError, match="no such service"):
        refuse_impossible(resolved(experiment)[0])


def test_of_a_baseline_the_source_can_be_ended_if_it_is_on_this_side():
    killed = events('at = "1s"\nkill = "source"')
    refuse_impossible(asked(killed, BASELINE))
    pulled = f'{BASELINE}[baseline]\npeer = "192.0.2.7:9000"\n'
    assert "there is none on this side" in refused(killed, pulled)
    assert "no such service" in refused(events('at = "1s"\nkill = "relay-1"'), BASELINE)


def test_on_emulated_hosts_each_has_a_source_of_its_own():
    hosts = (
        '[[hosts]]\nname = "pi1"\nroles = ["authority", "relay", "backend", "balancer", "client"]\n'
    )
    refuse_impossible(asked(events('at = "1s"\nkill = "source-pi1"'), hosts))
    assert "did you mean source-pi1?" in refused(events('at = "1s"\nkill = "source"'), hosts)


def test_an_experiment_with_events_is_the_same_as_plain_data():
    experiment = asked(events('at = "500ms"\nhang = "relay-2"'))
    assert experiment_from([plain(experiment)]) == experiment
    assert msgspec.json.encode(plain(experiment))


def test_each_verb_is_a_key_of_an_event():
    for verb in FAULTS:
        (event,) = planned_faults(asked(events(f'at = "1s"\n{verb} = "x"')))
        assert (event.verb, event.subject) == (verb, "x")


# Dials under load


KILLED = events('at = "1s"\nkill = "backend-1"')


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("", None),
        (KILLED, 0.5),
        (f'[load]\ndial_every = "2s"\n{KILLED}', 2.0),
        ('[load]\ndial_every = "250ms"\n', 0.25),
    ],
)
def test_where_something_happens_two_streams_a_second_are_dialled_unless_said_otherwise(
    text, every
):
    experiment, found = resolved(asked(text))
    assert experiment.load.dial_every == every
    assert ("load.dial_every" in found) is (text == KILLED)
    diallers = rig_of(experiment).own(LOAD_DIALLER)
    told = [orders(dialler, DiallerOrders) for dialler in diallers]
    assert [(one.every_seconds, one.count) for one in told] == ([(every, None)] if every else [])
    assert {dialler.role for dialler in diallers} <= {Role.DIALLER}


def test_a_baseline_dials_nothing():
    experiment, _ = resolved(asked('[load]\ndial_every = "2s"\n', BASELINE))
    assert experiment.load.dial_every is None


@pytest.mark.parametrize("every", ["0s", "49ms"])
def test_dials_that_come_too_fast_are_refused(every):
    said = refused(f'[load]\ndial_every = "{every}"')
    assert said.startswith(f"load.dial_every = {every}: at least 50ms")


def test_the_table_by_its_old_name_asks_for_the_same_and_the_new_name_is_said(tmp_path, capsys):
    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    table = 'at = "5s"\nkill = "backend-1"\n'
    old.write_text(f"[[events]]\n{table}")
    new.write_text(f"[[faults]]\n{table}")
    asked = [ask(path, "smoke", [], {}).experiment.faults for path in (new, old)]
    assert asked[0] == asked[1]
    assert len(asked[0]) == 1
    said = capsys.readouterr().err
    assert said == f"{old}: [[events]] is called [[faults]] now, and is read as that\n"
    old.write_text(f"[[events]]\n{table}[[faults]]\n{table}")
    with pytest.raises(UsageError, match="are one table"):
        ask(old, "smoke", [], {})
