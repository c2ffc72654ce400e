//! The containers that run jobs of this run: a signal that ends this program stops them too.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cli::program;
use futures_util::future::join_all;

use super::super::jobs::PAUSE;
use super::call::lock;
use super::connect::Address;
use super::pool::stop;

/// How long the program waits for the containers to stop after a signal.
const ENDING: Duration = Duration::from_secs(20);

/// The containers' ids.
#[derive(Clone, Default)]
pub(super) struct Running {
    ids: Arc<Mutex<Vec<String>>>,
    /// Set after a signal: nothing new is started.
    ending: Arc<AtomicBool>,
}

impl Running {
    pub(super) fn watch(address: &Address) -> Self {
        let running = Self::default();
        let (theirs, address) = (running.clone(), address.clone());
        program::on_signal(move || {
            theirs.ending.store(true, Ordering::SeqCst);
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                let end = async {
                    let Ok(api) = address.connect().await else { return };
                    // Repeatedly, because a start may be under way. An attempt whose container has stopped leaves the
                    // list.
                    loop {
                        let ids = lock(&theirs.ids).clone();
                        if ids.is_empty() {
                            return;
                        }
                        join_all(ids.iter().map(|id| stop(&api, id))).await;
                        tokio::time::sleep(PAUSE).await;
                    }
                };
                // Do not wait for an engine that hangs.
                let _ = tokio::time::timeout(ENDING, end).await;
            });
        });
        running
    }

    /// Whether a signal was received, so that nothing may be started.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    pub(super) fn add(&self, id: &str) {
        lock(&self.ids).push(id.to_owned());
    }

    pub(super) fn remove(&self, id: &str) {
        lock(&self.ids).retain(|running| running != id);
    }
}
