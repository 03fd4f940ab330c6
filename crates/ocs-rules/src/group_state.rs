//! The states of a campaign group, and what each request makes of them
//! (outbound-protocols.md, section 4).

use ocs_protocol::attribute::GSW_DIAL_MODE;
use ocs_protocol::enumeration::{DialingMode, GroupStatus, OptimizeBy};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};

use crate::campaign::CampaignGroup;

/// Where a campaign group stands. It is kept in the store and goes on after a
/// restart (records.md, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupState {
    /// Not loaded, loaded (Active), or running.
    pub status: GroupStatus,
    /// How it dials.
    pub mode: DialingMode,
    /// What its dialing optimizes.
    pub optimize_by: OptimizeBy,
    /// The goal of that, in its own unit.
    pub optimize_goal: i64,
    /// Whether it stops and unloads itself once its records are exhausted.
    pub auto_completion: bool,
}

/// What is asked of a campaign group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupCommand {
    /// LoadCampaign.
    Load(Settings),
    /// UnloadCampaign and ForceUnloadCampaign. Delivered records keep their handles,
    /// and their agents may finish them (records.md, section 5).
    Unload,
    /// StartDialing.
    Start(Settings),
    /// StopDialing.
    Stop,
    /// SetDialingMode.
    SetMode(Settings),
    /// GetCampaignStatus.
    Status,
}

/// What a request may set; what it leaves out stays as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settings {
    /// How it dials.
    pub mode: Option<DialingMode>,
    /// What its dialing optimizes.
    pub optimize_by: Option<OptimizeBy>,
    /// The goal of that.
    pub optimize_goal: Option<i64>,
    /// Whether it stops and unloads itself.
    pub auto_completion: Option<bool>,
}

impl GroupState {
    /// The state of a campaign group that was never loaded.
    #[must_use]
    pub fn of(group: &CampaignGroup) -> Self {
        Self {
            status: GroupStatus::NotLoaded,
            mode: group.mode,
            optimize_by: OptimizeBy::None,
            optimize_goal: 0,
            auto_completion: false,
        }
    }

    /// Whether it is loaded.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.status != GroupStatus::NotLoaded
    }

    /// Whether it pushes records to desktops that are ready.
    #[must_use]
    pub fn pushes(&self) -> bool {
        self.is_running() && self.mode == DialingMode::PushPreview
    }

    /// Whether it hands out records.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.status == GroupStatus::Running
    }

    /// The state after a request.
    ///
    /// # Errors
    /// The state forbids it, or the dialing mode cannot be worked in.
    pub fn after(self, command: GroupCommand) -> Result<Self, Refusal> {
        use GroupStatus::{Active, NotLoaded, Running};
        let status = match (command, self.status) {
            (GroupCommand::Status, status) => status,
            (GroupCommand::Load(_), NotLoaded) => Active,
            (GroupCommand::Load(_), _) => {
                return Err(refused(
                    ErrorNumber::CampaignAlreadyLoaded,
                    "the campaign group is loaded already",
                ));
            }
            (_, NotLoaded) => {
                return Err(refused(
                    ErrorNumber::CampaignNotLoaded,
                    "the campaign group is not loaded; send LoadCampaign first",
                ));
            }
            (GroupCommand::Unload, _) => NotLoaded,
            (GroupCommand::Start(_), Running) => {
                return Err(refused(
                    ErrorNumber::CampaignAlreadyStarted,
                    "the campaign group is running already",
                ));
            }
            (GroupCommand::Start(_), _) => Running,
            (GroupCommand::Stop, Running) => Active,
            (GroupCommand::Stop, _) => {
                return Err(refused(
                    ErrorNumber::CampaignNotStarted,
                    "the campaign group is not running; send StartDialing first",
                ));
            }
            (GroupCommand::SetMode(_), status) => status,
        };
        let set = match command {
            GroupCommand::Load(set) | GroupCommand::Start(set) | GroupCommand::SetMode(set) => set,
            _ => Settings::default(),
        };
        let after = Self {
            status,
            mode: set.mode.unwrap_or(self.mode),
            optimize_by: set.optimize_by.unwrap_or(self.optimize_by),
            optimize_goal: set.optimize_goal.unwrap_or(self.optimize_goal),
            auto_completion: set.auto_completion.unwrap_or(self.auto_completion),
        };
        // A group that hands nothing out would look as if it worked.
        if after.is_running() && !is_run_in(after.mode) {
            return Err(refused(
                ErrorNumber::InvalidCampaignMode,
                &format!(
                    "this version hands out records in the dialing modes {RUN_IN} only, and the \
                     campaign group would run in {}",
                    after.mode.name()
                ),
            )
            .at(GSW_DIAL_MODE));
        }
        Ok(after)
    }
}

/// The dialing modes that this version hands out records in, for a person.
pub const RUN_IN: &str = "Preview, PushPreview, Power, Progressive, Predictive, PowerGVP, \
    ProgressiveGVP and PredictiveGVP";

/// Whether this version hands out records in a dialing mode.
#[must_use]
pub const fn is_run_in(mode: DialingMode) -> bool {
    matches!(mode, DialingMode::Preview | DialingMode::PushPreview) || dials(mode)
}

