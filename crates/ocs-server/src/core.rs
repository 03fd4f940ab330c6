//! What every part of OCS works with: the store, and the settings of this
//! application.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use ocs_config::{Access, Config, LevelOptions, StoreUrl, UnknownAttributes};
use ocs_log::ContactInfo;
use ocs_protocol::outbound::UserEvent;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::group_state::{GroupState, dials};
use ocs_rules::legal_hours::WithoutRule;
use ocs_rules::policy::{Duplicates, Policy};
use ocs_rules::retrieval::order::Priorities;
use ocs_rules::retrieval::waits::Waits;
use ocs_store::{Open, Store, StoreError, TakeOver};
use tokio::sync::oneshot;

use crate::access::Bindings;
use crate::agents::Agents;
use crate::answer;
use crate::dialer::Dialers;
use crate::notify::{self, WebServers};
use crate::redundancy;
use crate::session::Sessions;
use crate::tls::TlsProblems;

/// Where the wall-clock time comes from; `main` hands it in.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What every part of OCS works with. Clones are handles to the same.
#[derive(Clone)]
pub struct Core {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// The sessions of desktops, whom unsolicited events go to.
    pub(crate) sessions: Sessions,
    /// The agents who work for campaign groups.
    pub(crate) agents: Agents,
    /// DBID of the OCS application.
    pub(crate) application: u32,
    /// The application's own word for options that have levels.
    pub(crate) policy: Arc<Policy>,
    /// Whether unknown keys refuse a request, where the calling list has no word.
    pub(crate) refuse_unknown: bool,
    /// How phones, customer ids and the values of user fields stand in the log.
    pub(crate) contact_info: ContactInfo,
    /// What a record's URI begins with, by the port a request came in by; the
    /// first one otherwise.
    pub(crate) uri_bases: Arc<ArcSwap<Vec<String>>>,
    /// The web servers that are asked and told.
    pub(crate) web: WebServers,
    /// What is seen of dialing.
    pub(crate) dialers: Dialers,
    /// What HTTP clients are bound to.
    pub(crate) bindings: Arc<ArcSwap<Bindings>>,
}

/// Why the store of a configuration cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// The store's own reason.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The configuration names a store that this version does not have.
    #[error("store.url: this version stores in SQLite only, so it must begin with sqlite:")]
    NoSuchStore,
}

impl Core {
    /// Opens the configured store for `holder` and takes its lease. The second
    /// value resolves when the store's writer has ended.
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn open(
        config: &Config,
        holder: &str,
        clock: Clock,
    ) -> Result<(Self, oneshot::Receiver<()>), CoreError> {
        let open = open(config, holder, &clock)?;
        let opened = Store::open_on(open, redundancy::terms(config))?;
        Ok(Self::with(config, opened, clock))
    }

    /// The same, with the lease that a backup took.
    ///
    /// # Errors
    /// [`CoreError`].
    pub(crate) fn take_over(
        config: &Config,
        holder: &str,
        clock: Clock,
        taken: Box<TakeOver>,
    ) -> Result<(Self, oneshot::Receiver<()>), CoreError> {
        let opened = Store::take_over(open(config, holder, &clock)?, taken)?;
        Ok(Self::with(config, opened, clock))
    }

    fn with(
        config: &Config,
        (store, ended): (Store, oneshot::Receiver<()>),
        clock: Clock,
    ) -> (Self, oneshot::Receiver<()>) {
        let policy = Arc::new(policy(config));
        store.set_notifications(notify::notifications(config));
        let web = WebServers::new();
        let breakers = web.breakers.clone();
        store.set_failing(Box::new(move |uri| {
            breakers.leaves_alone(uri, Instant::now())
        }));
        let dialers = Dialers::new(store.out_already());
        let hears = dialers.clone();
        store.set_hears_calls(Box::new(move |steps| hears.hear(steps)));
        let levels = &config.options.oc_server.levels;
        let silence = config.options.oc_server.agent_silence_timeout.as_duration();
        let in_hand = store.clone();
        let in_hand = Box::new(move |agent: &str| in_hand.reader().in_hand(agent));
        let core = Self {
            store,
            clock,
            sessions: Sessions::default(),
            agents: Agents::new(silence, in_hand),
            application: config.application.dbid,
            policy,
            refuse_unknown: levels.unknown_attributes == Some(UnknownAttributes::Refuse),
            contact_info: match config.log.contact_info {
                true => ContactInfo::Full,
                false => ContactInfo::Masked,
            },
            uri_bases: Arc::default(),
            web,
            dialers,
            bindings: Arc::default(),
        };
        core.take_up_access(&config.access);
        (core, ended)
    }

    /// Holds HTTP clients to what these rules bind them to, from now on. HTTP Proxy is told
    /// the rest of them.
    pub(crate) fn take_up_access(&self, access: &Access) {
        self.bindings.store(Arc::new(Bindings::of(access)));
    }

