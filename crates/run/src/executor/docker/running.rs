//! The containers that work for this run: a signal that ends this program ends them too.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cli::program;
use futures_util::future::join_all;

use super::super::jobs::PAUSE;
use super::call::lock;
use super::connect::Address;
use super::pool::stop;

/// How long a signal waits for the containers to end.
const ENDING: Duration = Duration::from_secs(20);

/// The containers' ids.
#[derive(Clone, Default)]
pub(super) struct Running {
    ids: Arc<Mutex<Vec<String>>>,
    /// A signal came: nothing is begun any more.
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
                    // Again and again: a start may be under way. An attempt whose container has ended leaves the list.
                    loop {
                        let ids = lock(&theirs.ids).clone();
                        if ids.is_empty() {
                            return;
                        }
                        join_all(ids.iter().map(|id| stop(&api, id))).await;
                        tokio::time::sleep(PAUSE).await;
                    }
                };
                // An engine that hangs is left behind.
                let _ = tokio::time::timeout(ENDING, end).await;
            });
        });
        running
    }

    /// A signal came: nothing may be begun.
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
