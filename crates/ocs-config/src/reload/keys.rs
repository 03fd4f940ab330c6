//! Which key of `ocs.toml` takes effect when: the one table (configuration.md, section 3).

use std::collections::BTreeMap;
use std::fmt;

use crate::config::Config;
use crate::server_info::Port;

/// When a change of a key takes effect (configuration.md, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// As soon as it is noticed.
    AtOnce,
    /// With the next HTTP Proxy that is started.
    NextHttpProxy,
    /// When OCS is started again.
    AfterRestart,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtOnce => "it takes effect at once",
            Self::NextHttpProxy => "a running HTTP Proxy keeps what it has until its next start",
            Self::AfterRestart => "it takes effect when OCS is started again",
        })
    }
}

/// A key of `T`, which is the configuration or one of its ports.
pub(super) struct Key<T> {
    pub(super) name: &'static str,
    pub(super) effect: Effect,
    pub(super) differs: fn(&T, &T) -> bool,
    /// Takes the value into the first from the second.
    pub(super) take: fn(&mut T, &T),
    /// The value, to be compared with another process's; secrets are left out.
    pub(super) shown: fn(&T) -> String,
}

/// Every key stands in one line, below the word of when it takes effect.
macro_rules! keys {
    ($table:ident of $owner:ty { $($effect:ident { $($name:literal => $($field:ident).+,)* })* }) => {
        pub(super) const $table: &[Key<$owner>] = &[$($(Key {
            name: $name,
            effect: Effect::$effect,
            differs: |one, other| one.$($field).+ != other.$($field).+,
            take: |into, from| into.$($field).+ = from.$($field).+.clone(),
            shown: |owner| format!("{:?}", owner.$($field).+),
        },)*)*];
    };
}

keys! {
    KEYS of Config {
        AtOnce {
            "server-info.reconnect-timeout" => server_info.reconnect_timeout,
            "log.level" => log.level,
            "options.OCServer.http-custom-headers" => options.oc_server.http_custom_headers,
            "options.OCServer.encoding" => options.oc_server.encoding,
            // Limits.
            "options.OCServer.http-reply-timeout" => options.oc_server.http_reply_timeout,
            "options.OCServer.http-header-bytes" => options.oc_server.http_header_bytes,
            "options.OCServer.http-header-lines" => options.oc_server.http_header_lines,
            "options.OCServer.http-body-bytes" => options.oc_server.http_body_bytes,
            "options.OCServer.http-bulk-body-bytes" => options.oc_server.http_bulk_body_bytes,
            "options.OCServer.http-header-timeout" => options.oc_server.http_header_timeout,
            "options.OCServer.http-idle-timeout" => options.oc_server.http_idle_timeout,
            "options.OCServer.http-connections" => options.oc_server.http_connections,
            "options.OCServer.shutdown-timeout" => options.oc_server.shutdown_timeout,
            // Notifications.
            "options.OCServer.http-response-timeout" => options.oc_server.http_response_timeout,
            "options.OCServer.http-connection-pool-size"
                => options.oc_server.http_connection_pool_size,
            "options.OCServer.notification-signing-key"
                => options.oc_server.notification_signing_key,
            "options.OCServer.notification-trusted-ca"
                => options.oc_server.notification_trusted_ca,
            "options.OCServer.notification-certificate"
                => options.oc_server.notification_certificate,
            "options.OCServer.notification-certificate-key"
                => options.oc_server.notification_certificate_key,
            "options.OCServer.notification-certificate-key-password"
                => options.oc_server.notification_certificate_key_password,
            "options.OCServer.notification-proxy" => options.oc_server.notification_proxy,
            "options.OCServer.pre-dial-validation" => options.oc_server.levels.pre_dial_validation,
            "options.OCServer.validation-uri" => options.oc_server.levels.validation_uri,
            "options.OCServer.validation-timeout-call-result"
                => options.oc_server.levels.validation_timeout_call_result,
            "options.OCServer.validation-fail-mode"
                => options.oc_server.levels.validation_fail_mode,
            "options.OCServer.send-history" => options.oc_server.levels.send_history,
            "options.OCServer.history-uri" => options.oc_server.levels.history_uri,
            "options.OCServer.history-wait-condition-threshold"
                => options.oc_server.levels.history_wait_condition_threshold,
            "options.OCServer.history-wait-recovery-timeout"
                => options.oc_server.levels.history_wait_recovery_timeout,
            "options.OCServer.contact-processed-notification"
                => options.oc_server.levels.contact_processed_notification,
            "options.OCServer.contact-processed-notification-uri"
                => options.oc_server.levels.contact_processed_notification_uri,
            "options.OCServer.http-retry-max-attempts"
                => options.oc_server.levels.http_retry_max_attempts,
            "options.OCServer.send-campaigngroup-states"
                => options.oc_server.levels.send_campaigngroup_states,
            "options.OCServer.campaigngroup-states-uri"
                => options.oc_server.levels.campaigngroup_states_uri,
            "options.OCServer.campaigngroup-states-interval"
                => options.oc_server.levels.campaigngroup_states_interval,
            // Rates and limits of dialing.
            "options.OCServer.dialer-uri" => options.oc_server.levels.dialer_uri,
            "options.OCServer.channels" => options.oc_server.levels.channels,
            "options.OCServer.dialing-rate" => options.oc_server.levels.dialing_rate,
            "options.OCServer.call-timeout" => options.oc_server.levels.call_timeout,
            "options.OCServer.abandoned-limit" => options.oc_server.levels.abandoned_limit,
            "access.allow-anonymous" => access.allow_anonymous,
            "access.allowed-origins" => access.allowed_origins,
            "access.hosts" => access.hosts,
            "access.token" => access.token,
            "access.network" => access.network,
            "access.certificate" => access.certificate,
        }
        AfterRestart {
            "application.name" => application.name,
            "application.dbid" => application.dbid,
            "application.tenant" => application.tenant,
            "application.default-region" => application.default_region,
            "application.client" => application.client,
            "store.url" => store.url,
            "log.file" => log.file,
            "log.segment" => log.segment,
            "log.expire" => log.expire,
            "log.contact-info" => log.contact_info,
            "log.format" => log.format,
            "options.OCServer.request-log-days" => options.oc_server.request_log_days,
            "options.OCServer.archive-folder" => options.oc_server.archive_folder,
            "options.OCServer.dnc-reread-interval" => options.oc_server.dnc_reread_interval,
            "options.OCServer.one-contact-at-a-time" => options.oc_server.one_contact_at_a_time,
            "options.OCServer.agent-silence-timeout" => options.oc_server.agent_silence_timeout,
            "options.OCServer.legal-hours" => options.oc_server.levels.legal_hours,
            "options.OCServer.legal-hours-unknown" => options.oc_server.legal_hours_unknown,
            "options.OCServer.retention-days" => options.oc_server.levels.retention_days,
            "options.OCServer.duplicates" => options.oc_server.levels.duplicates,
            "options.OCServer.unknown-attributes" => options.oc_server.levels.unknown_attributes,
            "options.OCServer.stale_clean_timeout" => options.oc_server.levels.stale_clean_timeout,
            "options.OCServer.callback-timeout" => options.oc_server.levels.callback_timeout,
            "options.OCServer.priority-personal-callback"
                => options.oc_server.levels.priority_personal_callback,
            "options.OCServer.priority-campaign-callback"
                => options.oc_server.levels.priority_campaign_callback,
            "options.OCServer.priority-personal-rescheduled"
                => options.oc_server.levels.priority_personal_rescheduled,
            "options.OCServer.priority-campaign-rescheduled"
                => options.oc_server.levels.priority_campaign_rescheduled,
            "options.OCServer.priority-general" => options.oc_server.levels.priority_general,
            "options.OCServer.consent-required" => options.oc_server.levels.consent_required,
            "redundancy.enabled" => redundancy.enabled,
            "redundancy.lease" => redundancy.lease,
            "console.enabled" => console.enabled,
            "console.host" => console.host,
            "console.port" => console.port,
        }
    }
}