    /// Asks and tells web servers what this configuration says, from now on, and as it says.
    ///
    /// # Errors
    /// A file or a secret that it names is no good; then they are spoken to as before.
    pub(crate) fn take_up_notifications(&self, config: &Config) -> Result<(), TlsProblems> {
        self.store.set_notifications(notify::notifications(config));
        self.web.take_up(config)
    }

    /// Whether a web server validates records before a campaign group gets them.
    pub(crate) fn validates(&self, group: CampaignGroupId) -> bool {
        self.store
            .notifications()
            .validates(group, &self.store.objects())
    }

    /// What a campaign group waits for before it takes records.
    pub(crate) fn waits(&self, group: CampaignGroupId) -> Vec<Waits> {
        let (objects, now) = (self.store.objects(), (self.clock)().as_second());
        let lists = objects.lists_of(group).into_iter();
        let mut waits: Vec<_> = lists
            .filter_map(|list| self.store.waits(list, group, now))
            .chain(self.dialers.waits(group))
            .collect();
        waits.dedup();
        waits
    }

    /// Says how a campaign group dials, where it does so by itself.
    pub(crate) fn push_dialing(
        &self,
        event: &mut UserEvent,
        group: CampaignGroupId,
        state: &GroupState,
    ) {
        if dials(state.mode) {
            let objects = self.store.objects();
            let dialing = self.store.notifications().dialing.of(group, &objects);
            answer::push_dialer(event, &dialing, self.store.calls_out(group));
            answer::push_busy_factor(event, self.dialers.busy_factor(group));
        }
    }

    /// Tells desktops, and the web server that wants to know, of a step of a campaign group
    /// that is committed.
    pub(crate) fn tell_campaign(
        &self,
        name: &'static str,
        group: CampaignGroupId,
        state: &GroupState,
    ) {
        let objects = self.store.objects();
        let event = answer::campaign_event(name, group, state, self.application, &objects);
        self.sessions.push_all(event);
        self.web.steps.push(name, group, *state);
    }

    /// Finishes what waits and closes the store; blocks until that is done.
    pub fn close(&self) {
        self.store.close();
    }

    /// As [`Core::close`], for a backup that takes over at once.
    pub(crate) fn hand_over(&self) {
        self.store.hand_over();
    }

    /// A record's address (http-interface.md, section 2).
    pub(crate) fn record_uri(&self, listener: usize, handle: u32) -> Option<String> {
        let bases = self.uri_bases.load();
        let base = bases.get(listener).or_else(|| bases.first())?;
        Some(format!("{base}/records/{handle}"))
    }
}

fn open(config: &Config, holder: &str, clock: &Clock) -> Result<Open, CoreError> {
    Ok(Open {
        path: store_path(config)?,
        holder: holder.to_owned(),
        clock: Arc::clone(clock),
        policy: policy(config),
    })
}

/// The application's own word for options that have levels.
fn policy(config: &Config) -> Policy {
    let server = &config.options.oc_server;
    let options = LevelOptions::effective(&[&server.levels]);
    let seconds = |span: ocs_config::TimeSpan| {
        i64::try_from(span.as_duration().as_secs()).unwrap_or(i64::MAX)
    };
    Policy {
        duplicates: match options.duplicates {
            ocs_config::Duplicates::Allow => Duplicates::Allow,
            ocs_config::Duplicates::Refuse => Duplicates::Refuse,
            ocs_config::Duplicates::Update => Duplicates::Update,
        },
        stale_after: seconds(options.stale_clean_timeout),
        missed_after: seconds(options.callback_timeout),
        one_at_once: server.one_contact_at_a_time,
        priorities: Priorities {
            personal_callback: options.priority_personal_callback,
            campaign_callback: options.priority_campaign_callback,
            personal_rescheduled: options.priority_personal_rescheduled,
            campaign_rescheduled: options.priority_campaign_rescheduled,
            general: options.priority_general,
        },
        reread_every: seconds(server.dnc_reread_interval),
        request_log_days: server.request_log_days,
        retention_days: options.retention_days,
        region: config.application.default_region.clone(),
        guards: options.legal_hours,
        without_rule: match server.legal_hours_unknown {
            ocs_config::LegalHoursUnknown::Allow => WithoutRule::Allow,
            ocs_config::LegalHoursUnknown::Refuse => WithoutRule::Refuse,
        },
        consent_required: options.consent_required,
    }
}

/// The file of the configured store.
///
/// # Errors
/// It is no file.
pub fn store_path(config: &Config) -> Result<PathBuf, CoreError> {
    match &config.store.url {
        StoreUrl::Sqlite(path) => Ok(path.clone()),
        StoreUrl::Postgres(_) => Err(CoreError::NoSuchStore),
    }
}
