//! The laws of departures.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "departure_follow_ups_after",
        "INSERT INTO departure_follow_ups (id, departure_id, made_at, record) \
         SELECT gen_random_uuid(), id, '2022-01-31', 'x' FROM departures WHERE state = 'PLANNED' LIMIT 1",
    ),
    ("departures_departed", "UPDATE departures SET departed_at = recorded_at WHERE state = 'PLANNED'"),
    (
        "departures_go_forward",
        "UPDATE departures SET state = 'REVERSED', departed_at = recorded_at, reason = 'Otra vez'",
    ),
    (
        "departures_of_who_is_here",
        "INSERT INTO departures (id, programme_id, person_id, episode_id, party_id, planned_on, plan, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, episodes.id, gen_random_uuid(), episodes.arrived_on - 1, 'x', '2022-01-31' \
         FROM episodes JOIN persons ON persons.id = person_id LIMIT 1",
    ),
    (
        "departures_one_at_a_time",
        "INSERT INTO departures (id, programme_id, person_id, episode_id, party_id, planned_on, plan, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, episode_id, gen_random_uuid(), planned_on, plan, recorded_at FROM departures \
         WHERE state = 'PLANNED' LIMIT 1",
    ),
    (
        "departures_party_key",
        "INSERT INTO departures (id, programme_id, person_id, episode_id, party_id, planned_on, plan, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, episode_id, party_id, planned_on, plan, recorded_at FROM departures \
         WHERE state = 'PLANNED' LIMIT 1",
    ),
    ("departures_reason", "UPDATE departures SET state = 'CANCELLED'"),
    (
        "departures_state",
        "INSERT INTO departures (id, programme_id, person_id, episode_id, party_id, planned_on, state, plan, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, episode_id, gen_random_uuid(), planned_on, 'FORGOTTEN', plan, recorded_at \
         FROM departures LIMIT 1",
    ),
    (
        "episodes_left_no_bed",
        "SET CONSTRAINTS ALL IMMEDIATE; UPDATE episodes SET ended_on = '2022-01-31', ending = 'LEFT' \
         WHERE person_id = (SELECT person_id FROM stays WHERE ended_at IS NULL LIMIT 1)",
    ),
    (
        "stays_of_who_is_here",
        "WITH gone AS (SELECT id, person_id, bed_id FROM stays WHERE ended_at IS NULL LIMIT 1), \
             left_bed AS (UPDATE stays SET ended_at = '2022-01-31' FROM gone WHERE stays.id = gone.id) \
         UPDATE episodes SET ended_on = '2022-01-31', ending = 'LEFT' FROM gone WHERE episodes.person_id = gone.person_id; \
         INSERT INTO stays (id, person_id, bed_id, party_id, began_at) \
         SELECT gen_random_uuid(), person_id, (SELECT id FROM beds WHERE NOT occupied AND hold_id IS NULL AND blocked_for IS NULL LIMIT 1), \
             gen_random_uuid(), '2022-01-31' FROM episodes WHERE ended_on IS NOT NULL LIMIT 1",
    ),
];
