//! The open operations of one socket: what runs, and what comes of it.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::stream::{self, AbortHandle, Abortable, BoxStream, SelectAll, Stream, StreamExt};

use enlace_schema::{Code, Event, Response};

use super::message::OperationId;

/// What comes of an operation.
pub(super) enum Output {
    /// The response to a query or a mutation, after which it is over.
    Response(Response),
    /// A change, as it was written for all who get it.
    Next(Bytes),
    /// The end of a subscription: why, and the index of the last change that was sent.
    Ended(Code, i64),
}

/// All operations share the socket's task: none has a task, a channel or a buffer of its own.
#[derive(Default)]
pub(super) struct Operations {
    open: HashMap<OperationId, Open>,
    running: SelectAll<Abortable<BoxStream<'static, (OperationId, Came)>>>,
}

struct Open {
    abort: AbortHandle,
    /// Of a subscription, the index of the last change that was sent.
    last: Option<i64>,
}

enum Came {
    Response(Response),
    Event(Event),
}

impl Operations {
    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether this id has an open operation.
    pub(super) fn contains(&self, id: &OperationId) -> bool {
        self.open.contains_key(id)
    }

    /// Opens a query or a mutation.
    pub(super) fn run(&mut self, id: OperationId, response: impl Future<Output = Response> + Send + 'static) {
        self.open(id, None, stream::once(response).map(Came::Response));
    }

    /// Opens a subscription whose changes after an index follow.
    pub(super) fn follow(
        &mut self,
        id: OperationId,
        ready_at: i64,
        events: impl Stream<Item = Event> + Send + 'static,
    ) {
        self.open(id, Some(ready_at), events.map(Came::Event));
    }

    fn open(
        &mut self,
        id: OperationId,
        last: Option<i64>,
        outputs: impl Stream<Item = Came> + Send + 'static,
    ) {
        let (abort, registration) = AbortHandle::new_pair();
        let named = id.clone();
        let outputs = outputs.map(move |came| (named.clone(), came)).boxed();
        self.running.push(Abortable::new(outputs, registration));
        self.open.insert(id, Open { abort, last });
    }

    /// What comes next of any of them; nothing while none is open. Dropped before it is ready, it loses nothing.
    pub(super) async fn next(&mut self) -> Option<(OperationId, Output)> {
        let (id, came) = self.running.next().await?;
        let output = match came {
            Came::Response(response) => {
                self.open.remove(&id);
                Output::Response(response)
            }
            Came::Event(Event::Next { index, payload }) => {
                if let Some(open) = self.open.get_mut(&id) {
                    open.last = Some(index);
                }
                Output::Next(payload)
            }
            Came::Event(Event::End(code)) => {
                let last = self.open.remove(&id).and_then(|open| open.last);
                Output::Ended(code, last.unwrap_or_default())
            }
        };
        Some((id, output))
    }

    /// Closes one, at its client's wish. An id that is not open may just have ended: that is no fault.
    pub(super) fn close(&mut self, id: &OperationId) {
        if let Some(open) = self.open.remove(id) {
            open.abort.abort();
        }
    }

    /// Closes all subscriptions, and gives the index of the last change that each was sent.
    pub(super) fn close_subscriptions(&mut self) -> Vec<(OperationId, i64)> {
        let subscriptions = self.open.extract_if(|_, open| open.last.is_some());
        let closed = subscriptions.filter_map(|(id, open)| {
            open.abort.abort();
            Some((id, open.last?))
        });
        closed.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::socket::message::ClientMessage;

    fn id(name: &str) -> OperationId {
        match ClientMessage::parse(&format!(r#"{{"type":"complete","id":"{name}"}}"#)) {
            Ok(ClientMessage::Complete(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    fn change(index: i64) -> Event {
        Event::Next { index, payload: index.to_string().into() }
    }

    #[tokio::test]
    async fn a_query_answers_once_and_is_over() {
        let mut operations = Operations::default();
        operations.run(id("a"), async { Response { refused: None, body: b"{}".to_vec() } });
        assert!(operations.contains(&id("a")));
        assert!(matches!(operations.next().await, Some((_, Output::Response(_)))));
        assert_eq!(operations.len(), 0);
        assert!(operations.next().await.is_none());
    }

    #[tokio::test]
    async fn a_subscription_keeps_its_last_index() {
        let mut operations = Operations::default();
        operations.follow(id("a"), 3, stream::iter([change(4)]).chain(stream::pending()));
        operations.follow(id("b"), 3, stream::pending());
        assert!(operations.next().await.is_some());
        let mut closed = operations.close_subscriptions();
        closed.sort_by_key(|(_, last)| *last);
        assert_eq!(closed, [(id("b"), 3), (id("a"), 4)]);
        assert_eq!(operations.len(), 0);
    }

    #[tokio::test]
    async fn the_end_says_where_to_go_on() {
        let mut operations = Operations::default();
        operations.follow(id("a"), 3, stream::iter([change(4), Event::End(Code::SlowConsumer)]));
        assert!(matches!(operations.next().await, Some((_, Output::Next(_)))));
        assert!(matches!(operations.next().await, Some((_, Output::Ended(Code::SlowConsumer, 4)))));
        assert_eq!(operations.len(), 0);
    }

    #[tokio::test]
    async fn what_was_closed_sends_nothing_and_its_id_is_free() {
        let mut operations = Operations::default();
        operations.follow(id("a"), 0, stream::iter([change(1)]).chain(stream::pending()));
        operations.close(&id("a"));
        operations.close(&id("a"));
        operations.follow(id("a"), 5, stream::iter([change(6)]).chain(stream::pending()));
        let Some((_, Output::Next(payload))) = operations.next().await else { panic!("no change") };
        assert_eq!(payload, "6");
    }
}
