//! Which messages may be posted.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Integer, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

/// A message that waits.
#[derive(Debug, QueryableByName)]
pub(super) struct Waiting {
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub(super) webhook: Uuid,
    #[diesel(sql_type = BigInt)]
    pub(super) index: i64,
    #[diesel(sql_type = Array<SqlUuid>)]
    pub(super) subjects: Vec<Uuid>,
    #[diesel(sql_type = Integer)]
    pub(super) attempts: i32,
    #[diesel(sql_type = Timestamptz)]
    pub(super) next_attempt_at: DateTime<Utc>,
    /// How often the webhook's address failed in a row.
    #[diesel(sql_type = Integer)]
    pub(super) failures: i32,
}

/// Of a webhook's first messages, those that may be posted now: as many as there is room for, and of each thing the first alone.
pub(super) fn choose<'w>(
    waiting: &'w [Waiting],
    on_their_way: &HashSet<Uuid>,
    now: DateTime<Utc>,
    room: usize,
) -> Vec<&'w Waiting> {
    let mut held: HashSet<Uuid> = HashSet::new();
    let mut chosen = Vec::new();
    for message in waiting {
        let is_first = message.subjects.iter().all(|subject| !held.contains(subject));
        let is_due = message.next_attempt_at <= now && !on_their_way.contains(&message.id);
        if is_first && is_due && chosen.len() < room {
            chosen.push(message);
        }
        held.extend(&message.subjects);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn waiting(index: i64, subjects: &[u128], late: i64) -> Waiting {
        Waiting {
            id: Uuid::from_u128(u128::try_from(index).unwrap()),
            webhook: Uuid::nil(),
            index,
            subjects: subjects.iter().map(|subject| Uuid::from_u128(*subject)).collect(),
            attempts: 0,
            next_attempt_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(late),
            failures: 0,
        }
    }

    #[test]
    fn what_waits_holds_up_its_own_thing_and_no_other() {
        // The first is not due, the third on its way.
        let all = [
            waiting(1, &[1], 9),
            waiting(2, &[1, 2], 0),
            waiting(3, &[3], 0),
            waiting(4, &[3], 0),
            waiting(5, &[2], 0),
            waiting(6, &[4], 0),
            waiting(7, &[5], 0),
        ];
        let on_their_way = HashSet::from([Uuid::from_u128(3)]);
        let chosen = |room| -> Vec<i64> {
            let chosen = choose(&all, &on_their_way, DateTime::UNIX_EPOCH, room);
            chosen.into_iter().map(|message| message.index).collect()
        };
        assert_eq!(chosen(9), [6, 7], "2 waits for 1, 5 for 2, 4 for 3");
        assert_eq!(chosen(1), [6]);
    }

    proptest! {
        /// Whatever is taken, refused and tried again: of each thing, what is delivered is delivered in the order of the journal, and in
        /// the end all of it.
        #[test]
        fn of_each_thing_messages_are_delivered_in_their_order(
            messages in vec(vec(0_u128..4, 1..3), 1..40),
            outcomes in vec(any::<bool>(), 400),
        ) {
            let mut left: Vec<Waiting> =
                messages.iter().zip(1..).map(|(subjects, index)| waiting(index, subjects, 0)).collect();
            let mut delivered: Vec<i64> = Vec::new();
            let mut outcomes = outcomes.into_iter();
            let mut now = DateTime::UNIX_EPOCH;
            while !left.is_empty() {
                now += TimeDelta::seconds(1);
                let chosen: Vec<i64> =
                    choose(&left, &HashSet::new(), now, 3).into_iter().map(|message| message.index).collect();
                for index in chosen {
                    if outcomes.next().unwrap_or(true) {
                        left.retain(|message| message.index != index);
                        delivered.push(index);
                    } else if let Some(message) = left.iter_mut().find(|message| message.index == index) {
                        message.next_attempt_at = now + TimeDelta::seconds(3);
                    }
                }
            }
            prop_assert_eq!(delivered.len(), messages.len());
            for subject in 0..4 {
                let tells = |index: &&i64| messages[usize::try_from(**index - 1).unwrap()].contains(&subject);
                prop_assert!(delivered.iter().filter(tells).is_sorted());
            }
        }
    }
}
