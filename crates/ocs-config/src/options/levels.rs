//! Options that a calling list, a campaign group or a campaign may set itself,
//! and which level wins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::address::WebUri;
use crate::value::time_span::TimeSpan;

/// The options that have levels, as one level sets them; what it leaves out is
/// taken from the next (configuration.md, section 1).
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct LevelOptions {
    /// What AddRecord does when the calling list has a record with the same phone or
    /// customer id (records.md, section 3). Default: "allow".
    pub duplicates: Option<Duplicates>,
    /// How many days finished records are kept, 0 to 36500; 0 for ever. Looked at for
    /// calling lists. Default: 0.
    #[schemars(range(max = 36_500))]
    pub retention_days: Option<u32>,
    /// What happens to a key of a request that is neither an attribute nor a field of
    /// the calling list (http-interface.md, section 3). Default: "ignore".
    pub unknown_attributes: Option<UnknownAttributes>,
    /// Whether phones are called within the legal hours of their country and region only
    /// (docs/legal-hours.md); of a calling list and the application. Default: true.
    pub legal_hours: Option<bool>,
    /// How long a record may stay Retrieved after the last request that named it,
    /// 0s to 30d; 0 for ever (records.md, section 5). Default: "30min".
    #[serde(rename = "stale_clean_timeout")]
    #[schemars(extend("x-at-least" = "0s", "x-at-most" = "30d"))]
    pub stale_clean_timeout: Option<TimeSpan>,
    /// How long a due callback waits for its agent, 1s to 30d (records.md, section
    /// 5). Default: "30min".
    #[schemars(extend("x-at-least" = "1s", "x-at-most" = "30d"))]
    pub callback_timeout: Option<TimeSpan>,
    /// Rank of records of type PersonalCallBack among the due ones, 0 to 1000, the
    /// greatest first; equal ranks mix (records.md, section 4). Default: 50.
    #[schemars(range(min = 0, max = 1000))]
    pub priority_personal_callback: Option<u32>,
    /// Rank of records of type CampaignCallBack, 0 to 1000. Default: 40.
    #[schemars(range(min = 0, max = 1000))]
    pub priority_campaign_callback: Option<u32>,
    /// Rank of records of type PersonalRescheduled, 0 to 1000. Default: 30.
    #[schemars(range(min = 0, max = 1000))]
    pub priority_personal_rescheduled: Option<u32>,
    /// Rank of records of type CampaignRescheduled, 0 to 1000. Default: 20.
    #[schemars(range(min = 0, max = 1000))]
    pub priority_campaign_rescheduled: Option<u32>,
    /// Rank of records of type General, 0 to 1000. Default: 10.
    #[schemars(range(min = 0, max = 1000))]
    pub priority_general: Option<u32>,
    /// Whether a record is called only where its phone or its customer id consented to be
    /// called (docs/consent.md). A revocation holds in any case. Default: false.
    pub consent_required: Option<bool>,
    /// Whether a web server is asked before each record is dialed or previewed
    /// (notifications.md). Default: false.
    pub pre_dial_validation: Option<bool>,
    /// The web server that is asked before a record is dialed. Default: none.
    pub validation_uri: Option<WebUri>,
    /// The call result, by number, of a record whose validation got no answer or an
    /// unclear one, 0 to 53. Default: 3 (GeneralError).
    #[schemars(range(min = 0, max = 53))]
    pub validation_timeout_call_result: Option<u32>,
    /// What a failing validation server means (notifications.md). Default: "result".
    pub validation_fail_mode: Option<ValidationFailMode>,
    /// Whether call report records are sent at the start and end of each attempt
    /// (notifications.md). Default: false.
    pub send_history: Option<bool>,
    /// The web server that call report records are sent to. Default: none.
    pub history_uri: Option<WebUri>,
    /// How many unsent call report records make OCS stop taking records; 0 for no
    /// limit (notifications.md). Default: 0.
    #[schemars(range(min = 0, max = 100_000_000))]
    pub history_wait_condition_threshold: Option<u32>,
    /// How long OCS then waits before it looks again, 1s to 1d. Default: "1min".
    #[schemars(extend("x-at-least" = "1s", "x-at-most" = "1d"))]
    pub history_wait_recovery_timeout: Option<TimeSpan>,
    /// Whether a web server is told of each chain that is finished
    /// (notifications.md). Default: false.
    pub contact_processed_notification: Option<bool>,
    /// The web server that is told of finished chains. Default: none.
    pub contact_processed_notification_uri: Option<WebUri>,
    /// How often such a message is sent again until it is given up, 0 to 10000.
    /// Default: 10.
    #[schemars(range(min = 0, max = 10_000))]
    pub http_retry_max_attempts: Option<u32>,
    /// Whether a web server is told the states of campaign groups
    /// (notifications.md). Default: false.
    pub send_campaigngroup_states: Option<bool>,
    /// The web server that is told the states of campaign groups. Default: none.
    pub campaigngroup_states_uri: Option<WebUri>,
    /// How often it is told while a group is loaded, 1s to 1d. Default: 10 seconds.
    #[schemars(extend("x-at-least" = "1s", "x-at-most" = "1d"))]
    pub campaigngroup_states_interval: Option<TimeSpan>,
    /// The platform that calls are posted to (notifications.md). Default: none.
    pub dialer_uri: Option<WebUri>,
    /// How many calls may be out at a time, 1 to 100000. Default: 10.
    #[schemars(range(min = 1, max = 100_000))]
    pub channels: Option<u32>,
    /// How many calls are posted per second at most, 1 to 100000. Default: 10.
    #[schemars(range(min = 1, max = 100_000))]
    pub dialing_rate: Option<u32>,
    /// How long a posted call may go unreported until it is freed with result 46, 1s
    /// to 1d. Default: "10min".
    #[schemars(extend("x-at-least" = "1s", "x-at-most" = "1d"))]
    pub call_timeout: Option<TimeSpan>,
    /// How many percent of the answers of 30 days may be abandoned, 0 to 100, before a
    /// campaign group in Predictive goes on in Progressive (docs/dialer.md). Default: 3.
    #[schemars(range(max = 100))]
    pub abandoned_limit: Option<u32>,
}

