//! Volunteers whom Protección Civil and the civil organisations bring, what is verified of them, and the shifts in which they help.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::agencies::agency_id;
use super::shelters::Shelter;
use super::{Random, STARTS_ON, copy, id, local, programme_id};

/// Who brings volunteers, and how many.
const BRING: [(&str, usize); 7] = [
    ("PCE", 8),
    ("NGO_MANOS_DEL_DESIERTO", 6),
    ("NGO_PUENTE_CACHANILLA", 5),
    ("NGO_PAN_DEL_VALLE", 6),
    ("NGO_ABRIGO_DEL_NORTE", 5),
    ("NGO_BOTIQUIN_SOLIDARIO", 4),
    ("NGO_LETRAS_EN_CAMINO", 6),
];
/// What can be verified: kind, of how many in a hundred it is, and for how many days it counts.
const VERIFIED: [(&str, u32, u64); 3] =
    [("IDENTITY", 96, 730), ("CRIMINAL_RECORD", 78, 180), ("CHILD_SAFEGUARDING", 66, 365)];
/// What is done in shifts, from which hour on, for how many hours, and whether near minors.
const SHIFTS: [(&str, i64, i64, bool); 7] = [
    ("KITCHEN", 6, 4, false),
    ("CHILDCARE", 9, 4, true),
    ("CLOTHING", 10, 4, false),
    ("TEACHING", 11, 3, true),
    ("REPAIRS", 14, 5, false),
    ("RECREATION", 16, 3, true),
    ("RECEPTION", 18, 5, false),
];
/// How many days before it a shift is planned, and how many days before it who comes is signed up.
const PLANNED_BEFORE: u64 = 5;
const SIGNED_BEFORE: u64 = 2;
const SKILLS: [&str; 9] = [
    "CHILDCARE",
    "COOKING",
    "DRIVING",
    "FIRST_AID",
    "INTERPRETING",
    "LEGAL",
    "LOGISTICS",
    "REPAIRS",
    "TEACHING",
];

row! {
    /// A volunteer.
    Volunteer in "volunteers" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        agency_id: Uuid = UUID,
        given_names: String = TEXT,
        family_names: Option<&'static str> = TEXT,
        contact: Option<String> = TEXT,
        languages: Vec<&'static str> = TEXT_ARRAY,
        skills: Vec<&'static str> = TEXT_ARRAY,
        registered_at: DateTime<Utc> = TIMESTAMPTZ,
        ended_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
    }
}

row! {
    /// What is verified of a volunteer.
    Screening in "screenings" {
        id: Uuid = UUID,
        volunteer_id: Uuid = UUID,
        kind: &'static str = TEXT,
        evidence: String = TEXT,
        verified_on: NaiveDate = DATE,
        valid_until: NaiveDate = DATE,
        verifier_id: Uuid = UUID,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
        revoked_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        reason: Option<&'static str> = TEXT,
    }
}

row! {
    /// A shift.
    Shift in "volunteer_shifts" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        shelter_id: Uuid = UUID,
        activity: &'static str = TEXT,
        starts_at: DateTime<Utc> = TIMESTAMPTZ,
        ends_at: DateTime<Utc> = TIMESTAMPTZ,
        near_minors: bool = BOOL,
        places: i32 = INT4,
        note: Option<&'static str> = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
        cancelled_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        reason: Option<&'static str> = TEXT,
    }
}

row! {
    /// That a volunteer comes to a shift.
    SignUp in "shift_sign_ups" {
        id: Uuid = UUID,
        shift_id: Uuid = UUID,
        volunteer_id: Uuid = UUID,
        signed_up_at: DateTime<Utc> = TIMESTAMPTZ,
        state: &'static str = TEXT,
        settled_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        cause: Option<&'static str> = TEXT,
        reason: Option<&'static str> = TEXT,
        minutes: Option<i32> = INT4,
    }
}

/// A volunteer as shifts are filled with them.
struct Helper {
    id: Uuid,
    from: DateTime<Utc>,
    /// None unless all is verified of them, and stands.
    near_minors_from: Option<DateTime<Utc>>,
}

/// The rows of volunteers as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) volunteers: Vec<Volunteer>,
    pub(super) screenings: Vec<Screening>,
    pub(super) shifts: Vec<Shift>,
    pub(super) sign_ups: Vec<SignUp>,
}