/// Whether a campaign group dials by itself in a dialing mode.
#[must_use]
pub const fn dials(mode: DialingMode) -> bool {
    use DialingMode::{Power, PowerGVP, Predictive, PredictiveGVP, Progressive, ProgressiveGVP};
    matches!(
        mode,
        Power | PowerGVP | Progressive | ProgressiveGVP | Predictive | PredictiveGVP
    )
}

/// What desktops are told of a campaign group whose state has changed, one step each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupStep {
    /// It was loaded.
    Loaded,
    /// Its dialing mode is another one.
    ModeChanged,
    /// It was started.
    Started,
    /// It was stopped.
    Stopped,
    /// It was unloaded.
    Unloaded,
}

impl GroupStep {
    /// The steps from one state to another, in order.
    #[must_use]
    pub fn between(before: &GroupState, after: &GroupState) -> Vec<Self> {
        let steps = [
            (before.is_running() && !after.is_running(), Self::Stopped),
            (before.is_loaded() && !after.is_loaded(), Self::Unloaded),
            (!before.is_loaded() && after.is_loaded(), Self::Loaded),
            (
                before.is_loaded() && after.is_loaded() && before.mode != after.mode,
                Self::ModeChanged,
            ),
            (!before.is_running() && after.is_running(), Self::Started),
        ];
        let made = steps.into_iter().filter(|(made, _)| *made);
        made.map(|(_, step)| step).collect()
    }
}

/// The refusal of a request to a campaign group that is not there, by what names it.
#[must_use]
pub fn no_such_group(named: &str, attribute: &'static str) -> Refusal {
    Refusal::new(
        ErrorNumber::CampaignGroupNotFound,
        format!(
            "there is no campaign group {}; GET /campaigngroups names those that there are",
            quoted(named)
        ),
    )
    .at(attribute)
}

/// The refusal of a preview from a campaign group that does not run.
#[must_use]
pub fn not_running(state: &GroupState) -> Refusal {
    if state.is_loaded() {
        refused(
            ErrorNumber::CampaignNotStarted,
            "the campaign group is not running, so it hands out no record; send StartDialing first",
        )
    } else {
        refused(
            ErrorNumber::CampaignNotLoaded,
            "the campaign group is not loaded, so it hands out no record; send LoadCampaign and \
             StartDialing first",
        )
    }
}

fn refused(number: ErrorNumber, sentence: &str) -> Refusal {
    Refusal::new(number, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Settings = Settings {
        mode: None,
        optimize_by: None,
        optimize_goal: None,
        auto_completion: None,
    };

    #[test]
    fn every_request_in_every_state() {
        use ErrorNumber as E;
        use GroupCommand::{Load, SetMode, Start, Status, Stop, Unload};
        use GroupStatus::{Active, NotLoaded, Running};
        for (command, not_loaded, active, running) in [
            (
                Load(NONE),
                Ok(Active),
                Err(E::CampaignAlreadyLoaded),
                Err(E::CampaignAlreadyLoaded),
            ),
            (
                Unload,
                Err(E::CampaignNotLoaded),
                Ok(NotLoaded),
                Ok(NotLoaded),
            ),
            (
                Start(NONE),
                Err(E::CampaignNotLoaded),
                Ok(Running),
                Err(E::CampaignAlreadyStarted),
            ),
            (
                Stop,
                Err(E::CampaignNotLoaded),
                Err(E::CampaignNotStarted),
                Ok(Active),
            ),
            (
                SetMode(NONE),
                Err(E::CampaignNotLoaded),
                Ok(Active),
                Ok(Running),
            ),
            (Status, Ok(NotLoaded), Ok(Active), Ok(Running)),
        ] {
            for (status, expected) in [
                (NotLoaded, not_loaded),
                (Active, active),
                (Running, running),
            ] {
                let state = GroupState {
                    status,
                    mode: DialingMode::Preview,
                    optimize_by: OptimizeBy::None,
                    optimize_goal: 0,
                    auto_completion: false,
                };
                let after = state.after(command);
                assert_eq!(
                    after
                        .map(|after| after.status)
                        .map_err(|refusal| refusal.number),
                    expected,
                    "{command:?} in {status:?}"
                );
            }
        }
    }

    #[test]
    fn settings_stay_until_they_are_set_and_other_modes_do_not_run() {
        let state = GroupState {
            status: GroupStatus::NotLoaded,
            mode: DialingMode::EngagedPredictive,
            optimize_by: OptimizeBy::None,
            optimize_goal: 0,
            auto_completion: false,
        };
        let loaded = state
            .after(GroupCommand::Load(Settings {
                auto_completion: Some(true),
                ..NONE
            }))
            .expect("it loads in any mode");
        let refused = loaded.after(GroupCommand::Start(NONE));
        assert_eq!(
            refused.expect_err("it dials").number,
            ErrorNumber::InvalidCampaignMode
        );
        let running = loaded
            .after(GroupCommand::Start(Settings {
                mode: Some(DialingMode::Preview),
                optimize_by: Some(OptimizeBy::WaitTime),
                optimize_goal: Some(7),
                ..NONE
            }))
            .expect("it hands out");
        assert!(running.auto_completion && running.is_running());
        assert_eq!(
            (running.optimize_by, running.optimize_goal),
            (OptimizeBy::WaitTime, 7)
        );
        let refused = running.after(GroupCommand::SetMode(Settings {
            mode: Some(DialingMode::EngagedPower),
            ..NONE
        }));
        assert!(refused.is_err());
    }
}
