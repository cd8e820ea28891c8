import os
import shutil
from pathlib import Path

import pytest

from streams.enrich.reload import DataFiles
from streams.errors import ConfigError
from streams.settings import EnrichSettings, GeoSettings
from streams.watched import Change
from tests.enrich.mmdb import write_mmdb
from tests.enrich.test_agent_data import PATTERNS

NET = "203.0.113.0"


class Place:
    """A folder with a geo database and agent patterns, watched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.city, self.agents, self.sites = folder / "city.mmdb", folder / "regexes.yaml", folder / "sites.yaml"
        self.write_city("Old Town", 1)
        self.agents.write_text(PATTERNS)
        self.sites.write_text("search: {House: [house.example]}")
        self.files = DataFiles(
            GeoSettings(city=self.city), EnrichSettings(agents=self.agents, referrers=self.sites), "1.0"
        )

    def write_city(self, name: str, built: int) -> None:
        """In place, as a copying tool does."""
        write_mmdb(self.folder / "made", {f"{NET}/24": {"city": name}}, built=built)
        self.city.write_bytes((self.folder / "made").read_bytes())
        os.utime(self.city, ns=(built, built))  # two writes within one tick of the file system's clock are two

    @property
    def town(self) -> str:
        """What the look-ups in use say of NET."""
        look_up = self.files.lookups.city
        record = look_up(NET) if look_up else None
        return str(record["city"]) if record else ""

    def looks(self) -> list[Change]:
        """What two looks tell: a file is opened when it stood still between them."""
        return self.files.check() + self.files.check()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Files in use, unchanged."""
    return Place(tmp_path)


def test_files_that_did_not_change_are_left_alone(place: Place) -> None:
    """The very look-ups stay."""
    before = place.files.lookups

    assert place.looks() == []
    assert place.files.lookups is before


def test_a_file_replaced_by_rename_is_taken_up_whole(place: Place) -> None:
    """With its version; the look-ups that a batch holds still answer from the old data."""
    before = place.files.lookups
    new = write_mmdb(place.folder / "new", {f"{NET}/24": {"city": "New Town"}}, built=2)
    new.rename(place.city)

    assert place.looks() == [Change("geo.city")]
    assert (place.town, place.files.lookups.geo_version) == ("New Town", "Test-City/2")
    assert before.city is not None
    assert before.city(NET) == {"city": "Old Town"}
    assert before.geo_version == "Test-City/1"


def test_a_file_written_over_in_place_is_taken_up(place: Place) -> None:
    """The same inode; what was mapped before is a copy."""
    place.write_city("New Town", 2)

    assert place.town == "Old Town"
    assert place.looks() == [Change("geo.city")]
    assert place.town == "New Town"


def test_a_file_that_is_still_written_is_waited_for(place: Place) -> None:
    """It is opened when two looks find it the same, not before, and no alarm is raised for the half of it."""
    write_mmdb(place.folder / "made", {f"{NET}/24": {"city": "New Town"}}, built=2)
    content = (place.folder / "made").read_bytes()
    for length in range(0, len(content), 40):
        place.city.write_bytes(content[:length])
        assert place.files.check() == []
    place.city.write_bytes(content)

    assert place.looks() == [Change("geo.city")]
    assert place.town == "New Town"


def test_a_corrupt_file_leaves_the_old_in_use_until_it_is_mended(place: Place) -> None:
    """Told once, with setting and file; the mended one is picked up."""
    content = place.city.read_bytes()
    place.city.write_bytes(content[: len(content) // 2])
    (refused,) = place.looks()

    assert refused.setting == "geo.city"
    assert "city.mmdb" in refused.problem
    assert place.town == "Old Town"
    assert place.looks() == []

    place.write_city("New Town", 3)
    assert place.looks() == [Change("geo.city")]
    assert place.town == "New Town"


def test_a_file_that_is_gone_leaves_the_old_in_use(place: Place) -> None:
    """Told once; when it is back it is read again."""
    away = place.folder / "away"
    shutil.move(place.city, away)
    (refused,) = place.looks()

    assert refused.setting == "geo.city"
    assert place.town == "Old Town"
    assert place.looks() == []

    shutil.move(away, place.city)
    assert place.looks() == [Change("geo.city")]


def test_each_file_changes_by_itself(place: Place) -> None:
    """A bad one does not keep back a good one."""
    before = place.files.lookups
    place.agents.write_text("user_agent_parsers: [{regex: '('}]")
    place.sites.write_text("search: {Home: [house.example]}")
    changes = {change.setting: bool(change.problem) for change in place.looks()}

    assert changes == {"enrich.agents": True, "enrich.referrers": False}
    assert place.files.lookups.sites["search"]["Home"] == ["house.example"]
    assert place.files.lookups.ua_version == before.ua_version
    assert place.files.lookups.app_version != before.app_version


def test_new_patterns_are_taken_up(place: Place) -> None:
    """Their version is their content's."""
    before = place.files.lookups.ua_version
    place.agents.write_text(PATTERNS.replace("Netfox", "Firenet"))

    assert place.looks() == [Change("enrich.agents")]
    assert place.files.lookups.read_agent("Firenet/2.3").br_family == "Firenet"
    assert place.files.lookups.ua_version != before


def test_a_bad_file_at_the_start_is_refused(tmp_path: Path) -> None:
    """There is no old one to stay with."""
    with pytest.raises(ConfigError, match=r"geo\.asn"):
        DataFiles(GeoSettings(asn=tmp_path / "absent.mmdb"), EnrichSettings(), "1.0")


def test_what_is_installed_is_not_watched() -> None:
    """Only files that settings name can change under a running worker."""
    assert not DataFiles(GeoSettings(), EnrichSettings(), "1.0").is_watching
