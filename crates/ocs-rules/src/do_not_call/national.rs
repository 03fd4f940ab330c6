//! Numbers without a country code, read as a region dials them. The numbering
//! plans of the world take a few megabytes: they are unpacked when the first such
//! number is met, so never where no region is configured.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

/// A number, digits only, in E.164; `None` for what no number of this region can be.
pub(super) fn e164(digits: &str, region: &str) -> Option<String> {
    let region: Region = region.parse().ok()?;
    let number = PHONE_NUMBER_UTIL.parse(digits, Some(region)).ok()?;
    let formatted = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164);
    Some(formatted.into_owned())
}
