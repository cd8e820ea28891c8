"""The fields of a Snowplow event (tracker protocol tp2) that we read, with their largest sizes.

Source: iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4; docs.snowplow.io, tracker protocol. All
values are text. Of its 80 keys only the fingerprints of a device or person are left out: ``fp``, ``mac``, ``ad_uid``.
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

MAX_TEXT = 8192
MAX_ID = 512

Text = Annotated[str, Meta(max_length=MAX_TEXT)] | None
Id = Annotated[str, Meta(max_length=MAX_ID)] | None
Short = Annotated[str, Meta(max_length=256)] | None
Json = str | None
"""JSON, plain or in base64: as long as the body is."""


class Tp2(Struct, gc=False):
    """One event as it comes, before its texts are read. Unknown keys are skipped."""

    e: Short = None
    eid: Id = None
    aid: Short = None
    p: Short = None
    dtm: Short = None
    stm: Short = None
    ttm: Short = None
    duid: Id = None
    nuid: Id = None
    tnuid: Id = None
    uid: Id = None
    sid: Id = None
    ip: Short = None
    ua: Text = None
    url: Text = None
    page: Text = None
    refr: Text = None
    lang: Short = None
    tz: Short = None
    res: Short = None
    se_ca: Text = None
    se_ac: Text = None
    se_la: Text = None
    se_pr: Text = None
    se_va: Short = None
    ue_na: Text = None
    ue_pr: Json = None
    ue_px: Json = None
    co: Json = None
    cx: Json = None
    # what becomes a property
    tv: Short = None
    tna: Short = None
    vid: Short = None
    vp: Short = None
    ds: Short = None
    cd: Short = None
    cs: Short = None
    cookie: Short = None
    ctype: Short = None
    tid: Id = None
    pp_mix: Short = None
    pp_max: Short = None
    pp_miy: Short = None
    pp_may: Short = None
    f_pdf: Short = None
    f_qt: Short = None
    f_realp: Short = None
    f_wma: Short = None
    f_dir: Short = None
    f_fla: Short = None
    f_java: Short = None
    f_gears: Short = None
    f_ag: Short = None
    ad_ba: Text = None
    ad_ca: Text = None
    ad_ad: Text = None
    tr_id: Id = None
    tr_af: Text = None
    tr_tt: Short = None
    tr_tx: Short = None
    tr_sh: Short = None
    tr_ci: Text = None
    tr_st: Text = None
    tr_co: Text = None
    tr_cu: Short = None
    ti_id: Id = None
    ti_sk: Text = None
    ti_nm: Text = None
    ti_na: Text = None
    ti_ca: Text = None
    ti_pr: Short = None
    ti_qu: Short = None
    ti_cu: Short = None
    sa: Text = None
    sn: Text = None
    st: Text = None
    sp: Text = None


KEYS = frozenset(Tp2.__struct_fields__)

PROPERTIES: Mapping[str, str] = {
    "tv": "v_tracker",
    "tna": "name_tracker",
    "vid": "domain_sessionidx",
    "cd": "br_colordepth",
    "cs": "doc_charset",
    "cookie": "br_cookies",
    "ctype": "connection_type",
    "tid": "txn_id",
    "pp_mix": "pp_xoffset_min",
    "pp_max": "pp_xoffset_max",
    "pp_miy": "pp_yoffset_min",
    "pp_may": "pp_yoffset_max",
    "f_pdf": "br_features_pdf",
    "f_qt": "br_features_quicktime",
    "f_realp": "br_features_realplayer",
    "f_wma": "br_features_windowsmedia",
    "f_dir": "br_features_director",
    "f_fla": "br_features_flash",
    "f_java": "br_features_java",
    "f_gears": "br_features_gears",
    "f_ag": "br_features_silverlight",
    "ad_ba": "ad_banner",
    "ad_ca": "ad_campaign",
    "ad_ad": "ad_advertiser",
    "tr_id": "tr_orderid",
    "tr_af": "tr_affiliation",
    "tr_tt": "tr_total",
    "tr_tx": "tr_tax",
    "tr_sh": "tr_shipping",
    "tr_ci": "tr_city",
    "tr_st": "tr_state",
    "tr_co": "tr_country",
    "tr_cu": "tr_currency",
    "ti_id": "ti_orderid",
    "ti_sk": "ti_sku",
    "ti_nm": "ti_name",
    "ti_na": "ti_name",
    "ti_ca": "ti_category",
    "ti_pr": "ti_price",
    "ti_qu": "ti_quantity",
    "ti_cu": "ti_currency",
    "sa": "social_action",
    "sn": "social_network",
    "st": "social_target",
    "sp": "social_page",
}
"""Key → name in ``properties``: the column's name in Snowplow's canonical model, where it has one."""

WHOLE = frozenset("domain_sessionidx pp_xoffset_min pp_xoffset_max pp_yoffset_min pp_yoffset_max ti_quantity".split())
"""Properties that are whole numbers of 32 bits (fractions are cut off, as Snowplow Enrich does)."""

DECIMAL = frozenset("tr_total tr_tax tr_shipping ti_price".split())
"""Properties that are finite numbers."""
