//! What web servers are to be told, as the writer knows it: the application's word, and
//! whether anything is asked for anywhere.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ocs_rules::notification::{Anywhere, Notifications};
use ocs_rules::objects::Objects;

/// What web servers are to be told, with the objects that it was looked up in.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) notifications: Arc<Notifications>,
    pub(crate) anywhere: Anywhere,
    objects: Option<Arc<Objects>>,
}

impl Wanted {
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
