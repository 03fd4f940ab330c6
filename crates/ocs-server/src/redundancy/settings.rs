//! What the OCS processes of one store have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ocs_config::Config;
use ocs_store::Terms;
use ring::digest::{SHA256, digest};

/// The terms that the lease is held on by a configuration. Options are compared by hashes:
/// a URI among them may hold a password.
pub(crate) fn terms(config: &Config) -> Terms {
    let settings = config.shared_settings().into_iter().map(|(key, value)| {
        let value = match key.starts_with("options.") {
            true => hash(&value),
            false => value,
        };
        (key, value)
    });
    Terms {
        lease: config.redundancy.lease.as_duration(),
        settings: settings.collect(),
    }
}

fn hash(value: &str) -> String {
    let hash = digest(&SHA256, value.as_bytes());
    let mut text = String::new();
    for byte in hash.as_ref().iter().take(8) {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// In which settings two OCS differ, for a person. A key that one of them does not know is
/// of another version, and passed over: a pair is upgraded one by one.
pub(super) fn differences(
    holder: &BTreeMap<String, String>,
    own: &BTreeMap<String, String>,
) -> Vec<String> {
    let keys: BTreeSet<_> = holder.keys().filter(|key| own.contains_key(*key)).collect();
    let differing = keys.into_iter().filter(|key| holder[*key] != own[*key]);
    differing
        .map(|key| match key.starts_with("options.") {
            true => format!("{key} is another"),
            false => format!("{key} is {} there and {} here", holder[key], own[key]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let settings = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs.map(|(k, v)| ((*k).into(), (*v).into())).collect()
        };
        let holder = settings(&[
            ("application.tenant", "\"A\""),
            ("options.OCServer.encoding", "11"),
        ]);
        for (own, right) in [
            (holder.clone(), &[][..]),
            (
                settings(&[("application.tenant", "\"B\"")]),
                &["application.tenant is \"A\" there and \"B\" here"],
            ),
            (
                settings(&[("options.OCServer.encoding", "22")]),
                &["options.OCServer.encoding is another"],
            ),
            (settings(&[("options.OCServer.of-later", "1")]), &[]),
        ] {
            assert_eq!(differences(&holder, &own), right);
        }
        assert_ne!(hash("a"), hash("b"));
        assert_eq!(hash("a").len(), 16);
    }
}
