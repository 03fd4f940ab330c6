//! "did you mean …?" for a mistyped name.

/// The nearest of `allowed`, when it is near enough to have been meant.
pub(crate) fn nearest<'a>(
    found: &str,
    allowed: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace('_', "-");
    let found = plain(found);
    allowed
        .into_iter()
        .map(|name| {
            let name_plain = plain(name);
            let distance = strsim::damerau_levenshtein(&found, &name_plain);
            (distance, name_plain.chars().count(), name)
        })
        .filter(|(distance, length, _)| *distance <= (length / 3).max(1))
        .min_by_key(|(distance, _, _)| *distance)
        .map(|(_, _, name)| name)
}

/// `did you mean "…"?` before `rule`, which says what is allowed.
pub(crate) fn quoted(nearest: Option<&str>, rule: &str) -> String {
    let Some(name) = nearest else {
        return rule.to_owned();
    };
    // After a question mark a new sentence begins.
    let mut rest = rule.chars();
    let first: String = rest
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().collect());
    format!("did you mean \"{name}\"? {first}{}", rest.as_str())
}

/// What a message says of an unknown name: the nearest one, and all of them.
pub(crate) fn unknown(what: &str, found: &str, allowed: &[&str]) -> String {
    let hint = nearest(found, allowed.iter().copied())
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default();
    // After a question mark a new sentence begins.
    let joint = if hint.is_empty() {
        "; allowed"
    } else {
        " Allowed"
    };
    format!("{what}{hint}{joint} here: {}", allowed.join(", "))
}
