"""What a look at an address comes to: variants, who is reached, troubles and verdict."""

import msgspec
import pytest

from onionrig.records.descriptor import AddressSeen, Answer, Unreachable
from support.records.address_looks import (
    NOW_SECONDS,
    REVISION,
    TWO_INSTANCES,
    published,
    relay,
    seen,
)

BOTH = published("k1@a", "k2@b", "k3@c", "k4@d")


def test_all_is_well_where_every_hsdir_has_points_of_everybody():
    look = seen(*[BOTH] * 6, instances=TWO_INSTANCES)
    assert look.verdict == "1 variant on 6 HSDirs; every instance can be reached"
    assert look.healthy
    assert look.troubles == look.notes == ()


def test_variants_are_told_apart_by_their_points_and_shared_out_among_clients():
    other = published("k3@c", "k4@d")
    look = seen(published("k1@a", "k2@b"), other, other, Answer.NOTHING, instances=TWO_INSTANCES)
    assert [variant.hsdirs for variant in look.variants] == [
        (relay("dir1"),),
        (relay("dir2"), relay("dir3")),
    ]
    assert [variant.share for variant in look.variants] == pytest.approx([1 / 3, 2 / 3])
    assert [hsdir.held and hsdir.held.variant for hsdir in look.hsdirs] == [1, 2, 2, None]


def test_the_order_of_points_and_their_flags_make_a_descriptor_another():
    # whoever is first on a relay is used, so the order decides who is reached
    swapped = published("k3@c", "k4@d", "k1@a", "k2@b")
    flags = published("k1@a", "k2@b", "k3@c", "k4@d", flow_control="1-2 31")
    assert len(seen(BOTH, swapped, flags, instances=TWO_INSTANCES).variants) == 3


def test_another_revision_alone_is_the_same_variant():
    later = msgspec.structs.replace(BOTH, revision=REVISION + 20 * 32768)
    look = seen(BOTH, later, instances=TWO_INSTANCES)
    assert len(look.variants) == 1
    assert look.healthy
    assert look.notes == (
        "its HSDirs hold 2 revisions of variant 1, made about 20 s apart, with the same points",
    )


def test_an_instance_whose_points_come_second_on_their_relays_is_named():
    shared = published("k1@a", "k2@b", "k3@a", "k4@b")
    look = seen(*[shared] * 6, instances=TWO_INSTANCES)
    assert look.verdict == "two cannot be reached: its points share relays with earlier ones"
    assert not look.healthy
    assert [point.same_relay_as for point in look.variants[0].points] == [None, None, 1, 2]
    assert look.instances[1].unreachable is Unreachable.SHARED_RELAYS
    # whoever draws one of its points is led to the first on that relay
    assert [instance.share for instance in look.instances] == [1, 0]


def test_an_instance_that_one_variant_leaves_out_can_be_reached_through_another():
    look = seen(published("k1@a", "k3@a"), published("k3@a", "k4@b"), instances=TWO_INSTANCES)
    assert [instance.reachable for instance in look.instances] == [True, True]
    assert [each.variant for each in look.instances[1].variants] == [1, 2]
    # half of the clients find both points lead to one, the others both to two
    assert [instance.share for instance in look.instances] == [0.5, 0.5]


def test_instances_that_are_not_listed_are_told_from_those_that_published_nothing():
    look = seen(published("k1@a"), instances=TWO_INSTANCES | {"three": []}, own={"three": None})
    assert look.troubles == (
        "three cannot be reached: it has no descriptor of its own: is its tor up?",
        "two cannot be reached: no descriptor of the address lists a point of its own",
    )
    assert look.verdict == look.troubles[0]


def test_several_with_one_trouble_are_named_together_but_not_endlessly():
    names = {f"backend-{number}": [] for number in range(1, 10)}
    (trouble,) = seen(published("k1@a"), instances={"one": ["k1"]} | names).troubles
    assert trouble == (
        "backend-1, backend-2, backend-3, backend-4, backend-5 and 4 more cannot be reached: "
        "no descriptor of the address lists points of theirs"
    )


def test_points_of_nobody_leave_in_doubt_who_cannot_be_reached():
    look = seen(published("k1@a", "?@b", "??@c"), instances=TWO_INSTANCES)
    assert [instance.reachable for instance in look.instances] == [True, None]
    (trouble,) = look.troubles
    assert trouble == (
        "2 points of variant 1 are in no instance's own descriptor (any more); two may have them, "
        "or be out of reach"
    )


