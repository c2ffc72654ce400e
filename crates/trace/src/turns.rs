//! Several threads at one stage: what each works out alone is put back in order, turn by turn.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{Builder, available_parallelism, scope};

/// Threads that are worth having at one stage: with more, what is done in turns is what takes the time.
const MOST: usize = 4;

/// How many threads a stage should have on this machine.
pub fn threads() -> usize {
    available_parallelism().map_or(1, |cores| cores.get().min(MOST))
}

/// Does `work` on `threads` threads at once, the caller's among them.
///
/// # Errors
/// The error of one of them, if any has one.
pub fn on_threads<E: Send>(threads: usize, work: impl Fn() -> Result<(), E> + Sync) -> Result<(), E> {
    scope(|scope| {
        // Where the system has no thread left, those that are there do the work.
        let others: Vec<_> = (1..threads).map_while(|_| Builder::new().spawn_scoped(scope, &work).ok()).collect();
        others.into_iter().fold(work(), |ended, other| match other.join() {
            Ok(other) => ended.and(other),
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// What threads use one after another, in the order of their turns' numbers, 0 first.
pub struct Turns<T> {
    state: Mutex<State<T>>,
    passed: Condvar,
}

struct State<T> {
    next: u64,
    /// A turn failed, or was not taken: there are no more.
    ended: bool,
    value: T,
}

impl<T> Turns<T> {
    /// Before turn 0.
    pub fn new(value: T) -> Self {
        Self { state: Mutex::new(State { next: 0, ended: false, value }), passed: Condvar::new() }
    }

    /// Turn `number`, which must be somebody's.
    pub fn turn(&self, number: u64) -> Turn<'_, T> {
        Turn { turns: self, number, taken: false }
    }
}

/// One turn. Not taken, because its thread panicked, it ends all.
pub struct Turn<'a, T> {
    turns: &'a Turns<T>,
    number: u64,
    taken: bool,
}

impl<T> Turn<'_, T> {
    /// Waits for all turns before this one, then does `work`; None where one of them failed or was not taken.
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

    /// Hands out numbers to `threads` and notes the turns, of which `work` does one.
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
    fn a_turn_that_fails_is_the_last() {
        assert_eq!(turns(4, |number| if number == 50 { Err(number) } else { Ok(()) }), (Err(50), (0..50).collect()));
    }

    #[test]
    fn nobody_waits_for_a_thread_that_panics() {
        let panics = || turns(4, |number| if number == 50 { panic!("at 50") } else { Ok(()) });
        assert!(std::panic::catch_unwind(panics).is_err());
        let turns = Turns::new(());
        drop(turns.turn(0));
        assert_eq!(turns.turn(1).take(|()| Ok::<_, ()>(())), None);
    }
}
