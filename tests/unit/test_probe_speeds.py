"""What openssl speed prints, as versions 1.1.1 and 3 do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.probe.speed_output import complaint_from, speed_from, version_from

FORKED = """Forked child 0
Forked child 1
Got: +H:509 from 0
Got: +F:25:sha3-256:422675127.00 from 0
Got: +H:509 from 1
Got: +F:25:sha3-256:422564674.00 from 1
"""


@pytest.mark.parametrize(
    ("printed", "speed"),
    [
        ("+H:509\n+F:25:sha3-256:420731101.09\n", 420731101.09),
        ("+H:16384\n+F:25:AES-256-GCM:4176483249.23\n", 4176483249.23),
        ("+H:509\n+F:22:aes-128-ctr:52428800.00\n", 52428800.0),
        # of what cores do at once, the sum alone
        (FORKED + "+F:25:sha3-256:845239801.00\n", 845239801.0),
        # 1.1.1 does not name the algorithm there
        (FORKED + "+F:22:evp:845239801.00\n", 845239801.0),
    ],
)
def test_a_speed_is_read(printed, speed):
    assert speed_from(printed) == speed


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "+H:509\n",
        FORKED,
        "+F:25:sha3-256:inf\n",
        "+F:25:sha3-256:-nan\n",
        "+F:25:sha3-256:0.00\n",
        "+F:25:sha3-256\n",
        "+F:25:sha3-256:1.00:2.00\n",
        "+F:25:sha3-256:1.00\n+F:25:sha3-256:2.00\n",
        "+F:25:sha3-256:٣.00\n",
        "type            509 bytes\nsha3-256        426013.91k\n",
        "+F:25:sha3-256:" + "9" * 400 + "\n",
    ],
)
def test_what_is_no_speed_is_none(printed):
    assert speed_from(printed) is None


@given(
    st.integers(min_value=1, max_value=10**13),
    st.integers(min_value=0, max_value=99),
    st.text(st.characters(exclude_characters=":", exclude_categories=("C", "Z"))),
)
def test_every_speed_is_read_as_it_was_printed(hundredths, number, name):
    whole, rest = divmod(hundredths, 100)
    assert speed_from(f"+H:509\n+F:{number}:{name}:{whole}.{rest:02d}\n") == pytest.approx(
        hundredths / 100
    )


@given(st.text())
def test_no_text_is_too_strange(text):
    assert speed_from(text) is None or speed_from(text) > 0
    assert "\n" not in complaint_from(text)
    assert version_from(text)


def test_the_first_complaint_is_said_rather_than_what_is_inside_openssl():
    said = "+DT:x:1:509\nspeed: x is an unknown cipher or digest\n40B77:error:0308010C:digital\n"
    assert complaint_from(said) == "speed: x is an unknown cipher or digest"
    assert complaint_from("+R:1:x:1.0\n") == "nothing"


def test_the_version_is_the_name_and_the_number():
    printed = "OpenSSL 3.0.19 27 Jan 2026 (Library: OpenSSL 3.0.19 27 Jan 2026)\n"
    assert version_from(printed) == "OpenSSL 3.0.19"
    assert version_from("LibreSSL 3.9.2\n") == "LibreSSL 3.9.2"
