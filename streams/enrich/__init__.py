"""Stage three: an anonymized event gains place, device, bot marks, page parts, referrer, campaign and channel; pure."""
