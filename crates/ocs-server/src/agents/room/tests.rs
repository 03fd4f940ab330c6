use ocs_rules::agent::AgentState::{AfterCall, Busy, LoggedOut, NotReady, Ready};

use super::*;

/// A room, and what its agents have in hand.
struct World {
    agents: Agents,
    in_hand: Arc<Mutex<HashMap<String, u32>>>,
}

impl World {
    fn new(silence: Duration) -> Self {
        let in_hand: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
        let known = Arc::clone(&in_hand);
        let look = move |agent: &str| known.lock().expect("whole").get(agent).copied();
        let agents = Agents::new(silence, Box::new(move |agent| look(agent).unwrap_or(0)));
        Self { agents, in_hand }
    }

    fn says(&self, agent: &str, group: Option<u32>, heard: Heard, session: Option<u64>) {
        let agent = agent.to_owned();
        let says = AgentSays {
            agent,
            group,
            heard,
        };
        self.agents.hear(&says, session);
    }

    fn holds(&self, agent: &str, records: u32) {
        let mut in_hand = self.in_hand.lock().expect("whole");
        in_hand.insert(agent.to_owned(), records);
    }

    fn states(&self, group: u32) -> Vec<AgentState> {
        let present = self.agents.present(group).into_iter();
        present.map(|present| present.state).collect()
    }

    /// Takes the agent whose turn it is, who has a desktop.
    fn claim(&self, group: u32) -> Option<Claim> {
        self.agents.claim(group, |_| true)
    }
}

#[test]
fn agents_of_campaign_groups() {
    let world = World::new(Duration::ZERO);
    let mut changes = world.agents.changes();
    changes.mark_unchanged();
    // What is said of whom on which session, and what the agents of two groups do then.
    world.agents.session_began(1);
    for (agent, group, heard, session, then) in [
        // Who names no campaign group works for none.
        ("ann", None, Heard::Here, Some(1), [vec![], vec![]]),
        (
            "ann",
            Some(7),
            Heard::Here,
            Some(1),
            [vec![NotReady], vec![]],
        ),
        (
            "bob",
            Some(7),
            Heard::Does(Ready),
            None,
            [vec![NotReady, Ready], vec![]],
        ),
        (
            "ann",
            None,
            Heard::ReadyIn(Duration::ZERO),
            Some(1),
            [vec![Ready, Ready], vec![]],
        ),
        // Whoever works for another group, does not for this one, and is not ready by that.
        (
            "bob",
            Some(8),
            Heard::Here,
            None,
            [vec![Ready], vec![NotReady]],
        ),
        (
            "bob",
            None,
            Heard::Does(Busy),
            None,
            [vec![Ready], vec![Busy]],
        ),
        (
            "bob",
            Some(7),
            Heard::Does(LoggedOut),
            None,
            [vec![Ready], vec![Busy]],
        ),
        (
            "bob",
            Some(8),
            Heard::Does(LoggedOut),
            None,
            [vec![Ready], vec![]],
        ),
        // On a session that is not there, nobody says anything.
        (
            "bob",
            Some(8),
            Heard::Does(Ready),
            Some(2),
            [vec![Ready], vec![]],
        ),
        (
            "ann",
            None,
            Heard::Does(LoggedOut),
            Some(1),
            [vec![], vec![]],
        ),
    ] {
        world.says(agent, group, heard, session);
        assert_eq!(
            [7, 8].map(|group| world.states(group)),
            then,
            "{agent} {heard:?}"
        );
    }
    assert!(changes.has_changed().expect("the room is there"));
    assert_eq!(world.agents.works_for("ann"), None);
}

