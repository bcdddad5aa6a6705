import msgspec
import pytest

from onionrig.cli.profiles import profile_layer, profile_names
from onionrig.cli.question import ask, flags_layer
from onionrig.errors import UsageError
from onionrig.experiment.auto import resolved
from onionrig.experiment.checks import refuse_impossible
from onionrig.experiment.decode import (
    experiment_from,
    layer_from_setting,
    layer_from_toml,
    plain,
)
from onionrig.experiment.frontend import switches_on
from onionrig.experiment.schema import Experiment

NO_FLAGS = flags_layer()
EXTENDED = '[frontend]\nbalancer = "extended"\n'


def from_toml(text):
    return experiment_from([layer_from_toml(text, origin="test")])


def refused(text):
    with pytest.raises(UsageError) as caught:
        refuse_impossible(from_toml(text))
    return str(caught.value)


@pytest.mark.parametrize("count", [10**23, 10**400])
@pytest.mark.parametrize(
    ("key", "takes"),
    [
        ("load.streams", "GB of memory"),
        ("load.clients", "GiB of memory; at most 1000"),
        ("network.relays", "GiB of memory"),
        ("network.authorities", "GiB of memory"),
        ("load.dials_a_backend", "h at least"),
        ("network.consensus.cc_alg", "32 bits"),
        ("backends.daemons", "at most 60"),
    ],
)
def test_a_count_without_end_is_refused_with_what_it_would_take(key, takes, count):
    with pytest.raises(UsageError, match=f"^{key} = 1000") as caught:
        refuse_impossible(experiment_from([layer_from_setting(f"{key}={count}")]))
    assert takes in str(caught.value)


def test_the_largest_counts_are_accepted():
    most = ("load.streams=10000", "load.clients=1000", "load.hold=30m", "load.dials_a_backend=100")
    refuse_impossible(experiment_from([layer_from_setting(each) for each in most]))


def test_as_many_repetitions_as_a_run_can_have_are_accepted():
    question = ask(None, "smoke", [], NO_FLAGS)
    assert len(question.repeated(1000).loads) == 1000
    for times in (1001, 10**23, 10**400):
        with pytest.raises(UsageError, match=r"--repeat = .* holds of 10s take .* at most 1000"):
            question.repeated(times)


@pytest.mark.parametrize("setting", [f"load.streams={'9' * 5000}", f"load.streams={'[' * 5000}"])
def test_what_python_cannot_read_is_refused(setting):
    with pytest.raises(UsageError, match=r"^--set load\.streams=.* cannot be read"):
        layer_from_setting(setting)
    with pytest.raises(UsageError, match="is not TOML"):
        layer_from_toml(f"[load]\n{setting.removeprefix('load.')}", origin="x.toml")


def test_an_empty_file_is_the_default_experiment():
    assert from_toml("") == Experiment()


def test_the_default_is_the_rig_of_the_readme():
    experiment, _ = resolved(Experiment())
    assert experiment.network.authorities == 3
    assert experiment.backends.daemons == 4
    assert experiment.load.streams == 16
    assert experiment.load.clients == 2
    assert experiment.load.hold == 60
    assert experiment.network.consensus == {"cc_alg": 2}


