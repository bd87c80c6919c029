//! The connection to NATS: made, kept and made anew for as long as the process runs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, push};
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{self, StorageType};
use async_nats::{ConnectOptions, Event};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;

use super::message::size;
use super::{FanOut, Login, Placed, WAITING, lock};

/// Of a message; a longer entry is read by the others.
const MESSAGE_BYTES: usize = 64 * 1024;
/// The stream only has to outlast an outage of a moment: what is older, or more, is read from the database.
const KEPT_FOR: Duration = Duration::from_mins(2);
const KEPT_BYTES: i64 = 64 * 1024 * 1024;
/// How long NATS may take to answer.
const DEADLINE: Duration = Duration::from_secs(2);
/// How often it says that it is there; twice unheard, it is not.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How long it keeps in mind a process that is gone.
const FORGOTTEN: Duration = Duration::from_secs(10);
/// The pauses before what failed is tried again: the first, and the longest.
const PAUSE: Duration = Duration::from_millis(250);
const LONG_PAUSE: Duration = Duration::from_secs(2);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Publishes what was placed and takes what others placed, for as long as it is polled.
pub(super) async fn keep(fan_out: Arc<FanOut>, placed: mpsc::Receiver<Placed>) {
    let (mut said, mut attempts) = (false, 0);
    let client = loop {
        match options(&fan_out).connect(&fan_out.nats.addresses[..]).await {
            Ok(client) => break client,
            Err(error) => missing(&error.into(), &mut said),
        }
        attempts += 1;
        tokio::time::sleep(pause_after(attempts)).await;
    };
    let jetstream = ContextBuilder::new().timeout(DEADLINE).ack_timeout(DEADLINE).build(client);
    tokio::join!(publish(&fan_out, &jetstream, placed), follow(&fan_out, &jetstream, said));
}

/// The pause after so many attempts that failed.
fn pause_after(attempts: usize) -> Duration {
    let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    PAUSE.saturating_mul(attempts).min(LONG_PAUSE)
}

fn options(fan_out: &Arc<FanOut>) -> ConnectOptions {
    let options = match fan_out.nats.login.clone() {
        Some(Login { name, password: Some(password) }) => {
            ConnectOptions::with_user_and_password(name, password)
        }
        Some(Login { name, password: None }) => ConnectOptions::with_token(name),
        None => ConnectOptions::new(),
    };
    let fan_out = Arc::clone(fan_out);
    options
        .name("enlace")
        .connection_timeout(DEADLINE)
        .ping_interval(DEADLINE)
        .subscription_capacity(WAITING)
        .reconnect_delay_callback(pause_after)
        .event_callback(move |event| {
            match event {
                Event::Disconnected | Event::Closed => fan_out.failed.notify_one(),
                Event::ServerError(_) | Event::ClientError(_) => *lock(&fan_out.cause) = event.to_string(),
                _ => {}
            }
            std::future::ready(())
        })
}

/// Says once that NATS is missing.
fn missing(error: &Failure, said: &mut bool) {
    if !*said {
        tracing::warn!(%error, "NATS does not carry the journal's entries; each process reads them until it does");
        *said = true;
    }
}

