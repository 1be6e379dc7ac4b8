//! Whether and when to repeat a request (pure).
//!
//! A request that may have had an effect is never repeated blindly: only what is idempotent, what was
//! refused before it was looked at (429), or what never left this computer (Graph: throttling, error
//! responses).

use chrono::{DateTime, Utc};
use std::time::Duration;

/// The longest pause that we choose ourselves.
pub const CAP: Duration = Duration::from_secs(120);

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An answer with this status. `throttled`: its code says that the request was not looked at.
    Status { status: u16, throttled: bool },
    /// An error code that stays as it is, whatever its status.
    Final,
    /// The connection could not be made: nothing was sent.
    NotSent,
    /// Reset, cut off, or silence after sending: the request may have had its effect.
    Broken,
}

/// One failed attempt and what bounds the next one.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    pub fault: Fault,
    /// 1 for the first.
    pub number: u32,
    /// Repeating it does no harm (GET, PATCH and PUT to a fixed value, DELETE).
    pub idempotent: bool,
    pub retry_after: Option<Duration>,
    /// Since the first attempt began.
    pub elapsed: Duration,
    /// For all attempts together.
    pub budget: Duration,
    /// First pause of the back-off for this kind of fault.
    pub base: Duration,
    /// Even in `0.0..1.0`.
    pub random: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    GiveUp,
    /// Wait, then send it again; `mailbox`: everything that talks to this mailbox waits.
    Wait {
        pause: Duration,
        mailbox: bool,
    },
}

/// What to do after a failed attempt.
pub fn verdict(attempt: &Attempt) -> Verdict {
    if !may_repeat(attempt) || attempt.number >= most(attempt.fault) {
        return Verdict::GiveUp;
    }
    let pause = pause(attempt);
    if attempt.elapsed.saturating_add(pause) > attempt.budget {
        return Verdict::GiveUp;
    }
    let mailbox = slows_mailbox(attempt.fault);
    Verdict::Wait { pause, mailbox }
}

/// 429 and 503 speak for the whole mailbox, not for one request (Graph: throttling).
pub fn slows_mailbox(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Status {
            status: 429 | 503 | 509,
            ..
        } | Fault::Status {
            throttled: true,
            ..
        }
    )
}

/// How long, by Retry-After if there is one, else exponentially; jittered upwards after a Retry-After
/// (never earlier than told), both ways else.
pub fn pause(attempt: &Attempt) -> Duration {
    let random = attempt.random.clamp(0.0, 1.0);
    if let Some(told) = attempt.retry_after {
        return told.saturating_add(attempt.base.mul_f64(random / 2.0));
    }
    let doubled = attempt
        .base
        .saturating_mul(1 << attempt.number.saturating_sub(1).min(16));
    doubled.min(CAP).mul_f64(0.5 + random / 2.0)
}

/// Retry-After: seconds or an HTTP date (RFC 9110 section 10.2.3). A date that is over means now.
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    if let Ok(seconds) = value.parse::<f64>() {
        return (seconds.is_finite() && (0.0..1e9).contains(&seconds))
            .then(|| Duration::from_secs_f64(seconds));
    }
    let at = DateTime::parse_from_rfc2822(value).ok()?;
    let wait = at.with_timezone(&Utc).signed_duration_since(now);
    Some(wait.to_std().unwrap_or(Duration::ZERO))
}

fn may_repeat(attempt: &Attempt) -> bool {
    match attempt.fault {
        Fault::Final => false,
        Fault::NotSent => true,
        Fault::Broken => attempt.idempotent,
        Fault::Status {
            throttled: true, ..
        }
        | Fault::Status { status: 429, .. } => true,
        Fault::Status { status, .. } => {
            attempt.idempotent && matches!(status, 408 | 423 | 500 | 502..=504 | 509)
        }
    }
}

