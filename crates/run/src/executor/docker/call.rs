//! Common to all calls to the engine.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use failure::Failure;

use super::reason::reason;

/// The user that workers run as, and the owner of their files.
pub(super) const USER: u64 = 65534;

/// Time limit of a call that transfers no data.
pub(super) const CALL: Duration = Duration::from_secs(60);

/// A call to the engine with a time limit.
pub(super) async fn within<T>(
    patience: Duration,
    what: &str,
    call: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(patience, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::executor(format!("{what}: {}", reason(&error)))),
        Err(_) => Err(Failure::executor(format!("{what}: no answer within {} s", patience.as_secs()))),
    }
}

/// Locks a mutex; its value is valid after a panic too.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