impl Rows {
    /// Makes them for the shelters that there are at `now`.
    pub(super) fn generate(shelters: &[Shelter], now: DateTime<Utc>) -> Self {
        let mut rows = Self::default();
        let helpers = rows.bring(now);
        let mut busy = BTreeSet::new();
        let planned = |date: &NaiveDate| local(*date - Days::new(PLANNED_BEFORE), 9) <= now;
        for date in STARTS_ON.iter_days().skip(14).take_while(planned) {
            for (number, shelter) in shelters.iter().enumerate() {
                let opened = shelter.opened_on + Days::new(PLANNED_BEFORE) <= date;
                let is_open = opened && shelter.closed_on.is_none_or(|closed| date <= closed);
                let mut random = Random::seeded(&format!("volunteer shifts/{}/{date}", shelter.code));
                if is_open && random.chance(45) {
                    let of_day = usize::try_from((date - STARTS_ON).num_days()).unwrap_or_default();
                    let shift = rows.plan(shelter, (date, of_day + number), &mut random, now);
                    rows.fill(&shift, date, (&helpers, &mut busy), (&mut random, now));
                }
            }
        }
        rows
    }

    /// Who is brought, by whom, and what is verified of them.
    fn bring(&mut self, now: DateTime<Utc>) -> Vec<Helper> {
        let mut all: Vec<(DateTime<Utc>, &str, usize)> = Vec::new();
        for (agency, count) in BRING {
            for number in 0..count {
                let mut random = Random::seeded(&format!("volunteers/{agency}/{number}"));
                let days = u64::from(random.below(20)) + 2;
                all.push((local(STARTS_ON + Days::new(days), 10), agency, number));
            }
        }
        // They are numbered as they are written: a later day only adds.
        all.sort_unstable();
        let known = all.into_iter().filter(|(registered_at, ..)| *registered_at <= now);
        let mut helpers = Vec::new();
        for (place, (registered_at, agency, number)) in known.enumerate() {
            let key = format!("{agency}/{number}");
            let volunteer_id = id("volunteers", &key, registered_at);
            let mut random = Random::seeded(&format!("volunteers and skills/{key}"));
            let mut skills: Vec<&str> = SKILLS.into_iter().filter(|_| random.chance(30)).collect();
            if skills.is_empty() {
                skills.push("LOGISTICS");
            }
            let languages = if random.chance(35) { vec!["es", "fr"] } else { vec!["es"] };
            // Some help no more, and some leave no contact: a real null, beside those that a reader is refused.
            let ended_at =
                local(STARTS_ON + Days::new(35), 10) + TimeDelta::days(random.between(0, 20).into());
            let ended_at = Some(ended_at).filter(|at| random.chance(12) && *at <= now);
            self.volunteers.push(Volunteer {
                id: volunteer_id,
                programme_id: programme_id(),
                agency_id: agency_id(agency),
                given_names: format!("Voluntariado sintético {:02}", place + 1),
                family_names: random.chance(90).then_some("de Muestra"),
                contact: random.chance(85).then(|| format!("voluntario{:02}@example.org", place + 1)),
                languages,
                skills,
                registered_at,
                ended_at,
            });
            let near_minors_from = self.screen(volunteer_id, &key, registered_at, now);
            if ended_at.is_none() {
                helpers.push(Helper { id: volunteer_id, from: registered_at, near_minors_from });
            }
        }
        helpers
    }

    /// What is verified of a volunteer; since when they may work near minors, if they may.
    fn screen(
        &mut self,
        volunteer_id: Uuid,
        key: &str,
        registered_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let mut last = Some(registered_at);
        for (kind, percent, days) in VERIFIED {
            let of = format!("{key}/{kind}");
            let mut random = Random::seeded(&format!("screenings/{of}"));
            let recorded_at = registered_at + TimeDelta::days(random.between(0, 6).into());
            let (has, is_revoked) = (random.chance(percent), random.chance(6));
            let revoked_at = recorded_at + TimeDelta::days(random.between(10, 30).into());
            let revoked_at = Some(revoked_at).filter(|at| is_revoked && *at <= now);
            if !has || recorded_at > now {
                last = None;
                continue;
            }
            let verified_on = recorded_at.date_naive();
            self.screenings.push(Screening {
                id: id("screenings", &of, recorded_at),
                volunteer_id,
                kind,
                evidence: format!("Expediente de muestra {of}"),
                verified_on,
                valid_until: verified_on + Days::new(days),
                verifier_id: agency_id("DIF_MUNICIPAL"),
                recorded_at,
                revoked_at,
                reason: revoked_at.map(|_| "La constancia no era la vigente"),
            });
            last = last.filter(|_| !is_revoked).map(|last| last.max(recorded_at));
        }
        last
    }

