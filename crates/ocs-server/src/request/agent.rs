//! What an agent says of himself (outbound-protocols.md, section 3).

use ocs_protocol::attribute::{GSW_AGENT_ID, GSW_READY_TIME};
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_rules::record::AGENT_LENGTH;

use super::attributes::{integer, text};

/// The most seconds that an agent may be away.
const LONGEST: i64 = 86_400;

/// A request of an agent needs the agent's name.
pub(crate) fn check_agent(event: &UserEvent) -> Result<(), Refusal> {
    text(event, GSW_AGENT_ID, AGENT_LENGTH)?
        .map(drop)
        .ok_or_else(|| Refusal::missing(GSW_AGENT_ID, "it says which agent asks"))
}

/// ReadyTime says after how many seconds the agent is ready.
pub(crate) fn check_ready_time(event: &UserEvent) -> Result<(), Refusal> {
    check_agent(event)?;
    integer(event, GSW_READY_TIME, 0..=LONGEST)?
        .map(drop)
        .ok_or_else(|| Refusal::missing(GSW_READY_TIME, "it says after how many seconds"))
}
