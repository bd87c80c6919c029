//! A few connections that all reads share: statements of many requests are in flight on each at once.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use diesel_async::AsyncPgConnection;
use tokio::sync::Mutex;

use crate::database::connect::{self, Open};
use crate::database::unavailable;
use crate::error::{Error, Result};

pub(super) struct Shared {
    connection: AsyncPgConnection,
    /// Set by the connection's driver when it ends.
    lost: Arc<AtomicBool>,
}

impl Shared {
    /// Whether it has ended.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
}

/// A shared connection, held for the length of a statement. No transaction may be opened on it.
#[derive(Clone)]
pub(crate) struct Reader(pub(super) Arc<Shared>);

impl Deref for Reader {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.0.connection
    }
}

struct Slot {
    current: ArcSwap<Shared>,
    /// Held by the one that opens a new connection in place of a lost one.
    mending: Mutex<()>,
}

/// A few shared connections to one database.
pub(crate) struct Reads {
    slots: Vec<Slot>,
    next: AtomicUsize,
}

/// Opens a connection that is to be shared.
pub(super) async fn share(
    config: &tokio_postgres::Config,
) -> Result<Arc<Shared>, Box<dyn std::error::Error + Send + Sync>> {
    let Open { client, driver, .. } = connect::open(config).await?;
    let lost = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&lost);
    tokio::spawn(async move {
        let _ended = driver.await;
        flag.store(true, Ordering::Release);
    });
    let connection = AsyncPgConnection::try_from(client).await?;
    Ok(Arc::new(Shared { connection, lost }))
}

async fn open(config: &tokio_postgres::Config) -> Result<Arc<Shared>> {
    share(config).await.map_err(|error| unavailable(&error))
}

impl Reads {
    pub(crate) async fn open(config: &tokio_postgres::Config, count: usize) -> Result<Self> {
        let mut slots = Vec::with_capacity(count);
        for _ in 0..count.max(1) {
            slots.push(Slot { current: ArcSwap::new(open(config).await?), mending: Mutex::new(()) });
        }
        Ok(Self { slots, next: AtomicUsize::new(0) })
    }

    /// The place of the connection whose turn it is.
    pub(crate) fn turn(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.slots.len()
    }

    pub(crate) async fn get(&self, config: &tokio_postgres::Config, turn: usize) -> Result<Reader> {
        let slot = self.slots.get(turn).ok_or_else(|| Error::internal("no connection for reads"))?;
        let shared = slot.current.load_full();
        if !shared.is_lost() {
            return Ok(Reader(shared));
        }
        let _mending = slot.mending.lock().await;
        let shared = slot.current.load_full();
        if !shared.is_lost() {
            return Ok(Reader(shared));
        }
        let fresh = open(config).await?;
        slot.current.store(Arc::clone(&fresh));
        Ok(Reader(fresh))
    }
}