/// Takes what comes, and begins anew whenever that fails.
async fn follow(fan_out: &FanOut, jetstream: &Context, mut said: bool) {
    loop {
        let Err(error) = take(fan_out, jetstream).await;
        if fan_out.connected.swap(false, Ordering::Relaxed) {
            // Whoever waits for something need not any longer.
            fan_out.arrived.notify_one();
            said = false;
        }
        missing(&error, &mut said);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Takes what comes until it fails. NATS may have forgotten everything: what is needed is made each time.
async fn take(fan_out: &FanOut, jetstream: &Context) -> Result<std::convert::Infallible, Failure> {
    // Of a failure that is over.
    let _over = fan_out.failed.notified().now_or_never();
    if jetstream.client().connection_state() != State::Connected {
        return Err(lock(&fan_out.cause).clone().into());
    }
    let subject = fan_out.subject.clone();
    // A name has no dots.
    let name = subject.replace('.', "-");
    let stream = stream::Config {
        name: name.clone(),
        subjects: vec![subject],
        max_age: KEPT_FOR,
        max_bytes: KEPT_BYTES,
        storage: StorageType::Memory,
        ..stream::Config::default()
    };
    jetstream.get_or_create_stream(stream).await?;
    let consumer = push::Config {
        deliver_subject: jetstream.client().new_inbox(),
        deliver_policy: DeliverPolicy::New,
        ack_policy: AckPolicy::None,
        idle_heartbeat: HEARTBEAT,
        inactive_threshold: FORGOTTEN,
        memory_storage: true,
        ..push::Config::default()
    };
    let mut messages = jetstream.create_consumer_on_stream(consumer, name).await?.messages().await?;
    fan_out.connected.store(true, Ordering::Relaxed);
    tracing::info!("NATS carries the journal's entries");
    loop {
        tokio::select! {
            message = messages.next() => match message {
                Some(message) => fan_out.receive(&message?.payload),
                None => return Err("the subscription ended".into()),
            },
            () = fan_out.failed.notified() => return Err("the connection was lost, or NATS did not answer".into()),
        }
    }
}

/// Publishes what was placed, as many entries in a message as have gathered while the last one was on its way.
async fn publish(fan_out: &FanOut, jetstream: &Context, mut outgoing: mpsc::Receiver<Placed>) {
    let (mut gathered, mut number) = (Vec::new(), 0);
    while outgoing.recv_many(&mut gathered, WAITING).await > 0 {
        while !gathered.is_empty() {
            let message: Vec<Placed> = gathered.drain(..together(&gathered)).collect();
            number += 1;
            let sent = send(fan_out, jetstream, number, &message).await;
            let counter = if sent { &fan_out.published } else { &fan_out.dropped };
            counter.fetch_add(message.len() as u64, Ordering::Relaxed);
        }
    }
}

/// How many of these, one at least, go into one message.
fn together(gathered: &[Placed]) -> usize {
    let mut bytes = 0;
    let fits = |next: &&Placed| {
        bytes += size(&next.entry);
        bytes <= MESSAGE_BYTES && gathered.first().is_some_and(|first| first.term == next.term)
    };
    gathered.iter().take_while(fits).count().max(1)
}

/// Whether NATS took a message in time.
async fn send(fan_out: &FanOut, jetstream: &Context, number: u64, placed: &[Placed]) -> bool {
    let [first, ..] = placed else { return true };
    if !fan_out.is_connected() || size(&first.entry) > MESSAGE_BYTES {
        return false;
    }
    let entries: Vec<_> = placed.iter().map(|placed| Arc::clone(&placed.entry)).collect();
    let Some(sealed) = fan_out.seal.seal(first.term, number, &entries) else { return false };
    let message = PublishMessage::build()
        .payload(sealed.into())
        .message_id(format!("{}-{}", first.entry.index, first.id));
    let sending = async { jetstream.send_publish(fan_out.subject.clone(), message).await?.await };
    let sent = sending.await;
    if let Err(error) = &sent {
        tracing::debug!(%error, "NATS did not take a message");
        // It may have lost the stream.
        fan_out.failed.notify_one();
    }
    sent.is_ok()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::journal::{Entry, Part};

    #[test]
    fn a_message_is_of_one_term_and_not_too_long() {
        let placed = |term, content| {
            let part = Part { class: "INVENTORY".into(), subject: None, content: vec![0; content] };
            let entry = Arc::new(Entry { index: 0, parts: vec![part] });
            Placed { term: Uuid::from_u128(term), id: Uuid::nil(), entry }
        };
        assert_eq!(together(&[placed(1, 1), placed(1, 1), placed(2, 1)]), 2);
        assert_eq!(together(&[placed(1, 40_000), placed(1, 40_000)]), 1);
        assert_eq!(together(&[placed(1, MESSAGE_BYTES), placed(1, 1)]), 1);
    }
}
