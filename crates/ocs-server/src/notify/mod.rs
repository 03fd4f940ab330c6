//! What OCS asks of web servers and tells them (notifications.md): a client with a pool of
//! connections for each, a circuit breaker for each address, and what is sent.
//!
//! Nothing here runs inside a transaction: what is reported was written to the outbox with
//! its change, and is sent from there.

mod breaker;
pub(crate) mod client;
mod connect;
mod group_states;
pub(crate) mod json;
mod outbox;
mod pool;
mod settings;
mod signature;
mod target;
pub(crate) mod validation;

use std::sync::Arc;

use ocs_config::Config;
use ocs_protocol::enumeration::{CallResult, Enumeration as _};
use ocs_rules::dialing::DialingOptions;
use ocs_rules::notification::{FailMode, Notifications, Told, ValidationOptions};

use crate::tls::TlsProblems;

pub(crate) use breaker::{Breakers, Seen};
use client::Client;
pub(crate) use group_states::{Steps, tell as tell_group_states};
pub(crate) use outbox::Sender;
use settings::Settings;

/// The web servers that OCS speaks to. Clones are handles to the same.
#[derive(Clone)]
pub(crate) struct WebServers {
    pub(crate) client: Arc<Client>,
    pub(crate) breakers: Breakers,
    /// What becomes of campaign groups.
    pub(crate) steps: Steps,
}

impl WebServers {
    pub(crate) fn new() -> Self {
        Self {
            client: Arc::new(Client::new(Settings::default())),
            breakers: Breakers::default(),
            steps: Steps::default(),
        }
    }

    /// Speaks to them as this configuration says, from now on.
    ///
    /// # Errors
    /// A file or a secret that it names is no good; then all stays as it was.
    pub(crate) fn take_up(&self, config: &Config) -> Result<(), TlsProblems> {
        self.client.take_up(Settings::read(config)?);
        Ok(())
    }
}

/// The application's own word for what web servers are told.
pub(crate) fn notifications(config: &Config) -> Notifications {
    let server = &config.options.oc_server;
    let options = ocs_config::LevelOptions::effective(&[&server.levels]);
    let told = |on: bool, uri: &Option<ocs_config::WebUri>| Told {
        on,
        uri: uri.as_ref().map(|uri| uri.as_str().to_owned()),
    };
    let seconds = |span: ocs_config::TimeSpan| {
        i64::try_from(span.as_duration().as_secs()).unwrap_or(i64::MAX)
    };
    Notifications {
        dialing: DialingOptions {
            uri: options
                .dialer_uri
                .as_ref()
                .map(|uri| uri.as_str().to_owned()),
            channels: options.channels,
            rate: options.dialing_rate,
            call_timeout: seconds(options.call_timeout),
            abandoned_limit: options.abandoned_limit,
        },
        tenant: config.application.tenant.clone(),
        application: config.application.dbid,
        call_reports: told(options.send_history, &options.history_uri),
        wait_threshold: options.history_wait_condition_threshold,
        wait_recovery: seconds(options.history_wait_recovery_timeout),
        contact_processed: told(
            options.contact_processed_notification,
            &options.contact_processed_notification_uri,
        ),
        retries: options.http_retry_max_attempts,
        group_states: told(
            options.send_campaigngroup_states,
            &options.campaigngroup_states_uri,
        ),
        group_states_interval: seconds(options.campaigngroup_states_interval),
        validation: ValidationOptions {
            told: told(options.pre_dial_validation, &options.validation_uri),
            result: CallResult::from_number(options.validation_timeout_call_result.into())
                .unwrap_or(CallResult::GeneralError),
            fail_mode: match options.validation_fail_mode {
                ocs_config::ValidationFailMode::Result => FailMode::Result,
                ocs_config::ValidationFailMode::Open => FailMode::Open,
                ocs_config::ValidationFailMode::Closed => FailMode::Closed,
            },
        },
    }
}