/// The options in force at one place: no level is left to ask
/// (configuration.md, section 1).
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveOptions {
    /// The option `duplicates`; see [`LevelOptions::duplicates`].
    pub duplicates: Duplicates,
    /// The option `retention-days`; see [`LevelOptions::retention_days`].
    pub retention_days: u32,
    /// The option `unknown-attributes`; see [`LevelOptions::unknown_attributes`].
    pub unknown_attributes: UnknownAttributes,
    /// The option `legal-hours`; see [`LevelOptions::legal_hours`].
    pub legal_hours: bool,
    /// The option `stale_clean_timeout`; see [`LevelOptions::stale_clean_timeout`].
    pub stale_clean_timeout: TimeSpan,
    /// The option `callback-timeout`; see [`LevelOptions::callback_timeout`].
    pub callback_timeout: TimeSpan,
    /// The option `priority-personal-callback`; see [`LevelOptions::priority_personal_callback`].
    pub priority_personal_callback: u32,
    /// The option `priority-campaign-callback`; see [`LevelOptions::priority_campaign_callback`].
    pub priority_campaign_callback: u32,
    /// The option `priority-personal-rescheduled`; see [`LevelOptions::priority_personal_rescheduled`].
    pub priority_personal_rescheduled: u32,
    /// The option `priority-campaign-rescheduled`; see [`LevelOptions::priority_campaign_rescheduled`].
    pub priority_campaign_rescheduled: u32,
    /// The option `priority-general`; see [`LevelOptions::priority_general`].
    pub priority_general: u32,
    /// The option `consent-required`; see [`LevelOptions::consent_required`].
    pub consent_required: bool,
    /// The option `pre-dial-validation`; see [`LevelOptions::pre_dial_validation`].
    pub pre_dial_validation: bool,
    /// The option `validation-uri`; see [`LevelOptions::validation_uri`].
    pub validation_uri: Option<WebUri>,
    /// The option `validation-timeout-call-result`; see [`LevelOptions::validation_timeout_call_result`].
    pub validation_timeout_call_result: u32,
    /// The option `validation-fail-mode`; see [`LevelOptions::validation_fail_mode`].
    pub validation_fail_mode: ValidationFailMode,
    /// The option `send-history`; see [`LevelOptions::send_history`].
    pub send_history: bool,
    /// The option `history-uri`; see [`LevelOptions::history_uri`].
    pub history_uri: Option<WebUri>,
    /// The option `history-wait-condition-threshold`; see [`LevelOptions::history_wait_condition_threshold`].
    pub history_wait_condition_threshold: u32,
    /// The option `history-wait-recovery-timeout`; see [`LevelOptions::history_wait_recovery_timeout`].
    pub history_wait_recovery_timeout: TimeSpan,
    /// The option `contact-processed-notification`; see [`LevelOptions::contact_processed_notification`].
    pub contact_processed_notification: bool,
    /// The option `contact-processed-notification-uri`; see [`LevelOptions::contact_processed_notification_uri`].
    pub contact_processed_notification_uri: Option<WebUri>,
    /// The option `http-retry-max-attempts`; see [`LevelOptions::http_retry_max_attempts`].
    pub http_retry_max_attempts: u32,
    /// The option `send-campaigngroup-states`; see [`LevelOptions::send_campaigngroup_states`].
    pub send_campaigngroup_states: bool,
    /// The option `campaigngroup-states-uri`; see [`LevelOptions::campaigngroup_states_uri`].
    pub campaigngroup_states_uri: Option<WebUri>,
    /// The option `campaigngroup-states-interval`; see [`LevelOptions::campaigngroup_states_interval`].
    pub campaigngroup_states_interval: TimeSpan,
    /// The option `dialer-uri`; see [`LevelOptions::dialer_uri`].
    pub dialer_uri: Option<WebUri>,
    /// The option `channels`; see [`LevelOptions::channels`].
    pub channels: u32,
    /// The option `dialing-rate`; see [`LevelOptions::dialing_rate`].
    pub dialing_rate: u32,
    /// The option `call-timeout`; see [`LevelOptions::call_timeout`].
    pub call_timeout: TimeSpan,
    /// The option `abandoned-limit`; see [`LevelOptions::abandoned_limit`].
    pub abandoned_limit: u32,
}

