//! What becomes of a submission when something happens to it (pure).
//!
//! `Attempting` is written down before Graph is asked for anything; what an earlier process left in it is
//! in doubt. Nothing leaves doubt without proof: that it was sent, that it was not, or a person's word.
//! Times are Unix milliseconds.

/// How far a submission is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Waits for its turn.
    Queued,
    /// An attempt is under way.
    Attempting,
    /// An attempt may have had its effect: Graph is asked before anything is tried again.
    InDoubt,
    /// Not sent, for a reason that passes.
    Deferred,
    /// Kept for a person, or until the account is signed in again.
    Held,
    Sent,
    /// Never to be sent.
    Failed,
}

/// What an attempt may have left in the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Fresh,
    /// Perhaps a draft whose id was not told.
    Drafting,
    /// A draft of known id, which nobody was asked to send.
    Drafted,
    /// A draft that Graph was asked to send.
    Sending,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The worker takes it.
    Begun,
    /// A new process finds what an old one left.
    Restarted,
    /// Sent: told by Graph, or proved.
    Accepted,
    /// Not sent, and never will be.
    Refused,
    /// Not sent, for a reason that nobody foresaw.
    Strange,
    /// Not sent; the reason passes, perhaps after so many milliseconds.
    Later(Option<u64>),
    /// Not sent: the account is not signed in or lacks a right.
    NoAccess,
    /// Nobody knows: the answer was lost.
    Lost,
    /// Asked, and still nobody knows.
    Unclear,
    /// Proved not to have been sent.
    Unsent,
}

/// What counts besides the state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) now: i64,
    pub(super) accepted: i64,
    /// So far.
    pub(super) attempts: u32,
    /// In doubt since.
    pub(super) doubted: Option<i64>,
    /// Even in `0.0..1.0`.
    pub(super) random: f64,
}

/// How patient to be; milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The shortest and the longest pause before another attempt.
    pub pauses: (u64, u64),
    /// After this age, what was always deferred has failed.
    pub give_up: u64,
    /// Between two looks at what is in doubt.
    pub looks: (u64, u64),
    /// After this time in doubt, it is held.
    pub doubt: u64,
    /// How long a request that was given up may still take effect: a draft that is still a draft
    /// proves something only after that.
    pub settle: u64,
    /// Until an account without access is tried again, at first.
    pub access: u64,
    /// So old a submission lets later ones of the same sender pass.
    pub order: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            pauses: (5_000, 30 * 60_000),
            give_up: 2 * 24 * 3_600_000,
            looks: (2_000, 60_000),
            doubt: 15 * 60_000,
            settle: 30_000,
            access: 60_000,
            order: 10 * 60_000,
        }
    }
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) state: State,
    /// When to look again; `None`: never by itself.
    pub(super) due: Option<i64>,
    /// The sender must be told.
    pub(super) report: bool,
}

/// `None` where the event makes no sense in the state: a fault of ours, and nothing changes.
pub(super) fn next(state: State, event: Event, facts: &Facts, patience: &Patience) -> Option<Next> {
    use {Event as E, State as S};
    let to = |state, due| Next {
        state,
        due,
        report: false,
    };
    let told = |state| Next {
        state,
        due: None,
        report: true,
    };
    Some(match (state, event) {
        // However it came back into the queue, it is not tried for ever.
        (S::Queued | S::Deferred, E::Begun)
            if facts.attempts > 0 && age(facts) >= patience.give_up =>
        {
            told(S::Failed)
        }
        (S::Queued | S::Deferred | S::Held, E::Begun) => to(S::Attempting, Some(facts.now)),
        (S::Attempting, E::Restarted) => to(S::InDoubt, Some(facts.now)),
        (S::Attempting | S::InDoubt, E::Accepted) => to(S::Sent, None),
        (S::Attempting, E::Refused) => told(S::Failed),
        // Unknown on the way out: a person looks.
        (S::Attempting, E::Strange) => told(S::Held),
        (S::Attempting, E::Later(_) | E::NoAccess) if age(facts) >= patience.give_up => {
            told(S::Failed)
        }
        (S::Attempting, E::Later(retry_after)) => {
            to(S::Deferred, Some(retry(facts, patience, retry_after)))
        }
        (S::Attempting, E::NoAccess) => to(S::Held, Some(access(age(facts), facts, patience))),
        (S::Attempting, E::Lost) => to(S::InDoubt, Some(after(facts.now, patience.looks.0))),
        (S::InDoubt, E::Unsent) => to(S::Queued, Some(facts.now)),
        // Without an answer nobody can look. The sender is not left in silence for ever.
        (S::InDoubt, E::NoAccess | E::Later(_)) if doubt(facts) >= patience.give_up => {
            told(S::Held)
        }
        (S::InDoubt, E::NoAccess) => to(S::InDoubt, Some(access(doubt(facts), facts, patience))),
        (S::InDoubt, E::Later(retry_after)) => {
            let pause = look(facts, patience).max(retry_after.unwrap_or(0));
            to(S::InDoubt, Some(after(facts.now, pause)))
        }
        (S::InDoubt, E::Unclear) if doubt(facts) >= patience.doubt => told(S::Held),
        (S::InDoubt, E::Unclear) => to(S::InDoubt, Some(after(facts.now, look(facts, patience)))),
        (S::InDoubt, E::Refused) => told(S::Held),
        _ => return None,
    })
}

