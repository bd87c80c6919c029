//! Polling one of the things that a task waits for only when it was that one which woke the task.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// Whether something is to be polled.
struct Bell {
    rang: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rang.store(true, Ordering::Release);
        self.task.wake();
    }
}

/// See the module. What is polled by it must go on as it was when it is polled with another task's waker than the last time: a stream
/// does, a future that is made anew does not.
pub(super) struct Roused {
    bell: Arc<Bell>,
    waker: Waker,
}

impl Roused {
    pub(super) fn new() -> Self {
        let bell = Arc::new(Bell { rang: AtomicBool::new(true), task: AtomicWaker::new() });
        Self { waker: Arc::clone(&bell).into(), bell }
    }

    /// Has it polled the next time, whatever happens.
    pub(super) fn rouse(&self) {
        self.bell.rang.store(true, Ordering::Release);
    }

    /// Polls, unless nothing has happened since that was last pending.
    pub(super) fn poll<T>(
        &mut self,
        task: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // Before it is looked at whether it rang: what rings from here on wakes this task.
        self.bell.task.register(task.waker());
        if !self.bell.rang.swap(false, Ordering::Acquire) {
            return Poll::Pending;
        }
        let polled = poll(&mut Context::from_waker(&self.waker));
        if polled.is_ready() {
            // There may be more.
            self.rouse();
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::StreamExt as _;
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_has_not_rung_is_not_polled_and_nothing_is_missed() {
        let (sender, mut receiver) = mpsc::channel(8);
        let (mut roused, mut polled) = (Roused::new(), 0);
        let sending = async {
            for number in 0..100 {
                sender.send(number).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(sender);
        };
        let mut ticks = futures_util::stream::repeat(()).take(1_000);
        let receiving = async {
            let mut came = Vec::new();
            loop {
                // Something else wakes the task, again and again.
                let tick = async {
                    tokio::task::yield_now().await;
                    ticks.next().await
                };
                tokio::select! {
                    biased;
                    next = poll_fn(|task| roused.poll(task, |own| {
                        polled += 1;
                        receiver.poll_recv(own)
                    })) => match next {
                        Some(number) => came.push(number),
                        None => return came,
                    },
                    _ = tick => {}
                }
            }
        };
        let (came, ()) = tokio::join!(receiving, sending);
        assert_eq!(came, (0..100).collect::<Vec<_>>());
        assert!(
            polled <= 202,
            "once for each that came, and once for each time that none was there: {polled}"
        );
    }
}