keys! {
    PORT_KEYS of Port {
        AtOnce {
            // Unless the port begins or ends to be secured: then with that.
            "certificate" => certificate,
            "certificate-key" => certificate_key,
            "certificate-key-password" => certificate_key_password,
            "trusted-ca" => trusted_ca,
        }
        NextHttpProxy {
            // Of an http port; an outbound one is OCS's own: after its restart.
            "host" => host,
            "port" => port,
            "secured" => secured,
            "mutual" => mutual,
        }
        AfterRestart {
            // Another id is another port.
            "id" => id,
            "connection-protocol" => connection_protocol,
            "public-url" => public_url,
        }
    }
}

/// What a primary and its backups have in common (configuration.md, section 6): the name of
/// each key, and its value.
pub(crate) fn shared(config: &Config) -> BTreeMap<String, String> {
    let is_shared = |key: &&Key<Config>| {
        // Folders and files are each one's own.
        let own = [
            "options.OCServer.archive-folder",
            "options.OCServer.notification-signing-key",
        ];
        (key.name.starts_with("options.") && !own.contains(&key.name))
            || matches!(
                key.name,
                "application.name"
                    | "application.dbid"
                    | "application.tenant"
                    | "application.default-region"
            )
    };
    let value = |key: &Key<Config>| (key.name.to_owned(), (key.shown)(config));
    KEYS.iter().filter(is_shared).map(value).collect()
}

/// When a change of a key takes effect, by the key's name without places in arrays, such
/// as `server-info.port.host`; `None` where there is no such key.
pub fn effect(key: &str) -> Option<Effect> {
    if let Some(of_port) = key.strip_prefix("server-info.port.") {
        let known = PORT_KEYS.iter().find(|known| known.name == of_port);
        return known.map(|known| known.effect);
    }
    // What is inside of an array of tables has the array's.
    let is = |known: &&Key<Config>| {
        let rest = key.strip_prefix(known.name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    KEYS.iter().find(is).map(|known| known.effect)
}
