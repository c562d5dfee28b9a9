"""Dates that are written in one of many ways, and the numbers they become."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from online_softmax.streams.dates import Dates, dates_of

FIRST = datetime(2019, 12, 30, 9, 41, 7, tzinfo=UTC)
MOMENTS = [FIRST + timedelta(hours=31 * i) for i in range(40)]


@pytest.mark.parametrize(
    "format",
    [
        "%d/%m/%Y %H:%M",
        "%m/%d/%Y",
        "%Y/%m/%d %H:%M:%S",
        "%d.%m.%Y",
        "%d-%m-%Y %H:%M",
        "%b %d %Y",
        "%B %d, %Y",
        "%d %b %Y %H:%M:%S",
        "%d-%b-%y",
        "%m/%d/%Y %I:%M:%S %p",
        "%a %b %d %H:%M:%S %Y",
        "%d/%b/%Y:%H:%M:%S %z",
        "%Y-%m-%d",
        "%Y-%m-%dT%H:%M:%S%z",
        "%Y-%m-%d %H:%M:%S.%f",
    ],
)
def test_the_way_that_dates_are_written_is_found(format):
    texts = [moment.strftime(format) for moment in MOMENTS]
    found = dates_of([*texts, "unknown"])
    assert isinstance(found, Dates)
    assert found.has_time == ("%H" in format or "%I" in format)
    for text in texts:
        moment = datetime.strptime(text, format)
        assert found.seconds(text) == (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    with pytest.raises(ValueError, match=r"^'unknown' is no date$"):
        found.seconds("unknown")


def test_zones_are_respected():
    assert Dates().seconds("2021-02-01T10:00:00+01:00") == Dates().seconds("2021-02-01T09:00:00Z")


@pytest.mark.parametrize(
    "texts", [["admin", "cook"], ["12-13", "14-15"], ["1.2.3", "4.5.6"], ["a/b/c"], ["10", "11"], []]
)
def test_other_texts_are_no_dates(texts):
    assert dates_of(texts) is None


def test_one_other_text_among_few_changes_nothing():
    assert dates_of(["2021-01-31", "unknown", "2021-02-01"]) == Dates(has_time=False)
    assert dates_of(["2021-01-31", "unknown", "never"]) is None


def test_day_and_month_are_not_guessed():
    assert dates_of(["01/02/2021", "03/04/2021"]) == (
        "dates such as '01/02/2021', the day or the month first: say date_format='%d/%m/%Y' or '%m/%d/%Y'"
    )
    assert dates_of(["01/02/2021", "13/04/2021"]) == Dates("%d/%m/%Y", has_time=False)
    assert dates_of(["01/02/2021", "03/14/2021"]) == Dates("%m/%d/%Y", has_time=False)
    assert dates_of(["01/02/2021"], "%d/%m/%Y") == Dates("%d/%m/%Y", has_time=False)
    assert dates_of(["admin"], "%d/%m/%Y") is None
    days = [f"{day:02}/{day:02}/2021" for day in range(1, 10)]
    assert dates_of([*days, "31/12/2021"], counts=[11] * 9 + [1]) == Dates("%d/%m/%Y", has_time=False)
    assert dates_of([*days, "12/31/2021"], counts=[11] * 9 + [1]) == Dates("%m/%d/%Y", has_time=False)


def test_parts_are_seconds_and_points_on_circles():
    dates = Dates()
    seconds = np.array([moment.timestamp() for moment in MOMENTS] + [np.nan])
    parts = dates.parts(seconds)
    assert dates.names("t") == [
        "t",
        *(f"t.{of}_{way}" for of in ("hour", "weekday", "month") for way in ("sin", "cos")),
    ]
    assert parts.shape == (41, 7)
    assert np.isnan(parts[-1]).all()
    for row, moment in zip(parts, MOMENTS, strict=False):
        day = moment.replace(hour=0, minute=0, second=0)
        turns = [(moment - day) / timedelta(days=1), moment.weekday() / 7, (moment.month - 1) / 12]
        expected = [way(2 * np.pi * turn) for turn in turns for way in (np.sin, np.cos)]
        assert row[0] == moment.timestamp()
        np.testing.assert_allclose(row[1:], expected, atol=1e-12)
    assert Dates(has_time=False).parts(seconds).shape == (41, 5)