impl LevelOptions {
    /// The options that this level sets, by name, as an objects file would write
    /// them: what the store keeps of them.
    pub fn set(&self) -> serde_json::Map<String, serde_json::Value> {
        // Options of these types always have a JSON form.
        let mut options = match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(options)) => options,
            _ => serde_json::Map::new(),
        };
        options.retain(|_, value| !value.is_null());
        options
    }

    /// The options in force, given the levels from the nearest to the farthest:
    /// calling list, campaign group, campaign, `[options.OCServer]`. A level
    /// that a place does not have is left out. What none sets has its built-in
    /// default (configuration.md, section 1).
    pub fn effective(levels: &[&Self]) -> EffectiveOptions {
        let none = Self::default();
        let set = levels
            .iter()
            .fold(none, |near, far| near.or((*far).clone()));
        let default = EffectiveOptions::default();
        EffectiveOptions {
            duplicates: set.duplicates.unwrap_or(default.duplicates),
            retention_days: set.retention_days.unwrap_or(default.retention_days),
            unknown_attributes: set.unknown_attributes.unwrap_or(default.unknown_attributes),
            legal_hours: set.legal_hours.unwrap_or(default.legal_hours),
            stale_clean_timeout: set
                .stale_clean_timeout
                .unwrap_or(default.stale_clean_timeout),
            callback_timeout: set.callback_timeout.unwrap_or(default.callback_timeout),
            priority_personal_callback: set
                .priority_personal_callback
                .unwrap_or(default.priority_personal_callback),
            priority_campaign_callback: set
                .priority_campaign_callback
                .unwrap_or(default.priority_campaign_callback),
            priority_personal_rescheduled: set
                .priority_personal_rescheduled
                .unwrap_or(default.priority_personal_rescheduled),
            priority_campaign_rescheduled: set
                .priority_campaign_rescheduled
                .unwrap_or(default.priority_campaign_rescheduled),
            priority_general: set.priority_general.unwrap_or(default.priority_general),
            consent_required: set.consent_required.unwrap_or(default.consent_required),
            pre_dial_validation: set
                .pre_dial_validation
                .unwrap_or(default.pre_dial_validation),
            validation_uri: set.validation_uri,
            validation_timeout_call_result: set
                .validation_timeout_call_result
                .unwrap_or(default.validation_timeout_call_result),
            validation_fail_mode: set
                .validation_fail_mode
                .unwrap_or(default.validation_fail_mode),
            send_history: set.send_history.unwrap_or(default.send_history),
            history_uri: set.history_uri,
            history_wait_condition_threshold: set
                .history_wait_condition_threshold
                .unwrap_or(default.history_wait_condition_threshold),
            history_wait_recovery_timeout: set
                .history_wait_recovery_timeout
                .unwrap_or(default.history_wait_recovery_timeout),
            contact_processed_notification: set
                .contact_processed_notification
                .unwrap_or(default.contact_processed_notification),
            contact_processed_notification_uri: set.contact_processed_notification_uri,
            http_retry_max_attempts: set
                .http_retry_max_attempts
                .unwrap_or(default.http_retry_max_attempts),
            send_campaigngroup_states: set
                .send_campaigngroup_states
                .unwrap_or(default.send_campaigngroup_states),
            campaigngroup_states_uri: set.campaigngroup_states_uri,
            campaigngroup_states_interval: set
                .campaigngroup_states_interval
                .unwrap_or(default.campaigngroup_states_interval),
            dialer_uri: set.dialer_uri,
            channels: set.channels.unwrap_or(default.channels),
            dialing_rate: set.dialing_rate.unwrap_or(default.dialing_rate),
            call_timeout: set.call_timeout.unwrap_or(default.call_timeout),
            abandoned_limit: set.abandoned_limit.unwrap_or(default.abandoned_limit),
        }
    }

    /// These options, and where they say nothing those of `farther`.
    #[must_use]
    pub fn or(self, farther: Self) -> Self {
        Self {
            duplicates: self.duplicates.or(farther.duplicates),
            retention_days: self.retention_days.or(farther.retention_days),
            unknown_attributes: self.unknown_attributes.or(farther.unknown_attributes),
            legal_hours: self.legal_hours.or(farther.legal_hours),
            stale_clean_timeout: self.stale_clean_timeout.or(farther.stale_clean_timeout),
            callback_timeout: self.callback_timeout.or(farther.callback_timeout),
            priority_personal_callback: self
                .priority_personal_callback
                .or(farther.priority_personal_callback),
            priority_campaign_callback: self
                .priority_campaign_callback
                .or(farther.priority_campaign_callback),
            priority_personal_rescheduled: self
                .priority_personal_rescheduled
                .or(farther.priority_personal_rescheduled),
            priority_campaign_rescheduled: self
                .priority_campaign_rescheduled
                .or(farther.priority_campaign_rescheduled),
            priority_general: self.priority_general.or(farther.priority_general),
            consent_required: self.consent_required.or(farther.consent_required),
            pre_dial_validation: self.pre_dial_validation.or(farther.pre_dial_validation),
            validation_uri: self.validation_uri.or(farther.validation_uri),
            validation_timeout_call_result: self
                .validation_timeout_call_result
                .or(farther.validation_timeout_call_result),
            validation_fail_mode: self.validation_fail_mode.or(farther.validation_fail_mode),
            send_history: self.send_history.or(farther.send_history),
            history_uri: self.history_uri.or(farther.history_uri),
            history_wait_condition_threshold: self
                .history_wait_condition_threshold
                .or(farther.history_wait_condition_threshold),
            history_wait_recovery_timeout: self
                .history_wait_recovery_timeout
                .or(farther.history_wait_recovery_timeout),
            contact_processed_notification: self
                .contact_processed_notification
                .or(farther.contact_processed_notification),
            contact_processed_notification_uri: self
                .contact_processed_notification_uri
                .or(farther.contact_processed_notification_uri),
            http_retry_max_attempts: self
                .http_retry_max_attempts
                .or(farther.http_retry_max_attempts),
            send_campaigngroup_states: self
                .send_campaigngroup_states
                .or(farther.send_campaigngroup_states),
            campaigngroup_states_uri: self
                .campaigngroup_states_uri
                .or(farther.campaigngroup_states_uri),
            campaigngroup_states_interval: self
                .campaigngroup_states_interval
                .or(farther.campaigngroup_states_interval),
            dialer_uri: self.dialer_uri.or(farther.dialer_uri),
            channels: self.channels.or(farther.channels),
            dialing_rate: self.dialing_rate.or(farther.dialing_rate),
            call_timeout: self.call_timeout.or(farther.call_timeout),
            abandoned_limit: self.abandoned_limit.or(farther.abandoned_limit),
        }
    }

    /// The defaults of all options that have one: the farthest level.
    pub fn built_in() -> Self {
        let default = EffectiveOptions::default();
        Self {
            duplicates: Some(default.duplicates),
            retention_days: Some(default.retention_days),
            unknown_attributes: Some(default.unknown_attributes),
            legal_hours: Some(default.legal_hours),
            stale_clean_timeout: Some(default.stale_clean_timeout),
            callback_timeout: Some(default.callback_timeout),
            priority_personal_callback: Some(default.priority_personal_callback),
            priority_campaign_callback: Some(default.priority_campaign_callback),
            priority_personal_rescheduled: Some(default.priority_personal_rescheduled),
            priority_campaign_rescheduled: Some(default.priority_campaign_rescheduled),
            priority_general: Some(default.priority_general),
            consent_required: Some(default.consent_required),
            pre_dial_validation: Some(default.pre_dial_validation),
            validation_uri: default.validation_uri,
            validation_timeout_call_result: Some(default.validation_timeout_call_result),
            validation_fail_mode: Some(default.validation_fail_mode),
            send_history: Some(default.send_history),
            history_uri: default.history_uri,
            history_wait_condition_threshold: Some(default.history_wait_condition_threshold),
            history_wait_recovery_timeout: Some(default.history_wait_recovery_timeout),
            contact_processed_notification: Some(default.contact_processed_notification),
            contact_processed_notification_uri: default.contact_processed_notification_uri,
            http_retry_max_attempts: Some(default.http_retry_max_attempts),
            send_campaigngroup_states: Some(default.send_campaigngroup_states),
            campaigngroup_states_uri: default.campaigngroup_states_uri,
            campaigngroup_states_interval: Some(default.campaigngroup_states_interval),
            dialer_uri: default.dialer_uri,
            channels: Some(default.channels),
            dialing_rate: Some(default.dialing_rate),
            call_timeout: Some(default.call_timeout),
            abandoned_limit: Some(default.abandoned_limit),
        }
    }
}

