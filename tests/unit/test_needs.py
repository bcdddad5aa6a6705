from onionrig.rig.needs import lacking_disk, lacking_memory

MIB = 1 << 20


def test_a_host_with_memory_for_its_daemons_lacks_nothing():
    tors = ["backend-1", "backend-2", "relay-1", "relay-2"]

    assert lacking_memory(tors, 280 * MIB) is None


def test_the_error_for_too_little_memory_names_how_many_daemons_fit():
    tors = [*(f"backend-{number}" for number in range(1, 9)), "balancer-tor"]

    reason = lacking_memory(tors, 500 * MIB)

    assert "9 daemons are to run on it, 8 of them busy; 4 busy ones fit" in reason


def test_a_host_that_has_hardly_any_memory_fits_none():
    assert "0 busy ones fit" in lacking_memory(["client-1"], 10 * MIB)


def test_the_error_for_too_little_disk_names_what_is_needed():
    assert lacking_disk(200 * MIB) is None
    assert "20.0 MiB of disk are free" in lacking_disk(20 * MIB)
