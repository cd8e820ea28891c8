"""Click sequences of real people, from the shared data folder beside the checkout."""

import csv
import io
import os
import zipfile
from pathlib import Path

SHARED = Path(os.environ.get("THALWEG_SHARED", Path(__file__).parents[4] / "shared"))
SHOP = SHARED / "data/seq_eshop_2008_uci/clickstream+data+for+online+shopping.zip"
MSNBC = SHARED / "data/seq_msnbc323/msnbc323.txt"
_COLUMNS = {"category": "page 1 (main category)", "page": "page", "product": "page 2 (clothing model)"}


def shop(*parts: str) -> list[list[str]]:
    """A shop of 2008, session by session: ``parts`` (category, page, product) of each click."""
    sessions: dict[str, list[str]] = {}
    with zipfile.ZipFile(SHOP) as archive, archive.open(archive.namelist()[0]) as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8"), delimiter=";"):
            words = [f"p{row['page']}" if part == "page" else row[_COLUMNS[part]] for part in parts]
            sessions.setdefault(row["session ID"], []).append("page:/" + "/".join(words))
    return list(sessions.values())


def sequences() -> list[list[str]]:
    """323 sequences over 17 kinds of page."""
    return [[f"page:/{kind}" for kind in line.split()] for line in MSNBC.read_text().splitlines() if line.strip()]