/// Attempts at most. A 500 is often there to stay (a corrupt item); the rest goes by.
fn most(fault: Fault) -> u32 {
    match fault {
        Fault::Status { status: 500, .. } => 3,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(fault: Fault) -> Attempt {
        Attempt {
            fault,
            number: 1,
            idempotent: true,
            retry_after: None,
            elapsed: Duration::ZERO,
            budget: Duration::from_secs(600),
            base: Duration::from_secs(2),
            random: 0.0,
        }
    }

    fn status(status: u16) -> Fault {
        Fault::Status {
            status,
            throttled: false,
        }
    }

    #[test]
    fn what_may_be_repeated() {
        // Fault, GET repeated, POST repeated, the mailbox waits.
        let table = [
            (status(400), false, false, false),
            (status(401), false, false, false),
            (status(403), false, false, false),
            (status(404), false, false, false),
            (status(408), true, false, false),
            (status(409), false, false, false),
            (status(410), false, false, false),
            (status(412), false, false, false),
            (status(413), false, false, false),
            (status(423), true, false, false),
            (status(429), true, true, true),
            (status(500), true, false, false),
            (status(501), false, false, false),
            (status(502), true, false, false),
            (status(503), true, false, true),
            (status(504), true, false, false),
            (status(507), false, false, false),
            (status(509), true, false, true),
            (Fault::NotSent, true, true, false),
            (Fault::Broken, true, false, false),
            (Fault::Final, false, false, false),
        ];
        for (fault, get, post, waits) in table {
            for (idempotent, expected) in [(true, get), (false, post)] {
                let got = verdict(&Attempt {
                    idempotent,
                    ..attempt(fault)
                });
                assert_eq!(got != Verdict::GiveUp, expected, "{fault:?} {idempotent}");
                if let Verdict::Wait { mailbox, .. } = got {
                    assert_eq!(mailbox, waits, "{fault:?}");
                }
            }
        }
        let refused = Fault::Status {
            status: 503,
            throttled: true,
        };
        let post = Attempt {
            idempotent: false,
            ..attempt(refused)
        };
        assert_ne!(verdict(&post), Verdict::GiveUp, "it was not looked at");
    }

    #[test]
    fn pauses_double_up_to_the_cap_and_jitter_stays_within() {
        let of = |number, random| {
            pause(&Attempt {
                number,
                random,
                ..attempt(status(503))
            })
        };
        assert_eq!(of(1, 1.0), Duration::from_secs(2));
        assert_eq!(of(1, 0.0), Duration::from_secs(1));
        assert_eq!(of(2, 1.0), Duration::from_secs(4));
        assert_eq!(of(4, 0.5), Duration::from_secs(12));
        assert_eq!(of(7, 1.0), CAP);
        assert_eq!(of(u32::MAX, 1.0), CAP);
    }

    #[test]
    fn retry_after_is_obeyed_and_never_cut_short() {
        let told = Attempt {
            retry_after: Some(Duration::from_secs(300)),
            ..attempt(status(429))
        };
        for random in [0.0, 0.5, 1.0] {
            let Verdict::Wait { pause, .. } = verdict(&Attempt { random, ..told }) else {
                panic!("it fits the budget");
            };
            assert!((300..=301).contains(&pause.as_secs()));
        }
        let person = Attempt {
            budget: Duration::from_secs(30),
            ..told
        };
        assert_eq!(verdict(&person), Verdict::GiveUp, "too long for a person");
    }

    #[test]
    fn retry_after_in_seconds_and_as_a_date() {
        let now = DateTime::parse_from_rfc3339("2025-01-14T16:11:39Z")
            .unwrap()
            .with_timezone(&Utc);
        let of = |value| retry_after(value, now);
        assert_eq!(of("10"), Some(Duration::from_secs(10)));
        assert_eq!(of(" 0 "), Some(Duration::ZERO));
        assert_eq!(of("1.5"), Some(Duration::from_millis(1500)));
        assert_eq!(
            of("Tue, 14 Jan 2025 16:12:09 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(of("Tue, 14 Jan 2025 16:00:00 GMT"), Some(Duration::ZERO));
        for bad in ["", "soon", "-5", "NaN", "inf"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn attempts_and_time_are_bounded() {
        let at = |number, elapsed| {
            verdict(&Attempt {
                number,
                elapsed: Duration::from_secs(elapsed),
                ..attempt(status(500))
            })
        };
        assert_ne!(at(2, 0), Verdict::GiveUp);
        assert_eq!(at(3, 0), Verdict::GiveUp);
        assert_eq!(at(1, 600), Verdict::GiveUp);
        let last = Attempt {
            number: 8,
            ..attempt(Fault::NotSent)
        };
        assert_eq!(verdict(&last), Verdict::GiveUp);
    }
}
