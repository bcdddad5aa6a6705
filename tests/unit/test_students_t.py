"""Student's t against the tables that are printed of it."""

import pytest

from onionrig.analysis.several_runs.students_t import t_quantile


@pytest.mark.parametrize(
    ("degrees", "five_percent", "five_in_a_thousand"),
    [
        (1, 12.7062, 127.3213),
        (2, 4.3027, 14.0890),
        (3, 3.1824, 7.4533),
        (4, 2.7764, 5.5976),
        (7, 2.3646, 4.0293),
        (8, 2.3060, 3.8325),
        (15, 2.1314, 3.2860),
        (30, 2.0423, 3.0298),
        (101, 1.9837, 2.8700),
    ],
)
def test_quantiles_are_those_of_the_tables(degrees, five_percent, five_in_a_thousand):
    assert t_quantile(0.05, degrees) == pytest.approx(five_percent, abs=6e-5)
    assert t_quantile(0.005, degrees) == pytest.approx(five_in_a_thousand, abs=6e-5)


def test_many_degrees_of_freedom_come_to_the_normal_distribution():
    assert t_quantile(0.05, 100_000) == pytest.approx(1.95996, abs=1e-3)
