//! OCS processes that are paused, killed and started, clocks that jump, a lease that is
//! edited and a lock file that is deleted: 10,000 seeds. At most one process commits in each
//! epoch, and nobody after another one has taken over.

use std::collections::HashMap;
use std::time::Duration;

use super::{Epoch, Lock, Step, Watch, may_write, next_epoch, step};

const SEEDS: u64 = 10_000;
const STEPS: u32 = 400;
const PROCESSES: usize = 3;
const LEASE: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_millis(50);

/// Random numbers that a seed gives again (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }

    fn one_in(&mut self, limit: u64) -> bool {
        self.below(limit) == 0
    }
}

/// One life of a process: a new one gets another number.
type Life = u64;

#[derive(Clone)]
enum Role {
    Off,
    Backup(Watch),
    /// It has the lock, and waits for the store's own to raise the epoch.
    Taking,
    Primary {
        epoch: Epoch,
        /// It has the store's write lock, and has checked its epoch under it.
        writing: bool,
    },
}

struct Process {
    life: Life,
    role: Role,
    paused: bool,
}

struct World {
    random: Random,
    processes: Vec<Process>,
    lives: Life,
    /// The lock file's lock, and what is written in the file.
    lock: Option<Life>,
    beat: u64,
    /// SQLite's write lock, and the lease's row.
    write_lock: Option<Life>,
    epoch: Option<Epoch>,
    /// Hands are laid on the epoch, or on the lock file.
    edits: bool,
    deletes: bool,
    commits: u64,
    takeovers: u64,
    /// Who committed in an epoch.
    committed: HashMap<Epoch, Life>,
    newest: Epoch,
}

impl World {
    fn new(seed: u64) -> Self {
        let processes = (0..PROCESSES).map(|_| Process {
            life: 0,
            role: Role::Off,
            paused: false,
        });
        Self {
            random: Random(seed),
            processes: processes.collect(),
            lives: 0,
            lock: None,
            beat: 0,
            write_lock: None,
            epoch: None,
            edits: seed % 3 == 1,
            deletes: seed % 3 == 2,
            commits: 0,
            takeovers: 0,
            committed: HashMap::new(),
            newest: 0,
        }
    }

    fn run(&mut self) {
        for _ in 0..STEPS {
            if self.random.one_in(60) {
                self.lay_hands();
            }
            let at = usize::try_from(self.random.below(PROCESSES as u64)).expect("few");
            match self.random.below(40) {
                0 => self.end(at),
                1 => self.processes[at].paused = true,
                2..6 => self.processes[at].paused = false,
                _ if !self.processes[at].paused => self.act(at),
                _ => {}
            }
        }
    }

    fn lay_hands(&mut self) {
        if self.edits && self.write_lock.is_none() {
            self.epoch = match self.random.below(5) {
                0 => None,
                1 => Some(Epoch::MAX),
                2 => Some(-1),
                by => self.epoch.map(|epoch| epoch.saturating_add_unsigned(by)),
            };
        }
        if self.deletes {
            // Whoever had the lock has it on a file that nobody else finds.
            self.lock = None;
        }
    }

    /// The process ends in any way: the system takes its locks.
    fn end(&mut self, at: usize) {
        let process = &mut self.processes[at];
        let life = process.life;
        process.role = Role::Off;
        process.paused = false;
        self.lock.take_if(|holder| *holder == life);
        self.write_lock.take_if(|holder| *holder == life);
    }

    fn act(&mut self, at: usize) {
        let life = self.processes[at].life;
        let role = match self.processes[at].role.clone() {
            Role::Off => {
                self.lives += 1;
                self.processes[at].life = self.lives;
                Role::Backup(Watch::default())
            }
            Role::Backup(watch) => self.look(life, watch),
            // A stopped process may keep the write lock: then this one waits.
            Role::Taking if self.write_lock.is_none() => {
                let epoch = next_epoch(self.epoch);
                self.epoch = Some(epoch);
                self.takeovers += 1;
                Role::Primary {
                    epoch,
                    writing: false,
                }
            }
            Role::Taking => {
                self.beat += u64::from(self.lock == Some(life));
                Role::Taking
            }
            Role::Primary { epoch, writing } => self.serve(at, epoch, writing),
        };
        // Whoever was ended meanwhile stays so.
        if self.processes[at].life == life || matches!(role, Role::Backup(_)) {
            self.processes[at].role = role;
        }
    }

    fn look(&mut self, life: Life, mut watch: Watch) -> Role {
        // The clock that it measures by jumps now and then.
        let elapsed = match self.random.below(20) {
            0 => Duration::ZERO,
            1 => Duration::from_secs(3_600),
            _ => EVERY,
        };
        // A process acts seldom here, so that a look stands for some of them.
        let mut silent = Duration::ZERO;
        for _ in 0..8 {
            silent = watch.look(Some(self.beat), elapsed, EVERY);
        }
        let lock = match self.lock {
            None => Lock::Free,
            Some(_) => Lock::Held,
        };
        match step(lock, silent, LEASE) {
            Step::TakeOver => {
                self.lock = Some(life);
                self.beat += 1;
                return Role::Taking;
            }
            Step::EndHolder => {
                let holder = self.lock;
                let found = self.processes.iter().position(|process| {
                    Some(process.life) == holder && !matches!(process.role, Role::Off)
                });
                if let Some(holder) = found {
                    self.end(holder);
                }
            }
            Step::Wait => {}
        }
        Role::Backup(watch)
    }

    fn serve(&mut self, at: usize, epoch: Epoch, writing: bool) -> Role {
        let life = self.processes[at].life;
        if writing {
            self.commit(life, epoch);
            self.write_lock = None;
            return Role::Primary {
                epoch,
                writing: false,
            };
        }
        if self.random.one_in(3) && self.lock == Some(life) {
            self.beat += 1;
        } else if self.random.one_in(40) {
            // Switched over: nothing is under way, and the lock is given up.
            self.lock.take_if(|holder| *holder == life);
            return Role::Backup(Watch::default());
        } else if self.write_lock.is_none() {
            if !may_write(epoch, self.epoch) {
                self.lock.take_if(|holder| *holder == life);
                return Role::Off;
            }
            self.write_lock = Some(life);
            return Role::Primary {
                epoch,
                writing: true,
            };
        }
        Role::Primary {
            epoch,
            writing: false,
        }
    }

    fn commit(&mut self, life: Life, epoch: Epoch) {
        assert_eq!(self.write_lock, Some(life), "it lost the write lock");
        assert_eq!(
            self.epoch,
            Some(epoch),
            "it commits in an epoch that is over"
        );
        self.commits += 1;
        if self.edits {
            // Epochs come again where hands set them back: then the lock alone tells.
            assert_eq!(self.lock, Some(life), "two at once");
            return;
        }
        let first = *self.committed.entry(epoch).or_insert(life);
        assert_eq!(first, life, "two wrote in epoch {epoch}");
        assert!(epoch >= self.newest, "after {}: {epoch}", self.newest);
        self.newest = epoch;
    }
}

#[test]
fn one_writer_an_epoch() {
    let (mut commits, mut takeovers) = (0, 0);
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.run()));
        assert!(ran.is_ok(), "seed {seed}");
        commits += world.commits;
        takeovers += world.takeovers;
    }
    // Otherwise nothing was tried.
    assert!(commits > 10 * SEEDS, "{commits} commits");
    assert!(takeovers > 2 * SEEDS, "{takeovers} takeovers");
}
