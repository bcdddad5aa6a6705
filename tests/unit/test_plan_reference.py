"""The shipped measurement: its form, and that what is shipped has it."""

from importlib import resources

import pytest

from onionrig.errors import UsageError
from onionrig.plan.cores.speeds import AES_CBC, AES_CTR, AES_GCM, LOOPBACK, SEVEN_ZIP, SHA3
from onionrig.plan.ranges import exactly
from onionrig.plan.reference import shipped_reference
from onionrig.plan.reference_file import range_of, reference_file

SHIPPED = (resources.files("onionrig.plan") / "reference" / "reference.toml").read_text()


@pytest.mark.parametrize("mode", ["anonymous", "single-hop"])
def test_what_is_shipped_can_be_planned_with(mode):
    found = shipped_reference(reference_file(SHIPPED), mode)
    assert found.mode == mode
    assert 0.5 < found.backend_cost.value.likely < 5
    assert 0.8 < found.payload_share.value.likely < 1448 / 1514
    assert found.steadiness.value.highest <= 1
    assert found.stream_bits_per_second.value.likely > 1e6
    assert found.machine is not None
    for name in (SHA3, AES_CTR, AES_GCM, AES_CBC, LOOPBACK, SEVEN_ZIP):
        assert found.machine[name] is not None
    assert found.backend_cost.replaced_by
    assert sum(share.value.likely for share in found.shares) == pytest.approx(1.0)


def test_single_hop_instances_take_less_of_the_relays():
    file = reference_file(SHIPPED)
    anonymous, single = shipped_reference(file, "anonymous"), shipped_reference(file, "single-hop")
    assert single.relay_cost.value.highest < anonymous.relay_cost.value.lowest


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (("dated = ", "dated: "), "not TOML"),
        (("cores = 2", "cores = 0"), "cores"),
        (("[links]", "[links]\nmore = 1"), "more"),
        (("[single_hop.rss_mib]", "[single_hop.other]"), "other"),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_is_wrong(broken, message):
    assert broken[0] in SHIPPED
    with pytest.raises(UsageError, match=message):
        reference_file(SHIPPED.replace(*broken, 1))


def test_a_figure_is_a_number_or_its_lowest_likely_and_highest():
    assert range_of(2.0, name="x") == exactly(2.0)
    assert range_of((1.0, 2.0, 4.0), name="x").highest == 4.0
    with pytest.raises(UsageError, match="in this order"):
        range_of((2.0, 1.0, 4.0), name="x")
