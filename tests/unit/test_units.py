from pathlib import PurePosixPath

import msgspec
import pytest

from onionrig.rig.model import Role, Service
from onionrig.rig.orders import SamplerOrders, SourceOrders
from onionrig.rig.units import (
    HostRun,
    follower_argv,
    records_name,
    service_units,
    stand_down_units,
)

RUN = HostRun(
    run_id="1a2b3c4d",
    workspace=PurePosixPath("/run/onionrig/1a2b3c4d"),
    records=PurePosixPath("/var/lib/onionrig/runs/r"),
    longest_seconds=900,
)


def service(name, role, argv=("program",), *, tor=False, orders=None):
    return Service(
        name=name,
        role=role,
        host="pi1",
        argv=argv,
        directory=RUN.workspace / name,
        log_path=RUN.records / "logs" / f"{name}.log",
        control_path=RUN.workspace / "controls" / name if tor else None,
        orders=orders,
    )


def tors(count):
    return [service(f"backend-{n}", Role.BACKEND, tor=True) for n in range(1, count + 1)]


def lines_of(files, name):
    (text,) = (file.text for file in files if file.path.name == name)
    return text.splitlines()


def test_every_service_of_a_run_is_in_its_one_slice_and_ends_by_itself_at_last():
    files = service_units(RUN, tors(2))

    assert [file.path.name for file in files] == [
        "onionrig-1a2b3c4d.slice",
        "onionrig-1a2b3c4d-backend-1.service",
        "onionrig-1a2b3c4d-backend-2.service",
    ]
    for number in (1, 2):
        lines = lines_of(files, f"onionrig-1a2b3c4d-backend-{number}.service")
        assert "Slice=onionrig-1a2b3c4d.slice" in lines
        assert "RuntimeMaxSec=900" in lines


def test_nothing_is_ever_enabled_and_everything_lies_where_a_reboot_removes_it():
    files = (*service_units(RUN, tors(1)), *stand_down_units(RUN, grace_seconds=60))

    assert all(file.path.parent == PurePosixPath("/run/systemd/system") for file in files)
    assert not any("[Install]" in file.text for file in files)


def test_words_of_a_command_line_reach_the_program_as_they_are():
    argv = ("/bin/tor", "a b", 'quote " and \\', "100%", "$HOME")
    (_, file) = service_units(RUN, [service("balancer", Role.BALANCER, argv)])

    assert (
        'ExecStart="/bin/tor" "a b" "quote \\" and \\\\" "100%%" "$$HOME"' in file.text.splitlines()
    )


def test_tors_are_pinned_to_cores_in_turn_where_that_is_asked_for():
    def affinities(**options):
        source = service(
            "source-pi1", Role.SOURCE, orders=SourceOrders(record_path="r", host="pi1")
        )
        files = service_units(RUN, [source, *tors(3)], **options)
        return [line for file in files for line in file.text.splitlines() if "CPUAffinity" in line]

    assert affinities() == []
    assert affinities(cores=2) == ["CPUAffinity=0", "CPUAffinity=1", "CPUAffinity=0"]


OF_DEBIANS_TOR = {
    "NoNewPrivileges=yes", "PrivateTmp=yes", "PrivateDevices=yes", "ProtectHome=yes",
    "LimitNOFILE=65536",
}  # fmt: skip
"""What Debian's tor@.service has; its ProtectSystem is full, ours is strict."""


def test_tors_are_hardened_at_least_as_debians_are():
    (_, file) = service_units(RUN, tors(1))

    lines = set(file.text.splitlines())
    assert lines >= OF_DEBIANS_TOR
    assert "ProtectSystem=strict" in lines
    assert "CapabilityBoundingSet=" in lines


def test_what_copies_records_is_hardened_and_ends_as_services_do():
    (_, file) = service_units(RUN, tors(1))
    argv = follower_argv(RUN, "follow-pi1", ("tail", "exits"))

    assert argv[-3:] == ("--", "tail", "exits")
    assert "--slice=onionrig-1a2b3c4d.slice" in argv
    assert "--unit=onionrig-1a2b3c4d-follow-pi1.service" in argv
    wanted = {
        line
        for line in file.text.splitlines()
        if line.startswith(("User", "Runtime", "NoNew", "Cap", "Private", "Protect", "Restrict",
                            "SystemCall", "Memory", "Lock", "Remove"))
    }  # fmt: skip
    assert len(wanted) > 20
    assert {f"--property={line}" for line in wanted} <= set(argv)


def test_a_sampler_sees_other_processes_and_the_firmware_and_nothing_else_does():
    orders = SamplerOrders(
        record_path="r", processes_path="p", tors=(), tors_record_path="t", schedule_path="s"
    )
    (_, sampler, tor) = service_units(
        RUN, [service("sampler-pi1", Role.SAMPLER, orders=orders), *tors(1)]
    )

    assert "ProtectProc=invisible" not in sampler.text
    assert "DeviceAllow=/dev/vcio r" in sampler.text
    assert "ProtectProc=invisible" in tor.text
    assert "vcio" not in tor.text


@pytest.mark.parametrize("unit", ["grace.timer", "stand-down.service"])
def test_the_timer_of_the_grace_ends_the_whole_slice(unit):
    files = stand_down_units(RUN, grace_seconds=60)

    text = "\n".join(lines_of(files, f"onionrig-1a2b3c4d-{unit}"))
    if unit == "grace.timer":
        assert "OnActiveSec=60" in text
        assert "Unit=onionrig-1a2b3c4d-stand-down.service" in text
    else:
        assert "systemctl stop onionrig-1a2b3c4d.slice" in text
        assert "rm -rf /run/onionrig/1a2b3c4d" in text


ODD = "a b#c \"d\" 'e' \\f %g $(h) ;i\né"


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("20261129T100000-smoke", "20261129T100000-smoke-1a2b3c4d"),
        (ODD, "a_b_c__d___e___f__g___h___i__-1a2b3c4d"),
        ("..", "..-1a2b3c4d"),
    ],
)
def test_the_records_of_a_run_have_a_name_of_plain_letters_on_hosts(name, called):
    assert records_name(name, "1a2b3c4d") == called


def test_a_long_name_leaves_room_for_the_id():
    assert len(records_name("x" * 300, "1a2b3c4d")) < 255


def test_a_path_that_systemd_would_misread_is_never_written_into_a_unit():
    odd = msgspec.structs.replace(RUN, records=PurePosixPath("/var/lib/onionrig/runs/100% a"))
    with pytest.raises(ValueError, match="cannot stand in a unit"):
        service_units(odd, tors(1))


def test_units_take_no_proxy_from_the_host():
    (_, file) = service_units(RUN, tors(1))
    (line,) = (line for line in file.text.splitlines() if line.startswith("UnsetEnvironment="))
    assert {"http_proxy", "HTTPS_PROXY", "all_proxy", "NO_PROXY"} <= set(line[17:].split())