/// Whether enough time has passed since the attempt began for its absence to mean something.
pub(super) fn settled(now: i64, began: Option<i64>, patience: &Patience) -> bool {
    // A clock that was set back proves nothing either.
    began.is_none_or(|began| now >= after(began, patience.settle))
}

impl State {
    pub(super) const ALL: [Self; 7] = [
        Self::Queued,
        Self::Attempting,
        Self::InDoubt,
        Self::Deferred,
        Self::Held,
        Self::Sent,
        Self::Failed,
    ];

    /// As it is kept and shown.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Attempting => "attempting",
            Self::InDoubt => "in doubt",
            Self::Deferred => "deferred",
            Self::Held => "held",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    pub(super) fn from_kept(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Nothing is left to be done.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Sent | Self::Failed)
    }
}

impl Step {
    pub(super) const ALL: [Self; 4] = [Self::Fresh, Self::Drafting, Self::Drafted, Self::Sending];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Drafting => "drafting",
            Self::Drafted => "drafted",
            Self::Sending => "sending",
        }
    }

    pub(super) fn from_kept(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

fn age(facts: &Facts) -> u64 {
    u64::try_from(facts.now.saturating_sub(facts.accepted)).unwrap_or(0)
}

fn doubt(facts: &Facts) -> u64 {
    let since = facts.doubted.unwrap_or(facts.now);
    u64::try_from(facts.now.saturating_sub(since)).unwrap_or(0)
}

/// Half its age, within bounds: an old submission waits longer; never before Graph's own word.
fn retry(facts: &Facts, patience: &Patience, retry_after: Option<u64>) -> i64 {
    let (least, most) = patience.pauses;
    let pause = jittered((age(facts) / 2).clamp(least, most.max(least)), facts.random);
    after(facts.now, pause.max(retry_after.unwrap_or(0)))
}

/// Without access: half of `waited`, within bounds; a sign-in ends the pause.
fn access(waited: u64, facts: &Facts, patience: &Patience) -> i64 {
    let most = patience.pauses.1.max(patience.access);
    let pause = (waited / 2).clamp(patience.access, most);
    after(facts.now, jittered(pause, facts.random))
}

fn look(facts: &Facts, patience: &Patience) -> u64 {
    let (least, most) = patience.looks;
    jittered(
        (doubt(facts) / 2).clamp(least, most.max(least)),
        facts.random,
    )
}

/// Up to a quarter more, so that many do not come back at the same moment.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)]
fn jittered(pause: u64, random: f64) -> u64 {
    pause + (pause as f64 * random.clamp(0.0, 1.0) / 4.0) as u64
}

fn after(time: i64, pause: u64) -> i64 {
    time.saturating_add(i64::try_from(pause).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Event as E, State as S, *};

    const PATIENCE: Patience = Patience {
        pauses: (5_000, 1_800_000),
        give_up: 172_800_000,
        looks: (2_000, 60_000),
        doubt: 900_000,
        settle: 60_000,
        access: 60_000,
        order: 600_000,
    };

    fn facts(now: i64, doubted: Option<i64>) -> Facts {
        Facts {
            now,
            accepted: 1_000_000,
            attempts: 1,
            doubted,
            random: 0.0,
        }
    }

    /// Every state with every event: what is not in here makes no sense and changes nothing.
    #[test]
    fn the_whole_table() {
        let now = 1_100_000;
        let at = |state, pause: i64| Some((state, Some(now + pause), false));
        let end = |state, report| Some((state, None, report));
        let want = |state, event| match (state, event) {
            (S::Queued | S::Deferred | S::Held, E::Begun) => at(S::Attempting, 0),
            (S::Attempting, E::Restarted) => at(S::InDoubt, 0),
            (S::Attempting | S::InDoubt, E::Accepted) => end(S::Sent, false),
            (S::Attempting, E::Refused) => end(S::Failed, true),
            (S::Attempting, E::Strange) => end(S::Held, true),
            (S::Attempting, E::Later(None)) => at(S::Deferred, 50_000),
            (S::Attempting, E::Later(Some(_))) => at(S::Deferred, 300_000),
            (S::Attempting, E::NoAccess) => at(S::Held, 60_000),
            (S::Attempting, E::Lost) => at(S::InDoubt, 2_000),
            (S::InDoubt, E::Later(None)) => at(S::InDoubt, 5_000),
            (S::InDoubt, E::Later(Some(_))) => at(S::InDoubt, 300_000),
            (S::InDoubt, E::NoAccess) => at(S::InDoubt, 60_000),
            (S::InDoubt, E::Unclear) => at(S::InDoubt, 5_000),
            (S::InDoubt, E::Unsent) => at(S::Queued, 0),
            (S::InDoubt, E::Refused) => end(S::Held, true),
            _ => None,
        };
        let events = [
            E::Begun,
            E::Restarted,
            E::Accepted,
            E::Refused,
            E::Strange,
            E::Later(None),
            E::Later(Some(300_000)),
            E::NoAccess,
            E::Lost,
            E::Unclear,
            E::Unsent,
        ];
        let facts = facts(now, Some(now - 10_000));
        for state in State::ALL {
            for event in events {
                let got = next(state, event, &facts, &PATIENCE);
                let got = got.map(|n| (n.state, n.due, n.report));
                assert_eq!(got, want(state, event), "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn doubt_never_leads_to_another_attempt_without_proof() {
        for event in [E::Unclear, E::Later(None), E::NoAccess, E::Refused, E::Lost] {
            for now in [1_000_000, 2_000_000, 9_000_000_000] {
                let next = next(S::InDoubt, event, &facts(now, Some(1_000_000)), &PATIENCE);
                let state = next.map_or(S::InDoubt, |n| n.state);
                assert!(matches!(state, S::InDoubt | S::Held), "{event:?}");
            }
        }
    }

    #[test]
    fn time_turns_deferred_into_failed_and_doubt_into_held() {
        let late = facts(1_000_000 + 172_800_000, None);
        let end = next(S::Attempting, E::Later(Some(1)), &late, &PATIENCE).unwrap();
        assert_eq!((end.state, end.due, end.report), (S::Failed, None, true));
        for state in [S::Queued, S::Deferred] {
            let end = next(state, E::Begun, &late, &PATIENCE).unwrap();
            assert_eq!((end.state, end.report), (S::Failed, true));
            // Nobody has tried yet: the computer was off.
            let fresh = Facts {
                attempts: 0,
                ..late
            };
            let begun = next(state, E::Begun, &fresh, &PATIENCE).unwrap();
            assert_eq!(begun.state, S::Attempting);
        }
        // Without access as well: neither is it held, nor in doubt, for ever and in silence.
        let end = next(S::Attempting, E::NoAccess, &late, &PATIENCE).unwrap();
        assert_eq!((end.state, end.due, end.report), (S::Failed, None, true));
        let doubted = Facts {
            doubted: Some(1_000_000),
            ..late
        };
        for event in [E::NoAccess, E::Later(None), E::Later(Some(1))] {
            let end = next(S::InDoubt, event, &doubted, &PATIENCE).unwrap();
            assert_eq!((end.state, end.due, end.report), (S::Held, None, true));
        }
        let long = facts(1_900_000, Some(1_000_000));
        let end = next(S::InDoubt, E::Unclear, &long, &PATIENCE).unwrap();
        assert_eq!((end.state, end.due, end.report), (S::Held, None, true));
    }

    #[test]
    fn pauses_grow_with_age_within_bounds_and_honour_the_clouds_word() {
        let pause = |age: i64, told| {
            let now = 1_000_000 + age;
            let next = next(S::Attempting, E::Later(told), &facts(now, None), &PATIENCE);
            next.unwrap().due.unwrap() - now
        };
        assert_eq!(pause(0, None), 5_000);
        assert_eq!(pause(60_000, None), 30_000);
        assert_eq!(pause(86_400_000, None), 1_800_000);
        assert_eq!(pause(0, Some(90_000)), 90_000);
        assert_eq!(pause(60_000, Some(1)), 30_000);
        // A clock that was set back.
        assert_eq!(pause(-500_000, None), 5_000);
    }

    #[test]
    fn absence_means_something_only_after_a_while() {
        assert!(!settled(1_059_999, Some(1_000_000), &PATIENCE));
        assert!(settled(1_060_000, Some(1_000_000), &PATIENCE));
        assert!(!settled(900_000, Some(1_000_000), &PATIENCE));
        assert!(settled(0, None, &PATIENCE));
    }

    #[test]
    fn words_are_kept_and_read_back() {
        for state in State::ALL {
            assert_eq!(State::from_kept(state.as_str()), Some(state));
        }
        for step in Step::ALL {
            assert_eq!(Step::from_kept(step.as_str()), Some(step));
        }
    }
}
