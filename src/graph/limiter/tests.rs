use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::{advance, sleep, timeout};

const ALL: Want = Want::Batch(PLACES);

async fn one(limiter: &Limiter) -> Permit {
    limiter.acquire(Priority::Person, Want::Short).await
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[tokio::test(start_paused = true)]
async fn never_more_than_four_at_once_and_all_come_to_their_turn() {
    let limiter = Limiter::default();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = Vec::new();
    for i in 0..200_usize {
        let (limiter, now, most) = (limiter.clone(), now.clone(), most.clone());
        tasks.push(tokio::spawn(async move {
            let mut left = match i % 5 {
                0 => 20,
                1 => 3,
                _ => 1,
            };
            let want = |left| match i % 5 {
                0 | 1 => Want::Batch(left),
                2 => Want::Lasting,
                _ => Want::Short,
            };
            let priority = [Priority::Person, Priority::Background][i % 2];
            sleep(ms(i as u64 % 37)).await;
            while left > 0 {
                let permit = limiter.acquire(priority, want(left)).await;
                let sent = permit.requests();
                assert!((1..=left).contains(&sent));
                let held = sent.min(PLACES);
                most.fetch_max(
                    now.fetch_add(held, Ordering::SeqCst) + held,
                    Ordering::SeqCst,
                );
                sleep(ms(if i % 5 == 2 { 3000 } else { 40 })).await;
                now.fetch_sub(held, Ordering::SeqCst);
                left -= sent;
            }
        }));
    }
    for task in tasks {
        timeout(Duration::from_secs(600), task)
            .await
            .unwrap()
            .unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), PLACES);
    let state = limiter.inner.state();
    assert_eq!((state.taken, state.lasting), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_batch_goes_on_beside_what_lasts() {
    for (lasting, gets) in [(0, 20), (1, 3), (2, 2), (3, 1)] {
        let limiter = Limiter::default();
        let mut held = Vec::new();
        for _ in 0..lasting {
            held.push(limiter.acquire(Priority::Person, Want::Lasting).await);
        }
        let start = Instant::now();
        let batch = limiter.acquire(Priority::Person, Want::Batch(20)).await;
        assert_eq!(batch.requests(), gets, "beside {lasting}");
        assert!(start.elapsed() <= PATIENCE + ms(1), "{:?}", start.elapsed());
        // What comes after it waits for its place only.
        drop(batch);
        drop(timeout(ms(10), one(&limiter)).await.unwrap());
        let start = Instant::now();
        let any = limiter.acquire_any(Priority::Person, Want::Batch(20)).await;
        assert_eq!((any.requests(), start.elapsed()), (gets, Duration::ZERO));
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_waits_a_moment_for_all_its_places_and_is_not_overtaken() {
    let limiter = Limiter::default();
    let short = one(&limiter).await;
    let batch = {
        let limiter = limiter.clone();
        tokio::spawn(async move { limiter.acquire(Priority::Person, Want::Batch(20)).await })
    };
    sleep(ms(10)).await;
    let late = {
        let limiter = limiter.clone();
        tokio::spawn(async move { one(&limiter).await })
    };
    sleep(ms(90)).await;
    assert!(!batch.is_finished() && !late.is_finished());
    drop(short);
    let batch = batch.await.unwrap();
    assert_eq!(batch.requests(), 20);
    sleep(ms(10)).await;
    assert!(!late.is_finished(), "all four are held");
    drop(batch);
    drop(late.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_lasts_leaves_a_place_to_what_is_short() {
    let limiter = Limiter::default();
    let lasting = |priority| {
        let limiter = limiter.clone();
        tokio::spawn(async move { limiter.acquire(priority, Want::Lasting).await })
    };
    let mut held = Vec::new();
    for _ in 0..LASTING_BEHIND {
        held.push(lasting(Priority::Background).await.unwrap());
    }
    let background = lasting(Priority::Background);
    sleep(ms(1)).await;
    held.push(lasting(Priority::Person).await.unwrap());
    assert!(!background.is_finished(), "the last but one is for people");
    // A person's download waits for the end of another one, and nobody behind it waits with it.
    let person = lasting(Priority::Person);
    sleep(ms(1)).await;
    for _ in 0..3 {
        drop(timeout(ms(1), one(&limiter)).await.unwrap());
    }
    let behind = limiter.acquire(Priority::Background, Want::Short);
    drop(timeout(ms(1), behind).await.unwrap());
    assert!(!person.is_finished());
    held.pop();
    held.push(person.await.unwrap());
    assert!(!background.is_finished());
    held.clear();
    assert_eq!(background.await.unwrap().requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_short_requests_starves_no_batch_and_the_other_way_round() {
    let limiter = Limiter::default();
    let stream = |want| {
        let limiter = limiter.clone();
        tokio::spawn(async move {
            let mut turns = 0_usize;
            let until = Instant::now() + Duration::from_secs(60);
            while Instant::now() < until {
                let permit = limiter.acquire(Priority::Person, want).await;
                sleep(ms(100)).await;
                turns += 1;
                drop(permit);
            }
            turns
        })
    };
    let mut tasks: Vec<_> = (0..8).map(|_| stream(Want::Short)).collect();
    tasks.extend((0..2).map(|_| stream(Want::Batch(20))));
    let mut turns = Vec::new();
    for task in tasks {
        turns.push(task.await.unwrap());
    }
    let (least, most) = (turns.iter().min().unwrap(), turns.iter().max().unwrap());
    assert!(*least >= 50 && most - least <= 5, "{turns:?}");
}

#[tokio::test(start_paused = true)]
async fn people_go_before_background() {
    let limiter = Limiter::default();
    let all = limiter.acquire(Priority::Person, ALL).await;
    let (order, mut came) = tokio::sync::mpsc::unbounded_channel();
    for priority in [
        Priority::Background,
        Priority::Background,
        Priority::Person,
        Priority::Person,
    ] {
        let (limiter, order) = (limiter.clone(), order.clone());
        tokio::spawn(async move {
            let permit = limiter.acquire(priority, ALL).await;
            order.send(priority).unwrap();
            drop(permit);
        });
        sleep(ms(1)).await;
    }
    drop((all, order));
    let mut got = Vec::new();
    while let Some(priority) = came.recv().await {
        got.push(priority);
    }
    use Priority::{Background, Person};
    assert_eq!(got, [Person, Person, Background, Background]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_everybody_and_can_be_prolonged() {
    let limiter = Limiter::default();
    let start = Instant::now();
    limiter.pause(Duration::from_secs(10));
    let waiting = {
        let limiter = limiter.clone();
        tokio::spawn(async move {
            let _permit = one(&limiter).await;
            Instant::now()
        })
    };
    sleep(Duration::from_secs(5)).await;
    limiter.pause(Duration::from_secs(20));
    limiter.pause(Duration::from_secs(1));
    let let_in = waiting.await.unwrap() - start;
    assert!((25..=26).contains(&let_in.as_secs()), "{let_in:?}");
    assert_eq!(limiter.paused_for(), None);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_and_a_dropped_turn_cost_no_place() {
    let limiter = Limiter::default();
    let all = limiter.acquire(Priority::Person, ALL).await;
    for _ in 0..3 {
        let waited = timeout(Duration::from_millis(5), one(&limiter)).await;
        assert!(waited.is_err());
    }
    drop(all);
    let again = limiter.acquire(Priority::Background, ALL).await;
    drop(again);
    assert_eq!(limiter.inner.state().taken, 0);
}

#[tokio::test(start_paused = true)]
async fn the_window_slides_and_keeps_a_reserve_for_people() {
    let limiter = Limiter::default();
    for _ in 0..BACKGROUND_LIMIT / 20 {
        drop(limiter.acquire(Priority::Background, Want::Batch(20)).await);
    }
    let start = Instant::now();
    let mut background = tokio::spawn({
        let limiter = limiter.clone();
        async move {
            drop(limiter.acquire(Priority::Background, Want::Short).await);
            Instant::now()
        }
    });
    advance(Duration::from_secs(1)).await;
    drop(
        timeout(Duration::from_secs(1), one(&limiter))
            .await
            .unwrap(),
    );
    assert!(
        timeout(Duration::from_secs(500), &mut background)
            .await
            .is_err()
    );
    let let_in = background.await.unwrap() - start;
    assert!((600..=603).contains(&let_in.as_secs()), "{let_in:?}");
}
