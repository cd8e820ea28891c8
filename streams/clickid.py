"""Click ids: parameters by which an ad network recognises one click of one person; only their presence is kept."""

CLICK_IDS = {
    # Source: docs.snowplow.io, campaign attribution enrichment (its three defaults and their names)
    "gclid": "Google",
    "msclkid": "Microsoft",
    "dclid": "DoubleClick",
    # Source: support.google.com/google-ads/answer/9744275 (ids) and /10417364 (privacy-preserving ids)
    "gbraid": "Google",
    "wbraid": "Google",
    "gclsrc": "Google",
    "gad_source": "Google",
    "gad_campaignid": "Google",
    # Source: developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc
    "fbclid": "Facebook",
    # Source: ads.tiktok.com/help/article/tiktok-click-id
    "ttclid": "TikTok",
    # Source: business.x.com/en/help/campaign-measurement-and-analytics/conversion-tracking-for-websites
    "twclid": "X",
    # Source: learn.microsoft.com/linkedin/marketing/conversions/enabling-first-party-cookies
    "li_fat_id": "LinkedIn",
    # Source: help.pinterest.com/business/article/track-conversions-with-pinterest-tag
    "epik": "Pinterest",
    # Source: businesshelp.snapchat.com/s/article/snap-click-id
    "sccid": "Snapchat",
    # Source: business.reddithelp.com/s/article/about-the-reddit-click-id
    "rdt_cid": "Reddit",
    # Source: quoraadsupport.zendesk.com, "Quora click id"
    "qclid": "Quora",
    # Source: yandex.com/support/direct/statistics/url-tags.html; yandex.com/support/market-distr ("ymclid")
    "yclid": "Yandex",
    "ymclid": "Yandex",
    # Source: help.taboola.com, "click id" macro; outbrain.com/help, "Outbrain click id"
    "tblci": "Taboola",
    "dicbo": "Outbrain",
    # Source: help.nextdoor.com, "conversion API" (click id)
    "ndclid": "Nextdoor",
    # Source: helpcenter.impact.com, "click id"
    "irclickid": "Impact",
}
"""Parameter name in lower case → name of the network in ``mkt_network``. The first one in the query wins."""