impl Default for EffectiveOptions {
    fn default() -> Self {
        Self {
            duplicates: Duplicates::Allow,
            retention_days: 0,
            unknown_attributes: UnknownAttributes::Ignore,
            legal_hours: true,
            stale_clean_timeout: TimeSpan::from_secs(30 * 60),
            callback_timeout: TimeSpan::from_secs(30 * 60),
            priority_personal_callback: 50,
            priority_campaign_callback: 40,
            priority_personal_rescheduled: 30,
            priority_campaign_rescheduled: 20,
            priority_general: 10,
            consent_required: false,
            pre_dial_validation: false,
            validation_uri: None,
            validation_timeout_call_result: 3,
            validation_fail_mode: ValidationFailMode::Result,
            send_history: false,
            history_uri: None,
            history_wait_condition_threshold: 0,
            history_wait_recovery_timeout: TimeSpan::from_secs(60),
            contact_processed_notification: false,
            contact_processed_notification_uri: None,
            http_retry_max_attempts: 10,
            send_campaigngroup_states: false,
            campaigngroup_states_uri: None,
            campaigngroup_states_interval: TimeSpan::from_secs(10),
            dialer_uri: None,
            channels: 10,
            dialing_rate: 10,
            call_timeout: TimeSpan::from_secs(10 * 60),
            abandoned_limit: 3,
        }
    }
}

/// What AddRecord does with a second record of the same phone or customer id
/// (records.md, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// It is inserted.
    Allow,
    /// It is refused.
    Refuse,
    /// The record that is there takes its attributes.
    Update,
}

/// What happens to a key that nothing knows (http-interface.md, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownAttributes {
    /// It is not stored, and named in GSW_IGNORED.
    Ignore,
    /// The request is refused.
    Refuse,
}

/// What a failing validation server means (notifications.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ValidationFailMode {
    /// The record gets `validation-timeout-call-result`.
    Result,
    /// The record is dialed.
    Open,
    /// No record is taken; the group waits.
    Closed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_level_sets_is_kept_as_it_was_written() {
        let options = LevelOptions {
            unknown_attributes: Some(UnknownAttributes::Refuse),
            stale_clean_timeout: Some(TimeSpan::from_secs(1_800)),
            channels: Some(30),
            ..LevelOptions::default()
        };
        let set = serde_json::Value::Object(options.set());
        assert_eq!(
            set,
            serde_json::json!({
                "unknown-attributes": "refuse", "stale_clean_timeout": "30min", "channels": 30
            })
        );
        assert_eq!(
            serde_json::from_value::<LevelOptions>(set).ok(),
            Some(options)
        );
    }
}
