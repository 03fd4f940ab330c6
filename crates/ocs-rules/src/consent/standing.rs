//! What all that was said comes to for one call.
//!
//! A phone and a customer id each have their own word. Of the statements of one of them that
//! reach the call, in the order of the moments at which they were said (of one second, in
//! the order in which they came), the last revocation and the last consent count:
//!
//! - a consent that came after the last revocation, or without one, and has not ended: it is
//!   *given*, whatever the scope of either;
//! - else, where there is a revocation, it is *revoked*: a consent that has ended gives back
//!   what it took away;
//! - else nothing is *said*.
//!
//! A call is withheld where either of the two has revoked, whether or not the call needs
//! consent; and where it needs consent and neither has given it.

use super::{Call, Says, Scope};

/// When a statement was said, UTC seconds, and its number: statements have an order.
pub type Place = (i64, i64);

/// What was said last over one scope: all that counts of a history, however long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// The scope.
    pub scope: Scope,
    /// The last consent.
    pub consent: Option<Given>,
    /// The last revocation.
    pub revocation: Option<Place>,
}

/// A consent, as far as it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// Its place among the statements.
    pub place: Place,
    /// When it ends, UTC seconds.
    pub expires: Option<i64>,
}

impl Last {
    /// Nothing was said over a scope.
    #[must_use]
    pub const fn of(scope: Scope) -> Self {
        Self {
            scope,
            consent: None,
            revocation: None,
        }
    }

    /// Hears one more statement over this scope, in whatever order they come.
    pub fn hear(&mut self, says: Says, place: Place, expires: Option<i64>) {
        match says {
            Says::Consent if self.consent.is_none_or(|known| known.place < place) => {
                self.consent = Some(Given { place, expires });
            }
            Says::Revocation => self.revocation = self.revocation.max(Some(place)),
            Says::Consent => {}
        }
    }

    /// When the latest of them was said, UTC seconds.
    #[must_use]
    pub fn at(&self) -> Option<i64> {
        let consent = self.consent.map(|given| given.place.0);
        consent.max(self.revocation.map(|place| place.0))
    }
}

/// Where one phone or customer id stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It said nothing that counts.
    Unsaid,
    /// It gave consent.
    Given {
        /// When that ends, UTC seconds.
        until: Option<i64>,
    },
    /// It revoked.
    Revoked,
}

impl Standing {
    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsaid => "Unsaid",
            Self::Given { .. } => "Given",
            Self::Revoked => "Revoked",
        }
    }
}

/// Where a phone or a customer id stands for a call at a moment, UTC seconds.
#[must_use]
pub fn standing(said: &[Last], call: Call, now: i64) -> Standing {
    let reaching = || said.iter().filter(|last| last.scope.reaches(call));
    let revocation = reaching().filter_map(|last| last.revocation).max();
    let consent = reaching().filter_map(|last| last.consent);
    match consent.max_by_key(|given| given.place) {
        Some(given)
            if Some(given.place) > revocation && given.expires.is_none_or(|end| end > now) =>
        {
            Standing::Given {
                until: given.expires,
            }
        }
        _ if revocation.is_some() => Standing::Revoked,
        _ => Standing::Unsaid,
    }
}

/// What the phone and the customer id of a record have said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// The phone: a scope may be there more than once.
    pub phone: Vec<Last>,
    /// The customer id.
    pub customer: Vec<Last>,
}

/// Whether a call may be made, as far as consent goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allowed {
        /// Until a consent ends that it cannot do without, UTC seconds.
        until: Option<i64>,
    },
    /// It may not.
    Withheld(Withheld),
}

/// Why a call may not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// Consent is required, and none is there that holds.
    NoConsent,
    /// Consent was revoked.
    Revoked,
}

impl Default for Verdict {
    fn default() -> Self {
        Self::Allowed { until: None }
    }
}

impl Verdict {
    /// Whether the call may be made.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

impl Heard {
    /// Whether a call may be made at a moment, UTC seconds, that needs consent or does not.
    #[must_use]
    pub fn verdict(&self, call: Call, required: bool, now: i64) -> Verdict {
        if let Some(withheld) = self.withheld(call, required, now) {
            return Verdict::Withheld(withheld);
        }
        let both = [&self.phone, &self.customer].map(|said| standing(said, call, now));
        let mut ends: Vec<_> = both
            .iter()
            .filter_map(|standing| match standing {
                Standing::Given { until } => *until,
                Standing::Unsaid | Standing::Revoked => None,
            })
            .collect();
        ends.sort_unstable();
        // The end of one may leave the other, or need none.
        let until = ends
            .into_iter()
            .find(|end| self.withheld(call, required, *end).is_some());
        Verdict::Allowed { until }
    }

