//! The target of a request as the log shows it.

use std::borrow::Cow;

use hyper::Uri;
use ocs_log::ContactInfo;
use ocs_protocol::attribute::{GSW_CALLING_LIST, GSW_CUSTOMER_ID, GSW_PHONE};
use percent_encoding::percent_decode_str;

use crate::route::ROUTES;

/// The keys of a query whose values are words of the interface.
const WORDS: [&str; 4] = ["req", "tenant", "atomic", "status"];
/// The keys of a query whose values are numbers.
const NUMBERS: [&str; 2] = ["after", "limit"];

/// The target, with phones and customer ids masked: those that stand where they belong,
/// and whatever stands where nothing belongs.
pub(crate) fn target(uri: &Uri, contact_info: ContactInfo) -> Cow<'_, str> {
    let whole = uri.path_and_query().map_or("", |target| target.as_str());
    if contact_info == ContactInfo::Full || is_plain(whole) {
        return Cow::Borrowed(whole);
    }
    let (path, query) = match whole.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (whole, None),
    };
    let mut shown = String::with_capacity(whole.len());
    let mut segments = path.split('/');
    shown.push_str(segments.next().unwrap_or_default());
    let kind = segments.next();
    if let Some(kind) = kind {
        shown.push('/');
        shown.push_str(&contact_info.name(kind));
    }
    let kind = decoded(kind.unwrap_or_default());
    for (place, segment) in segments.enumerate() {
        shown.push('/');
        if is_known(&kind, place, segment) {
            shown.push_str(segment);
        } else {
            shown.push_str(&contact_info.value(&decoded(segment)));
        }
    }
    for (place, pair) in query.iter().flat_map(|query| query.split('&')).enumerate() {
        shown.push(if place == 0 { '?' } else { '&' });
        push_pair(pair, contact_info, &mut shown);
    }
    Cow::Owned(shown)
}

/// Whether it is one of those that nearly all requests have, and has nothing to mask.
fn is_plain(target: &str) -> bool {
    let path = ["/lists/", "/records/", "/campaigngroups/"]
        .iter()
        .find_map(|kind| target.strip_prefix(kind));
    let Some((identifier, query)) = path.and_then(|path| path.split_once('?')) else {
        return false;
    };
    let short = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
    };
    let handle = || identifier.len() <= 10 && identifier.bytes().all(|byte| byte.is_ascii_digit());
    (short(identifier) || handle()) && query.strip_prefix("req=").is_some_and(short)
}

/// Whether a segment behind the kind of resource is no contact: a calling list's name, a
/// record handle, a DBID, a word of the interface.
fn is_known(kind: &str, place: usize, segment: &str) -> bool {
    let mut resources = ROUTES.iter().map(|route| route.resource);
    match place {
        0 => resources
            .filter(|resource| resource.segments.contains(&kind))
            .find_map(|resource| resource.identifier.as_ref())
            .is_some_and(|identifier| match identifier.attribute {
                GSW_PHONE | GSW_CUSTOMER_ID => false,
                GSW_CALLING_LIST => true,
                // A number, and no phone.
                _ => is_number(segment),
            }),
        1 => resources.any(|resource| resource.below == Some(segment)),
        _ => false,
    }
}

fn push_pair(pair: &str, contact_info: ContactInfo, shown: &mut String) {
    let Some((key, value)) = pair.split_once('=') else {
        let known = WORDS.contains(&pair) || NUMBERS.contains(&pair) || pair.is_empty();
        if known {
            shown.push_str(pair);
        } else {
            shown.push_str(&contact_info.value(&decoded(pair)));
        }
        return;
    };
    shown.push_str(&contact_info.name(key));
    shown.push('=');
    if WORDS.contains(&key) {
        shown.push_str(&contact_info.name(value));
    } else if NUMBERS.contains(&key) && is_number(value) {
        shown.push_str(value);
    } else {
        shown.push_str(&contact_info.value(&decoded(value)));
    }
}

/// Whether it is a number as handles are, and not written as a phone is.
fn is_number(text: &str) -> bool {
    !text.starts_with('+') && text.parse::<u32>().is_ok()
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        for (sent, masked) in [
            ("/lists/Spring?req=AddRecord", "/lists/Spring?req=AddRecord"),
            ("/lists/Fr%C3%BChling%202026", "/lists/Fr%C3%BChling%202026"),
            (
                "/lists/a/records?limit=100&after=1234567",
                "/lists/a/records?limit=100&after=1234567",
            ),
            (
                "/lists/a/records?status=Ready&phone=%2B16505550100",
                "/lists/a/records?status=Ready&phone=…0100",
            ),
            (
                "/lists/a/records?customer_id=M%C3%BCller",
                "/lists/a/records?customer_id=…ller",
            ),
            (
                "/lists/a/records?%70hone=+16505550100",
                "/lists/a/records?%70hone=…0100",
            ),
            (
                "/records/2147483647?req=RecordReject",
                "/records/2147483647?req=RecordReject",
            ),
            (
                "/records/+16505550100?req=RecordReject",
                "/records/…0100?req=RecordReject",
            ),
            (
                "/campaigngroups/301?req=GetRecord",
                "/campaigngroups/301?req=GetRecord",
            ),
            (
                "/phones/+16505550100?req=DoNotCall",
                "/phones/…0100?req=DoNotCall",
            ),
            ("/phones/%2B16505550100", "/phones/…0100"),
            ("/%70hones/%2B16505550100", "/%70hones/…0100"),
            ("/phones/a%40b.org", "/phones/….org"),
            ("/customer_ids/Meier-77", "/customer_ids/…r-77"),
            (
                "/customerids/Meier-77?tenant=Environment",
                "/customerids/…r-77?tenant=Environment",
            ),
            ("/customer_ids/77", "/customer_ids/…"),
            // Where nothing belongs.
            ("/nothing", "/nothing"),
            ("/phone/Meier-77", "/phone/…r-77"),
            ("//phones/Meier-77", "//…ones/…r-77"),
            ("/+16505550100", "/…0100"),
            ("/lists/a/Meier-77", "/lists/a/…r-77"),
            (
                "/lists/a?req=AddRecord&GSW_PHONE=+16505550100",
                "/lists/a?req=AddRecord&GSW_PHONE=…0100",
            ),
            ("/lists/a?req=+16505550100", "/lists/a?req=…0100"),
            (
                "/lists/a?after=+16505550100&Meier-77",
                "/lists/a?after=…0100&…r-77",
            ),
            ("/lists/a?+16505550100=x", "/lists/a?…0100=…"),
            ("http://h/phones/+16505550100", "/phones/…0100"),
        ] {
            let uri: Uri = sent.parse().expect("a URI");
            assert_eq!(target(&uri, ContactInfo::Masked), masked, "{sent}");
            let whole = sent.strip_prefix("http://h").unwrap_or(sent);
            assert_eq!(target(&uri, ContactInfo::Full), whole);
        }
    }
}
