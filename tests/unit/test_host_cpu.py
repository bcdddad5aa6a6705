"""Whether emulated hosts used all of the CPU that they were given."""

from onionrig.analysis.limits.bottleneck import bottleneck
from onionrig.analysis.limits.cpu_shares import share_uses
from onionrig.analysis.load.loads import load_of
from support.records.manifests import emulated_host, manifest, service
from support.records.recordings import recording
from support.records.samples import HOLD, host_sample, sink_sample

SECONDS = 10


def limited(name, cores):
    return emulated_host(name, "m", cpu_cores=cores)


def found(**used):
    """Return what is found where each host's instance used so many cores, its sampler a tenth."""
    services = tuple(
        one
        for number, name in enumerate(used, start=1)
        for one in (
            service(f"backend-{number}", "backend", name),
            service(f"sampler-{name}", "sampler", name),
        )
    )
    seconds = range(HOLD - 1, HOLD + SECONDS)
    samplers = {
        f"sampler-{name}": [
            host_sample(
                second,
                {f"backend-{number}": cores * at, f"sampler-{name}": 0.1 * at},
            )
            for at, second in enumerate(seconds)
        ]
        for number, (name, cores) in enumerate(used.items(), start=1)
    }
    whole = recording(
        [sink_sample(second, {"backend-1": 1000}) for second in seconds],
        hold_seconds=SECONDS,
        samplers=samplers,
        manifest=manifest(services=services, emulated=tuple(limited(name, 0.25) for name in used)),
    )
    return load_of(whole)


def test_what_the_sampler_uses_is_not_of_the_share():
    (use,) = share_uses(found(pi1=0.2))
    assert round(use.used_cores, 6) == 0.2
    assert not use.full


def test_the_hosts_that_used_all_of_theirs_are_named():
    limit = bottleneck(found(pi1=0.25, pi2=0.24, pi3=0.1))
    assert limit.kind == "machine CPU"
    assert limit.sentence == (
        "the CPUs of pi1 and pi2 were full: their services used 0.25 of 0.25 cores and "
        "0.24 of 0.25 cores"
    )


def test_one_host_that_used_all_of_its_share_is_named():
    limit = bottleneck(found(pi1=0.25, pi2=0.1))
    assert limit.subject == "pi1"
