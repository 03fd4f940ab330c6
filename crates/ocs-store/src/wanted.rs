//! What web servers are to be told, as the writer knows it: the application's word, and
//! whether anything is asked for anywhere.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use ocs_rules::notification::{Anywhere, FailMode, Notifications, Validated};
use ocs_rules::objects::Objects;
use ocs_rules::policy::Levels;
use ocs_rules::retrieval::waits::Waits;

/// What web servers are to be told, with the objects that it was looked up in.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) notifications: Arc<Notifications>,
    pub(crate) anywhere: Anywhere,
    /// Which web servers fail, so that nothing is taken that they would be asked about.
    pub(crate) failing: Arc<OnceLock<Failing>>,
    objects: Option<Arc<Objects>>,
}

/// Says of a web server's address whether it keeps failing and is left alone.
pub type Failing = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// Why no record is taken that would have to be validated.
pub(crate) fn for_validation(
    told: &Notifications,
    levels: Levels<'_>,
    failing: &OnceLock<Failing>,
) -> Option<Waits> {
    match told.validation(levels) {
        Validated::No => None,
        Validated::ByNobody => Some(Waits::NoValidator),
        Validated::By(validation) => {
            let fails = failing
                .get()
                .is_some_and(|failing| failing(&validation.uri));
            (fails && validation.fail_mode != FailMode::Open).then_some(Waits::Validation {
                uri: validation.uri,
                answers: false,
            })
        }
    }
}

impl Wanted {
    /// What nothing is known of yet, but who says which web servers fail.
    pub(crate) fn asking(failing: &Arc<OnceLock<Failing>>) -> Self {
        Self {
            failing: Arc::clone(failing),
            ..Self::default()
        }
    }

    /// Takes up what has changed.
    pub(crate) fn follow(&mut self, set: &ArcSwap<Notifications>, objects: &Arc<Objects>) {
        let set = set.load();
        let known = self.objects.as_ref();
        let same = known.is_some_and(|known| Arc::ptr_eq(known, objects));
        if !same || !Arc::ptr_eq(&self.notifications, &set) {
            self.notifications = Arc::clone(&set);
            self.anywhere = self.notifications.anywhere(objects);
            self.objects = Some(Arc::clone(objects));
        }
    }
}