    fn plan(
        &mut self,
        shelter: &Shelter,
        (date, nth): (NaiveDate, usize),
        random: &mut Random,
        now: DateTime<Utc>,
    ) -> Shift {
        let (activity, hour, hours, near_minors) =
            SHIFTS.get(nth % SHIFTS.len()).copied().unwrap_or(("KITCHEN", 6, 4, false));
        let recorded_at = local(date - Days::new(PLANNED_BEFORE), 9);
        let (starts_at, cancelled_at) = (local(date, hour), local(date - Days::new(3), 9));
        let cancelled_at = Some(cancelled_at).filter(|at| random.chance(6) && *at <= now);
        let shift = Shift {
            id: id("volunteer_shifts", &format!("{}/{date}", shelter.code), recorded_at),
            programme_id: programme_id(),
            shelter_id: shelter.id,
            activity,
            starts_at,
            ends_at: starts_at + TimeDelta::hours(hours),
            near_minors,
            places: random.between(2, 4),
            note: random.chance(20).then_some("Presentarse en la entrada con gafete"),
            recorded_at,
            cancelled_at,
            reason: cancelled_at.map(|_| "Se juntó con el turno de otro albergue"),
        };
        self.shifts.push(shift.clone());
        shift
    }

    /// Signs volunteers up who may come and are not elsewhere that day.
    fn fill(
        &mut self,
        shift: &Shift,
        date: NaiveDate,
        (helpers, busy): (&[Helper], &mut BTreeSet<(NaiveDate, Uuid)>),
        (random, now): (&mut Random, DateTime<Utc>),
    ) {
        let signed_up_at = local(date - Days::new(SIGNED_BEFORE), 10);
        if shift.cancelled_at.is_some() || signed_up_at > now {
            return;
        }
        let mut wanted = random.between(1, shift.places);
        while wanted > 0 {
            wanted -= 1;
            let may = |helper: &&Helper| {
                let since = if shift.near_minors { helper.near_minors_from } else { Some(helper.from) };
                since.is_some_and(|since| since < signed_up_at) && !busy.contains(&(date, helper.id))
            };
            let there: Vec<&Helper> = helpers.iter().filter(may).collect();
            let Some(helper) = random.pick(&there).map(|helper| helper.id) else { return };
            busy.insert((date, helper));
            let minutes = i32::try_from((shift.ends_at - shift.starts_at).num_minutes()).unwrap_or(60);
            let (fate, minutes) = (random.below(100), minutes - random.between(0, 30));
            let settled_at = shift.ends_at + TimeDelta::hours(1);
            let (state, settled_at) = match fate {
                0..6 => ("WITHDRAWN", Some(signed_up_at + TimeDelta::hours(1))),
                _ if settled_at > now => ("SIGNED_UP", None),
                6..12 => ("ABSENT", Some(settled_at)),
                _ => ("CAME", Some(settled_at)),
            };
            let is_withdrawn = state == "WITHDRAWN";
            self.sign_ups.push(SignUp {
                id: id("shift_sign_ups", &format!("{}/{helper}", shift.id), signed_up_at),
                shift_id: shift.id,
                volunteer_id: helper,
                signed_up_at,
                state,
                settled_at: settled_at.map(|at| at.min(now)),
                cause: is_withdrawn.then_some("ASKED"),
                reason: is_withdrawn.then_some("No puede venir ese día"),
                minutes: (state == "CAME").then_some(minutes),
            });
        }
    }

    /// Writes them, once there are the agreements of those who bring them, and the shelters.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.volunteers).await?;
        copy(transaction, &self.screenings).await?;
        copy(transaction, &self.shifts).await?;
        copy(transaction, &self.sign_ups).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_DAY, NOON, shelters};
    use super::*;

    #[test]
    fn the_default_day_is_lively_and_nobody_is_near_minors_who_may_not() {
        let shelters = shelters::Rows::generate(DEFAULT_DAY).shelters;
        let made = || Rows::generate(&shelters, local(DEFAULT_DAY, NOON));
        let rows = made();
        assert_eq!(rows, made(), "the same in every load");
        assert_eq!(rows.volunteers.len(), 40);
        assert!(rows.volunteers.iter().any(|volunteer| volunteer.ended_at.is_some()));
        assert!(rows.screenings.iter().any(|screening| screening.revoked_at.is_some()));
        for state in ["SIGNED_UP", "WITHDRAWN", "CAME", "ABSENT"] {
            assert!(rows.sign_ups.iter().any(|sign_up| sign_up.state == state), "{state}");
        }
        assert!(rows.shifts.iter().any(|shift| shift.cancelled_at.is_some()));
        assert!(rows.shifts.iter().any(|shift| shift.starts_at.date_naive() > DEFAULT_DAY));
        let near_minors: BTreeSet<Uuid> =
            rows.shifts.iter().filter(|shift| shift.near_minors).map(|shift| shift.id).collect();
        let near: BTreeSet<Uuid> = rows
            .sign_ups
            .iter()
            .filter(|sign_up| near_minors.contains(&sign_up.shift_id))
            .map(|sign_up| sign_up.volunteer_id)
            .collect();
        assert!(!near.is_empty());
        let verified = |who: &Uuid| {
            let of =
                rows.screenings.iter().filter(|one| one.volunteer_id == *who && one.revoked_at.is_none());
            of.count()
        };
        assert!(near.iter().all(|who| verified(who) == 3));
    }
}