def test_hsdirs_without_a_descriptor_are_named_by_what_they_said():
    look = seen(BOTH, Answer.NOTHING, Answer.NOTHING, Answer.SILENT, instances=TWO_INSTANCES)
    assert look.troubles == (
        "2 of 4 HSDirs have no descriptor: dir2 and dir3",
        "1 of 4 HSDirs has not answered: dir4",
    )
    assert look.verdict == f"{look.troubles[0]}; every instance can be reached"


def test_an_address_that_nobody_publishes_is_said_to_be_so_and_who_is_to_blame():
    look = seen(*[Answer.NOTHING] * 2, instances=TWO_INSTANCES, own={"two": None})
    assert look.troubles == (
        "nothing is published: 2 of 2 HSDirs have no descriptor: dir1 and dir2",
        "two cannot be reached: it has no descriptor of its own: is its tor up?",
    )
    assert [instance.reachable for instance in look.instances] == [False, False]


def test_where_no_hsdir_answers_the_tor_that_asked_is_suspected():
    assert seen(Answer.SILENT, Answer.SILENT).verdict == (
        "none of 2 HSDirs answered: can this tor build circuits?"
    )
    assert "knows no HSDir" in seen().verdict


def test_without_knowing_the_instances_points_that_are_never_used_are_the_trouble():
    look = seen(published("k1@a", "k2@a", "k3@a", "k4@b"))
    assert look.verdict == (
        "2 of 4 points of variant 1 are never used: they share relays with an earlier one"
    )
    assert look.instances == ()
    assert seen(BOTH).verdict == "1 variant on 1 HSDir; all 4 points can be used"


def test_relays_that_the_consensus_does_not_list_are_noted():
    look = seen(published("k1@a", "k3@elsewhere"), instances=TWO_INSTANCES)
    assert look.variants[0].points[1].nickname is None
    assert look.notes == (
        "point 2 of variant 1 lies on a relay that the consensus does not list (any more)",
    )


def test_an_hsdir_that_kept_an_older_descriptor_is_left_behind():
    older = published("k1@a", "k3@b", revision=REVISION - 300 * 32768)
    look = seen(BOTH, BOTH, older, instances=TWO_INSTANCES)
    assert look.troubles == (
        "variant 2 is about 5 min older than the newest: an upload to dir3 may have failed",
    )


def test_two_variants_of_one_publication_are_no_trouble():
    look = seen(published("k1@a"), published("k3@b"), instances=TWO_INSTANCES)
    assert look.verdict == "2 variants on 2 HSDirs; every instance can be reached"
    assert look.healthy


def test_a_descriptor_that_nobody_renews_is_a_trouble_before_it_is_gone():
    made_seconds_ago = 2.8 * 3600
    random_seconds = NOW_SECONDS - 20_000
    old = published(
        "k1@a",
        "k3@b",
        revision=int((20_000 - made_seconds_ago) * 32768.5),
        valid_until_seconds=NOW_SECONDS + 54 * 3600 - made_seconds_ago,
    )
    (trouble,) = seen(old, instances=TWO_INSTANCES, random_seconds=random_seconds).troubles
    assert trouble == "nobody renews it: the descriptor on dir1 was made about 2.8 h ago"


def test_the_age_is_told_by_the_revision_if_the_certificate_agrees():
    (hsdir,) = seen(BOTH).hsdirs
    assert hsdir.held.age.by == "revision"
    # 900 words of 32768.5 on average, of the thousand seconds since the random value
    assert hsdir.held.age.seconds == pytest.approx(100, abs=1)
    counted_otherwise = msgspec.structs.replace(BOTH, revision=5_000_000_000)
    (hsdir,) = seen(counted_otherwise).hsdirs
    assert hsdir.held.age.by == "certificate"
    assert hsdir.held.age.seconds - hsdir.held.age.within_seconds >= 0
    assert hsdir.held.age.seconds + hsdir.held.age.within_seconds == pytest.approx(3600)


def test_the_time_since_a_revision_was_first_seen_is_exact():
    look = seen(BOTH, first_seen={(relay("dir1"), REVISION): NOW_SECONDS - 17})
    assert look.hsdirs[0].held.seen_for_seconds == 17


def test_a_look_is_the_same_after_json():
    look = seen(BOTH, Answer.NOTHING, instances=TWO_INSTANCES)
    assert msgspec.json.decode(msgspec.json.encode(look), type=AddressSeen) == look