#[test]
fn an_agent_and_the_records_in_his_hand() {
    let world = World::new(Duration::ZERO);
    world.agents.session_began(1);
    world.says("ann", Some(7), Heard::Does(Ready), Some(1));
    // Who is not known does not become so over HTTP, and does natively.
    world.agents.took("eve", 7, 10, None);
    assert_eq!(world.states(7), [Ready]);
    world.agents.took("bob", 7, 11, Some(1));
    assert_eq!(world.states(7), [Ready, Busy]);
    // Two records, of which the first is finished; then the last.
    world.holds("ann", 2);
    world.agents.took("ann", 7, 12, Some(1));
    world.agents.took("ann", 7, 13, Some(1));
    world.holds("ann", 1);
    world.agents.let_go([12]);
    assert_eq!(world.states(7), [Busy, Busy]);
    world.says("ann", None, Heard::ReadyIn(Duration::ZERO), Some(1));
    assert_eq!(world.states(7), [Busy, Busy], "he still has one");
    world.holds("ann", 0);
    world.agents.let_go([13]);
    assert_eq!(world.states(7), [Ready, Busy]);
    // What goes without being heard of here is noticed.
    world.agents.look();
    assert_eq!(world.states(7), [Ready, AfterCall]);
    // After a restart nobody knows which records an agent has, but that he has some.
    world.holds("cyd", 1);
    world.says("cyd", Some(7), Heard::ReadyIn(Duration::ZERO), Some(1));
    assert_eq!(world.states(7), [Ready, AfterCall, Busy]);
    world.holds("cyd", 0);
    world.agents.look();
    assert_eq!(world.states(7), [Ready, AfterCall, Ready]);
    let room = world.agents.lock();
    assert!(room.holders.is_empty(), "{:?}", room.holders);
}

#[test]
fn the_longest_ready_comes_first_and_nobody_twice() {
    let world = World::new(Duration::ZERO);
    world.agents.session_began(1);
    for agent in ["ann", "bob", "cyd"] {
        world.says(agent, Some(7), Heard::Does(Ready), Some(1));
    }
    // He has been ready for longer, for another campaign group, and has a record in hand.
    world.says("dan", Some(8), Heard::Does(Ready), Some(1));
    world.says("eve", Some(7), Heard::Does(Ready), Some(1));
    world.holds("eve", 1);
    let agent = |claim: &Option<Claim>| claim.as_ref().map(|claim| claim.agent.clone());
    let first = world.claim(7);
    let second = world.claim(7);
    assert_eq!(agent(&first).as_deref(), Some("ann"));
    assert_eq!(agent(&second).as_deref(), Some("bob"));
    // He was not served, and keeps his place.
    drop(first);
    assert_eq!(agent(&world.claim(7)).as_deref(), Some("ann"));
    let second = second.expect("bob");
    assert!(second.take(12));
    assert!(!second.take(13), "he has one");
    drop(second);
    let first = world.claim(7).expect("ann");
    assert_eq!(first.agent, "ann");
    // He goes while the record is on its way.
    world.says("ann", None, Heard::Does(NotReady), Some(1));
    assert!(!first.take(14));
    let third = world.claim(7).expect("cyd");
    assert_eq!(third.agent, "cyd");
    assert!(world.claim(7).is_none());
    world.agents.session_ended(1);
    assert!(!third.take(15), "his desktop is gone");
    assert_eq!(world.states(7), []);
    // Who is ready over HTTP needs a desktop somewhere.
    world.says("ann", Some(7), Heard::Does(Ready), None);
    assert!(world.agents.claim(7, |_| false).is_none());
    assert!(world.agents.claim(7, |agent| agent == "ann").is_some());
}

#[test]
fn silence_is_not_readiness() {
    let world = World::new(Duration::from_nanos(1));
    world.agents.session_began(1);
    world.says("ann", Some(7), Heard::Does(Ready), Some(1));
    world.says("bob", Some(7), Heard::Does(Ready), None);
    world.holds("cyd", 1);
    world.says("cyd", Some(7), Heard::Does(Ready), None);
    world.agents.look();
    // Her desktop's session is there; his record goes stale first.
    assert_eq!(world.states(7), [Ready, Ready]);
    assert_eq!(world.agents.works_for("bob"), None);
    let never = World::new(Duration::ZERO);
    never.says("bob", Some(7), Heard::Does(Ready), None);
    never.agents.look();
    assert_eq!(never.states(7), [Ready]);
}

#[test]
fn there_is_room_for_so_many() {
    let world = World::new(Duration::ZERO);
    let says = |agent: String, heard| AgentSays {
        agent,
        group: Some(7),
        heard,
    };
    for number in 0..AGENTS {
        let says = says(number.to_string(), Heard::Does(Ready));
        world.agents.check_room(&says).expect("there is room");
        world.agents.hear(&says, None);
    }
    for (agent, heard, right) in [
        ("one more", Heard::Does(Ready), false),
        ("one more", Heard::Does(LoggedOut), true),
        ("0", Heard::Does(Busy), true),
    ] {
        let checked = world.agents.check_room(&says(agent.to_owned(), heard));
        assert_eq!(checked.is_ok(), right, "{agent} {heard:?}: {checked:?}");
    }
}