def test_quantities_are_text_with_units():
    experiment = from_toml('[load]\nhold = "2m"\n[verdict]\ntarget = "500Mbit"')
    assert experiment.load.hold == 120
    assert experiment.verdict.target == 5e8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[load]\nstrems = 3", "unknown key load.strems; did you mean load.streams?"),
        ("[lod]\nstreams = 3", "unknown key lod; did you mean load?"),
        ("[load]\nzzz = 3", "[load] has streams, reach, clients"),
        ("[load]\nhold = 60", 'as in "60s"'),
        ('[load]\nhold = "60"', "unit"),
        ('[load]\nhold = "60 parsecs"', "parsecs"),
        ('[load]\nhold = "9999999h"', "lines in each file of samples"),
        ('[load]\nramp = "9999999h"', "at most 30 days"),
        (f'[load]\nhold = "{"9" * 400}h"', "greater than anything"),
        (f'[verdict]\ntarget = "{"9" * 400}Mbit"', "greater than anything"),
        ("[load]\nstreams = 0", "load.streams = 0"),
        ("[load]\ndials_a_backend = -1", "load.dials_a_backend = -1"),
        ('[verdict]\ntarget = "500MB"', "MB"),
        ('[network]\nkind = "public"', "network.kind = 'public'"),
        ('[frontend]\nbalancer = "better"', "frontend.balancer"),
        ("[frontend]\nflow_controll = true", "did you mean frontend.flow_control?"),
        ("[frontend]\nliveness = true", "stock Onionbalance has no such switch"),
        ("[frontend]\nvariants = 3", "stock Onionbalance publishes one descriptor"),
        (f"{EXTENDED}variants = 4", "frontend.variants = 4"),
        (f"{EXTENDED}variants = 2\ndistinct_descriptors = false", "there is one descriptor"),
        (
            f"{EXTENDED}whole_ring = false\ndistinct_descriptors = true",
            "distinct descriptors need the whole ring",
        ),
        (f"{EXTENDED}[backends]\ndaemons = 61", "at most 60 backend instances"),
        (
            f"{EXTENDED}distinct_descriptors = false\n[backends]\ndaemons = 11",
            "frontend.distinct_descriptors = true",
        ),
        (f"{EXTENDED}variants = 2\n[backends]\ndaemons = 21", "20 fit"),
        (
            f"{EXTENDED}variants = 2\n[network]\nauthorities = 1\nrelays = 4",
            "2 distinct descriptors need 6 HSDirs",
        ),
        ("[backends]\ndaemons = 11", "at most 10"),
        ("[network]\nrelays = 1", "at least 5 HSDirs"),
        ("[network]\nauthorities = 3\nrelays = 2", "at least 3 relays"),
        ('[load]\nhold = "9s"', "hold at least 10s"),
        ('[load]\nhold = "10.5s"', "whole seconds"),
        ("[load]\nclients = 3\nstreams = 2", "more client tors"),
        ('[backends]\ntorrc = ["SocksPort 9050"]', "SocksPort is the rig's own"),
        ('[network]\ntorrc = ["  +orport 9050"]', "ORPort is the rig's own"),
        ('[backends]\ntorrc = ["MetricsPort 9035"]', "MetricsPort is the rig's own"),
        ('[baseline]\npeer = "a:1"', 'only a baseline has one (network.kind = "none")'),
        ('[network]\nkind = "none"\n[baseline]\npeer = "nowhere"', "write HOST:PORT"),
        (
            '[network]\nkind = "none"\n[baseline]\npeer = "a:1"\nlisten = "b:2"',
            "a host pulls or serves",
        ),
        ("[load\n", "test is not TOML"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused_by_name_and_reason(text, message):
    assert message in refused(text)


def test_eleven_instances_are_refused_with_the_arithmetic():
    said = refused("[backends]\ndaemons = 11")
    assert "2 introduction points of each" in said
    assert "more than 20" in said


def test_an_eleventh_instance_is_told_what_would_serve_it():
    assert 'frontend.balancer = "extended"' in refused("[backends]\ndaemons = 11")
    assert resolved(from_toml(f"{EXTENDED}[backends]\ndaemons = 11"))[0].frontend.variants == 2


@pytest.mark.parametrize(
    ("daemons", "variants", "relays", "clients"),
    # 2 points each: 8, 20, 16 and 20 in the largest descriptor, half as many relays again
    [(4, 1, 12, 2), (10, 1, 30, 2), (24, 3, 24, 3), (60, 6, 30, 6)],
)
def test_counts_follow_the_descriptors_and_their_points(daemons, variants, relays, clients):
    experiment, found = resolved(from_toml(f"{EXTENDED}[backends]\ndaemons = {daemons}"))
    assert experiment.frontend.variants == variants
    assert (experiment.network.relays, experiment.load.clients) == (relays, clients)
    assert found["frontend.variants"].startswith(f"{variants} distinct descriptor")


def test_clients_are_balanced_over_the_descriptors():
    text = f"{EXTENDED}[backends]\ndaemons = 24\n[load]\nstreams = 64"
    experiment, found = resolved(from_toml(text))
    assert experiment.load.clients == 6  # four would do for the streams
    assert "each of the 3 distinct descriptors" in found["load.clients"]


def test_the_extended_balancer_has_every_switch_on_unless_said_otherwise():
    frontend = resolved(from_toml(f"{EXTENDED}liveness = false"))[0].frontend
    assert switches_on(frontend) == (
        "whole_ring", "flow_control", "distinct_descriptors", "distinct_relays", "fast_start",
    )  # fmt: skip
    assert switches_on(resolved(from_toml(""))[0].frontend) == ()


def test_later_layers_win_key_by_key(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[load]\nstreams = 8\nhold = "30s"\n[backends]\ndaemons = 3\n')
    flags = {**NO_FLAGS, "load": {"streams": 32}}
    question = ask(file, "smoke", ["load.hold=20s", "load.clients=2"], flags)
    assert question.name == "mine"
    assert question.experiment.load.streams == 32
    assert question.experiment.load.hold == 20
    assert question.experiment.load.clients == 2
    assert question.experiment.backends.daemons == 3
    assert question.experiment.network.relays == 8


def test_a_bare_number_of_seconds_will_do_for_the_hold_flag():
    flags = flags_layer(
        streams=4, backends=2, clients=1, hold="20", single_hop=True, target="1Gbit"
    )
    experiment = experiment_from([flags])
    assert experiment.load.hold == 20
    assert experiment.backends.single_hop
    assert experiment.verdict.target == 1e9


def test_settings_are_toml_values_or_plain_text():
    assert layer_from_setting("load.streams=3") == {"load": {"streams": 3}}
    assert layer_from_setting("load.hold=30s") == {"load": {"hold": "30s"}}
    several_lines = "3\nclients = 2"  # no key is set that the option does not name
    assert layer_from_setting(f"load.streams={several_lines}") == {
        "load": {"streams": several_lines}
    }
    assert layer_from_setting('load.torrc=["A 1"]') == {"load": {"torrc": ["A 1"]}}
    assert layer_from_setting('verdict.time_to_first_byte."p99.9"=2s') == {
        "verdict": {"time_to_first_byte": {"p99.9": "2s"}}
    }
    assert layer_from_setting("network.consensus.cc_alg=0") == {
        "network": {"consensus": {"cc_alg": 0}}
    }


@pytest.mark.parametrize(
    "setting",
    ["streams=3", "load.streams", "=3", "load.=3", 'load."a=3', 'a\n"b"=3', '[a]\n[b]\n"c"=3'],
)
def test_a_setting_needs_table_key_and_value(setting):
    with pytest.raises(UsageError, match=r"table\.key=value"):
        layer_from_setting(setting)


@pytest.mark.parametrize("name", profile_names())
def test_every_shipped_profile_can_be_run(name):
    # the evidence: it would be refused with an error
    experiment, _ = resolved(experiment_from([profile_layer(name)]))
    refuse_impossible(experiment)


def test_an_unknown_profile_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="default, single-hop, smoke"):
        ask(None, "bogus", [], NO_FLAGS)


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.toml"):
        ask(tmp_path / "nowhere.toml", None, [], NO_FLAGS)


def test_plain_data_decodes_to_the_same_experiment():
    asked = from_toml('[load]\nhold = "90s"\n[verdict]\ntarget = "1.5Gbit"\n[network]\nrelays = 9')
    assert experiment_from([plain(asked)]) == asked
    assert msgspec.json.encode(plain(asked))


@pytest.mark.parametrize("streams", [1, 2, 16, 17, 64, 1000])
def test_clients_follow_the_streams(streams):
    experiment, how = resolved(from_toml(f"[load]\nstreams = {streams}"))
    assert experiment.load.clients <= streams
    assert experiment.load.clients >= streams / 16
    assert "client tor" in how["load.clients"]


@pytest.mark.parametrize("daemons", range(1, 11))
def test_relays_follow_the_introduction_points_and_make_a_hash_ring(daemons):
    experiment, how = resolved(from_toml(f"[backends]\ndaemons = {daemons}"))
    assert experiment.network.authorities + experiment.network.relays >= 5
    assert f"{2 * daemons} introduction points" in how["network.relays"]


def test_a_baseline_has_no_backends_to_dial():
    asked = from_toml('[network]\nkind = "none"\n[load]\ndials_a_backend = 5')
    experiment, _ = resolved(asked)
    assert experiment.load.dials_a_backend == 0


def test_numbers_given_by_hand_are_left_alone():
    experiment, how = resolved(from_toml("[network]\nrelays = 5\n[load]\nclients = 1"))
    assert (experiment.network.relays, experiment.load.clients) == (5, 1)
    assert how == {}


@pytest.mark.parametrize(
    ("setting", "choices"),
    [
        ("network.kind=x", '"private" or "none"'),
        ("network.relays=few", 'a number or "auto"'),
        ("frontend.liveness=x", 'true, false or "auto"'),
        ("frontend.variants=5", '1, 2, 3, 6 or "auto"'),
        ("load.reach=x", '"address" or "instances"'),
    ],
)
def test_a_word_that_is_none_of_a_few_is_refused_with_those(setting, choices):
    with pytest.raises(UsageError) as refused:
        experiment_from([layer_from_setting(setting)])
    assert str(refused.value).startswith(setting.partition("=")[0])
    assert str(refused.value).endswith(f": write {choices}")
