//! Runs one stage on several threads, and puts their results back in order, turn by turn.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{Builder, available_parallelism, scope};

/// Upper limit of threads at one stage: with more, the sequential part takes the time.
const MAX_THREADS: usize = 4;

/// The number of threads for a stage on this machine.
pub fn threads() -> usize {
    available_parallelism().map_or(1, |cores| cores.get().min(MAX_THREADS))
}

/// Does `work` on `threads` threads at once, the caller's among them.
///
/// # Errors
/// The error of one of the threads, if any has one.
pub fn on_threads<E: Send>(threads: usize, work: impl Fn() -> Result<(), E> + Sync) -> Result<(), E> {
    scope(|scope| {
        // If the system can't start a thread, those that were started do the work.
        let others: Vec<_> = (1..threads).map_while(|_| Builder::new().spawn_scoped(scope, &work).ok()).collect();
        others.into_iter().fold(work(), |ended, other| match other.join() {
            Ok(other) => ended.and(other),
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// A value that threads use one after another, in the order of their turns' numbers, from 0.
pub struct Turns<T> {
    state: Mutex<State<T>>,
    passed: Condvar,
}

struct State<T> {
    next: u64,
    /// A turn failed or was dropped, so no other follows.
    ended: bool,
    value: T,
}

impl<T> Turns<T> {
    /// Before turn 0.
    pub fn new(value: T) -> Self {
        Self { state: Mutex::new(State { next: 0, ended: false, value }), passed: Condvar::new() }
    }

    /// Turn `number`. Every number must be used.
    pub fn turn(&self, number: u64) -> Turn<'_, T> {
        Turn { turns: self, number, taken: false }
    }
}

/// One turn. If it is dropped without being taken, because its thread panicked, no other turn follows.
pub struct Turn<'a, T> {
    turns: &'a Turns<T>,
    number: u64,
    taken: bool,
}

impl<T> Turn<'_, T> {
    /// Waits for all turns before this one, then does `work`; None if one of them failed or was dropped.
    pub fn take<E>(mut self, work: impl FnOnce(&mut T) -> Result<(), E>) -> Option<Result<(), E>> {
        let Turns { state, passed } = self.turns;
        let waits = |state: &mut State<T>| state.next != self.number && !state.ended;
        let mut state = passed.wait_while(state.lock().ok()?, waits).ok().filter(|state| !state.ended)?;
        self.taken = true;
        let done = work(&mut state.value);
        state.next += 1;
        state.ended = done.is_err();
        Some(done)
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        if !self.taken {
            self.turns.state.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        }
        self.turns.passed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// `threads` threads take numbers; each turn does `work` and records its number.
    fn turns(threads: usize, work: impl Fn(u64) -> Result<(), u64> + Sync) -> (Result<(), u64>, Vec<u64>) {
        let (numbers, turns) = (AtomicU64::new(0), Turns::new(Vec::new()));
        let ended = on_threads(threads, || {
            loop {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                if number >= 100 {
                    return Ok(());
                }
                let noted = turns.turn(number).take(|noted| work(number).map(|()| noted.push(number)));
                match noted {
                    Some(noted) => noted?,
                    None => return Ok(()),
                }
            }
        });
        (ended, turns.state.into_inner().unwrap_or_else(PoisonError::into_inner).value)
    }

    #[test]
    fn turns_come_in_order_on_any_number_of_threads() {
        for threads in [1, 2, 8] {
            assert_eq!(turns(threads, |_| Ok(())), (Ok(()), (0..100).collect()));
        }
    }

    #[test]
    fn no_turn_follows_a_failed_one() {
        assert_eq!(turns(4, |number| if number == 50 { Err(number) } else { Ok(()) }), (Err(50), (0..50).collect()));
    }

    #[test]
    fn no_thread_waits_for_one_that_panicked() {
        let panics = || turns(4, |number| if number == 50 { panic!("at 50") } else { Ok(()) });
        assert!(std::panic::catch_unwind(panics).is_err());
        let turns = Turns::new(());
        drop(turns.turn(0));
        assert_eq!(turns.turn(1).take(|()| Ok::<_, ()>(())), None);
    }
}