    /// When the last of those consents ended that have ended by now, UTC seconds: where the
    /// clock is put back before that, it is not over.
    #[must_use]
    pub fn ended(&self, now: i64) -> Option<i64> {
        let said = self.phone.iter().chain(&self.customer);
        let ends = said.filter_map(|last| last.consent.and_then(|given| given.expires));
        ends.filter(|end| *end <= now).max()
    }

    fn withheld(&self, call: Call, required: bool, now: i64) -> Option<Withheld> {
        let both = [&self.phone, &self.customer].map(|said| standing(said, call, now));
        let given = both
            .iter()
            .any(|standing| matches!(standing, Standing::Given { .. }));
        if both.contains(&Standing::Revoked) {
            Some(Withheld::Revoked)
        } else {
            (required && !given).then_some(Withheld::NoConsent)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::do_not_call::Compared;

    const NOW: i64 = 1_000;
    const LIST: u32 = 101;
    const CAMPAIGN: u32 = 201;
    const CALL: Call = Call {
        list: Some(LIST),
        campaign: Some(CAMPAIGN),
    };
    const ALL: Scope = Scope::All;
    const ITS_LIST: Scope = Scope::List(LIST);
    const OTHER_LIST: Scope = Scope::List(102);
    const ITS_CAMPAIGN: Scope = Scope::Campaign(CAMPAIGN);

    /// A statement: by the phone or the customer id, over what, when, and until when.
    #[derive(Debug, Clone, Copy)]
    struct Said(char, Says, Scope, i64, Option<i64>);

    fn yes(scope: Scope, at: i64) -> Said {
        Said('p', Says::Consent, scope, at, None)
    }

    fn until(scope: Scope, at: i64, end: i64) -> Said {
        Said('p', Says::Consent, scope, at, Some(end))
    }

    fn no(scope: Scope, at: i64) -> Said {
        Said('p', Says::Revocation, scope, at, None)
    }

    fn of_customer(said: Said) -> Said {
        Said('c', said.1, said.2, said.3, said.4)
    }

    fn heard(said: &[Said]) -> Heard {
        let mut heard = Heard::default();
        for (number, Said(who, says, scope, at, expires)) in (1..).zip(said) {
            let lasts = match who {
                'p' => &mut heard.phone,
                _ => &mut heard.customer,
            };
            let at_scope = lasts.iter().position(|last| last.scope == *scope);
            let last = at_scope.unwrap_or_else(|| {
                lasts.push(Last::of(*scope));
                lasts.len() - 1
            });
            lasts[last].hear(*says, (*at, number), *expires);
        }
        heard
    }

    const FREE: Verdict = Verdict::Allowed { until: None };
    const fn ends(at: i64) -> Verdict {
        Verdict::Allowed { until: Some(at) }
    }
    const NONE: Verdict = Verdict::Withheld(Withheld::NoConsent);
    const REVOKED: Verdict = Verdict::Withheld(Withheld::Revoked);

    /// What was said in the order in which it came, and what comes of it where consent is
    /// not required and where it is.
    #[test]
    fn the_last_word_that_reaches_the_call_counts() {
        let table: &[(&str, Vec<Said>, Verdict, Verdict)] = &[
            ("nothing", vec![], FREE, NONE),
            ("consent", vec![yes(ALL, 1)], FREE, FREE),
            ("for its calling list", vec![yes(ITS_LIST, 1)], FREE, FREE),
            ("for its campaign", vec![yes(ITS_CAMPAIGN, 1)], FREE, FREE),
            (
                "for another calling list",
                vec![yes(OTHER_LIST, 1)],
                FREE,
                NONE,
            ),
            ("a revocation", vec![no(ALL, 1)], REVOKED, REVOKED),
            (
                "of its calling list",
                vec![no(ITS_LIST, 1)],
                REVOKED,
                REVOKED,
            ),
            (
                "of another calling list",
                vec![no(OTHER_LIST, 1)],
                FREE,
                NONE,
            ),
            (
                "a revocation over all after a narrower consent",
                vec![yes(ITS_LIST, 1), no(ALL, 2)],
                REVOKED,
                REVOKED,
            ),
            (
                "a narrower consent after a revocation over all",
                vec![no(ALL, 1), yes(ITS_LIST, 2)],
                FREE,
                FREE,
            ),
            (
                "a narrower revocation after a consent over all",
                vec![yes(ALL, 1), no(ITS_CAMPAIGN, 2)],
                REVOKED,
                REVOKED,
            ),
            (
                "a consent over all after a narrower revocation",
                vec![no(ITS_CAMPAIGN, 1), yes(ALL, 2)],
                FREE,
                FREE,
            ),
            (
                "a consent for another after a revocation",
                vec![no(ALL, 1), yes(OTHER_LIST, 2)],
                REVOKED,
                REVOKED,
            ),
            (
                "told in another order than said",
                vec![no(ALL, 2), yes(ALL, 1)],
                REVOKED,
                REVOKED,
            ),
            ("in one second", vec![no(ALL, 1), yes(ALL, 1)], FREE, FREE),
            (
                "in one second, the other way",
                vec![yes(ALL, 1), no(ALL, 1)],
                REVOKED,
                REVOKED,
            ),
            (
                "for a while",
                vec![until(ALL, 1, NOW + 1)],
                FREE,
                ends(NOW + 1),
            ),
            ("that has ended", vec![until(ALL, 1, NOW)], FREE, NONE),
            (
                "that has ended, after a revocation",
                vec![no(ALL, 1), until(ALL, 2, NOW)],
                REVOKED,
                REVOKED,
            ),
            (
                "that will end, after a revocation",
                vec![no(ALL, 1), until(ALL, 2, NOW + 5)],
                ends(NOW + 5),
                ends(NOW + 5),
            ),
            (
                "for a while, after one without an end",
                vec![yes(ALL, 1), until(ITS_LIST, 2, NOW)],
                FREE,
                NONE,
            ),
            (
                "of the customer alone",
                vec![of_customer(yes(ALL, 1))],
                FREE,
                FREE,
            ),
            (
                "of the customer, and the phone revoked before",
                vec![no(ALL, 1), of_customer(yes(ALL, 2))],
                REVOKED,
                REVOKED,
            ),
            (
                "of the phone, and the customer revoked",
                vec![yes(ALL, 2), of_customer(no(ALL, 1))],
                REVOKED,
                REVOKED,
            ),
            (
                "of both, until the later one ends",
                vec![until(ALL, 1, NOW + 5), of_customer(until(ALL, 1, NOW + 9))],
                FREE,
                ends(NOW + 9),
            ),
        ];
        for (case, said, free, required) in table {
            let heard = heard(said);
            assert_eq!(heard.verdict(CALL, false, NOW), *free, "{case}");
            assert_eq!(
                heard.verdict(CALL, true, NOW),
                *required,
                "{case}, required"
            );
        }
    }

    /// One statement of a history.
    #[derive(Debug, Clone)]
    struct Told {
        /// Which phone, or which customer.
        phone: Option<usize>,
        customer: usize,
        says: Says,
        scope: Scope,
        at: i64,
        expires: Option<i64>,
    }

    /// Spellings of two phones: two of them are known by two keys.
    const PHONES: [(&str, Option<&str>); 5] = [
        ("+1 650 555 0100", None),
        ("6505550100", Some("US")),
        ("6505550100", None),
        ("0151 12345678", Some("DE")),
        ("+4915112345678", None),
    ];

    fn compared(phone: usize) -> Compared {
        Compared::of(PHONES[phone].0, PHONES[phone].1)
    }

    fn told() -> impl Strategy<Value = Told> {
        let scope = prop_oneof![
            3 => Just(ALL),
            2 => Just(ITS_LIST),
            1 => Just(OTHER_LIST),
            2 => Just(ITS_CAMPAIGN),
            1 => Just(Scope::Campaign(202)),
        ];
        let says = prop_oneof![Just(Says::Consent), Just(Says::Revocation)];
        (
            prop::option::weighted(0.7, 0..PHONES.len()),
            0..2_usize,
            says,
            scope,
            0..12_i64,
            prop::option::weighted(0.4, 1..8_i64),
        )
            .prop_map(|(phone, customer, says, scope, at, lasts)| Told {
                phone,
                customer,
                says,
                scope,
                at,
                expires: lasts
                    .filter(|_| says == Says::Consent)
                    .map(|lasts| at + lasts),
            })
    }

    /// The rule as it is written above, over every statement there is: in order, each
    /// statement that reaches the call changes where its subject stands.
    fn scanned(history: &[&Told], call: Call, now: i64) -> Standing {
        let mut reaching: Vec<_> = history
            .iter()
            .filter(|told| told.scope.reaches(call))
            .collect();
        // Stable: of one second, in the order in which they came.
        reaching.sort_by_key(|told| told.at);
        let mut revoked_once = false;
        let mut stands = Standing::Unsaid;
        for told in reaching {
            stands = match told.says {
                Says::Revocation => Standing::Revoked,
                Says::Consent => Standing::Given {
                    until: told.expires,
                },
            };
            revoked_once |= told.says == Says::Revocation;
        }
        match stands {
            Standing::Given { until: Some(end) } if end <= now && revoked_once => Standing::Revoked,
            Standing::Given { until: Some(end) } if end <= now => Standing::Unsaid,
            stands => stands,
        }
    }

    proptest! {
        /// What is kept by key and scope says the same as the whole history.
        #[test]
        fn what_is_kept_says_what_the_history_says(
            history in prop::collection::vec(told(), 0..24),
            phone in 0..PHONES.len(),
            customer in prop::option::of(0..2_usize),
            required in any::<bool>(),
            list in prop_oneof![Just(LIST), Just(102)],
            campaign in prop::option::of(prop_oneof![Just(CAMPAIGN), Just(202)]),
            now in 0..24_i64,
        ) {
            let mut by_key: HashMap<(Option<u64>, usize, Scope), Last> = HashMap::new();
            for (number, told) in (1..).zip(&history) {
                let keys: Vec<_> = match told.phone {
                    Some(phone) => compared(phone).keys().map(|key| (Some(key), 0)).collect(),
                    None => vec![(None, told.customer)],
                };
                for (key, customer) in keys {
                    by_key
                        .entry((key, customer, told.scope))
                        .or_insert_with(|| Last::of(told.scope))
                        .hear(told.says, (told.at, number), told.expires);
                }
            }
            let of = |is: &dyn Fn(Option<u64>, usize) -> bool| -> Vec<Last> {
                let own = by_key.iter().filter(|((key, customer, _), _)| is(*key, *customer));
                own.map(|(_, last)| *last).collect()
            };
            let heard = Heard {
                phone: of(&|key, _| key.is_some_and(|key| compared(phone).keys().any(|own| own == key))),
                customer: of(&|key, known| key.is_none() && Some(known) == customer),
            };
            let call = Call { list: Some(list), campaign };
            let of_phone: Vec<_> = history.iter()
                .filter(|told| told.phone.is_some_and(|known| compared(known).matches(compared(phone))))
                .collect();
            let of_customer: Vec<_> = history.iter()
                .filter(|told| told.phone.is_none() && Some(told.customer) == customer)
                .collect();
            let scanned_at = |now| [scanned(&of_phone, call, now), scanned(&of_customer, call, now)];
            let withheld_at = |now| {
                let both = scanned_at(now);
                if both.contains(&Standing::Revoked) {
                    Some(Withheld::Revoked)
                } else {
                    let given = both.iter().any(|stands| matches!(stands, Standing::Given { .. }));
                    (required && !given).then_some(Withheld::NoConsent)
                }
            };
            prop_assert_eq!(
                [standing(&heard.phone, call, now), standing(&heard.customer, call, now)],
                scanned_at(now)
            );
            let verdict = heard.verdict(call, required, now);
            match (verdict, withheld_at(now)) {
                (Verdict::Withheld(found), Some(right)) => prop_assert_eq!(found, right),
                (Verdict::Allowed { until }, None) => {
                    // Allowed up to that moment, and not at it.
                    let first = (now..40).find(|at| withheld_at(*at).is_some());
                    prop_assert_eq!(until, first);
                }
                (found, right) => prop_assert!(false, "{:?} instead of {:?}", found, right),
            }
        }
    }
}
