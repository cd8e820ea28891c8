"""Names of formats; how rows look in them is in test_sql.py."""

import pytest

from streams.cli.row_format import PLAIN, RowFormat, row_format
from streams.errors import ConfigError


def test_a_format_is_known_in_any_case() -> None:
    """As newer ClickHouse takes them."""
    assert row_format("csvWithNames") == RowFormat("CSV", with_names=True)
    assert row_format("TabSeparatedWithNames") == PLAIN


@pytest.mark.parametrize("name", ["", "Pretty", "JSON", "Parquet", "x'y"])
def test_another_is_refused_with_those_there_are(name: str) -> None:
    """Formats that are more than one line a row would come out broken."""
    with pytest.raises(ConfigError, match="JSONEachRow"):
        row_format(name)
