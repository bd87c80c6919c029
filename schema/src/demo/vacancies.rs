//! Who offers work in the demonstration, and where people meet it: employers, vacancies, job fairs and trainings.

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::agencies::agency_id;
use super::{Random, STARTS_ON, copy, id, local, programme_id, start};

/// How many employers there are; the contacts of the first sign in as an agency.
const EMPLOYERS: usize = 30;
const SIGNS_IN: &str = "EMPLEADOR_DEMO";
/// How many vacancies are filled little by little, for how many each is, and how many more are opened later.
pub(super) const FILLED: usize = 90;
const OPENINGS: i32 = 32;
const LATER: usize = 12;
/// The first day on which one is offered, and the last one for those that are offered no more.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2022, 1, 3).expect("a date, checked by the compiler");
const LAST: NaiveDate = NaiveDate::from_ymd_opt(2022, 3, 29).expect("a date, checked by the compiler");

/// Lines of business, with what is offered in them: the work, a skill, a shift, and pesos a month.
const TRADES: [(&str, &str, &str, &str, i64); 6] = [
    ("Maquila electrónica", "Operador de ensamble", "ASSEMBLY", "ROTATING", 9_600),
    ("Construcción", "Ayudante de albañil", "CONSTRUCTION", "MORNING", 10_400),
    ("Agricultura", "Jornalero agrícola", "FARM_WORK", "MORNING", 8_200),
    ("Restaurantes", "Auxiliar de cocina", "COOKING", "AFTERNOON", 8_800),
    ("Almacenes", "Auxiliar de almacén", "WAREHOUSE", "NIGHT", 9_900),
    ("Limpieza", "Personal de limpieza", "CLEANING", "MORNING", 7_900),
];

row! {
    /// An employer.
    Employer in "employers" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        name: String = TEXT,
        trade: &'static str = TEXT,
        contact: String = TEXT,
        agency: Option<&'static str> = TEXT,
        registered_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A vacancy.
    Vacancy in "vacancies" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        employer_id: Uuid = UUID,
        title: &'static str = TEXT,
        skills: Vec<&'static str> = TEXT_ARRAY,
        languages: Vec<&'static str> = TEXT_ARRAY,
        shift: &'static str = TEXT,
        starts_on: NaiveDate = DATE,
        wage: i64 = INT8,
        currency: &'static str = TEXT,
        openings: i32 = INT4,
        opened_on: NaiveDate = DATE,
        closed_on: Option<NaiveDate> = DATE,
    }
}

row! {
    /// A job fair or a training.
    Event in "job_events" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        kind: &'static str = TEXT,
        agency_id: Uuid = UUID,
        title: &'static str = TEXT,
        place: &'static str = TEXT,
        starts_on: NaiveDate = DATE,
        ends_on: NaiveDate = DATE,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A stand at a fair.
    Stand in "job_stands" {
        id: Uuid = UUID,
        event_id: Uuid = UUID,
        employer_id: Uuid = UUID,
        offered: i32 = INT4,
        interviewed: i32 = INT4,
        hired: i32 = INT4,
    }
}

/// What is held: kind, agency, title, how many days after the programme began, and how many days more it lasts.
const EVENTS: [(&str, &str, &str, u64, u64); 5] = [
    ("JOB_FAIR", "DIF_MUNICIPAL", "Primera feria del empleo", 44, 0),
    ("TRAINING", "INEA", "Español para el trabajo", 39, 11),
    ("TRAINING", "DIF_MUNICIPAL", "Seguridad en la planta", 60, 4),
    ("JOB_FAIR", "DIF_MUNICIPAL", "Segunda feria del empleo", 72, 0),
    ("JOB_FAIR", "DIF_MUNICIPAL", "Tercera feria del empleo", 93, 0),
];

/// The rows of these as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) employers: Vec<Employer>,
    /// Those that are filled first.
    pub(super) vacancies: Vec<Vacancy>,
    pub(super) events: Vec<Event>,
    pub(super) stands: Vec<Stand>,
}

impl Rows {
    /// Makes them as they stand on `day` at `now`.
    pub(super) fn generate(day: NaiveDate, now: DateTime<Utc>) -> Self {
        let mut rows = Self::default();
        if now < local(FIRST, 8) {
            return rows;
        }
        for (number, (trade, ..)) in (1..=EMPLOYERS).zip(TRADES.into_iter().cycle()) {
            rows.employers.push(Employer {
                id: employer_id(number - 1),
                programme_id: programme_id(),
                name: format!("Empresa de Ejemplo {number:02} (sintética)"),
                trade,
                contact: format!("empleo{number:02}@example.org"),
                agency: (number == 1).then_some(SIGNS_IN),
                registered_at: local(FIRST, 8),
            });
        }
        for number in 0..FILLED + LATER {
            rows.vacancy(number, day);
        }
        for event in &EVENTS {
            rows.event(event, day, now);
        }
        rows
    }

    /// One vacancy, where it is offered by then.
    fn vacancy(&mut self, number: usize, day: NaiveDate) {
        let mut random = Random::seeded(&format!("vacancies/{number}"));
        let later = number >= FILLED;
        let after = if later { random.between(20, 80) } else { random.between(0, 7) };
        let opened_on = FIRST + Days::new(after.unsigned_abs().into());
        if opened_on > day {
            return;
        }
        let employer = number % EMPLOYERS;
        let (_, title, skill, shift, pesos) =
            TRADES.get(employer % TRADES.len()).copied().unwrap_or(TRADES[0]);
        let also = random.pick(&["DRIVING", "WELDING", "SALES"]).copied().filter(|_| random.chance(25));
        let speaks = random.chance(30).then_some("es");
        let closes = !later && number.is_multiple_of(6) && LAST <= day;
        self.vacancies.push(Vacancy {
            id: id("vacancies", &number.to_string(), local(opened_on, 9)),
            programme_id: programme_id(),
            employer_id: employer_id(employer),
            title,
            skills: [skill].into_iter().chain(also).collect(),
            languages: speaks.into_iter().collect(),
            shift,
            starts_on: opened_on + Days::new(14),
            wage: (pesos + i64::from(random.between(0, 8)) * 100) * 100,
            currency: "MXN",
            openings: if later { 8 } else { OPENINGS },
            opened_on,
            closed_on: closes.then_some(LAST),
        });
    }

    /// One event, where it is announced by then.
    fn event(
        &mut self,
        (kind, agency, title, after, more): &(&'static str, &'static str, &'static str, u64, u64),
        day: NaiveDate,
        now: DateTime<Utc>,
    ) {
        let starts_on = STARTS_ON + Days::new(*after);
        let recorded_at = local(starts_on - Days::new(10), 10);
        if recorded_at > now {
            return;
        }
        let event_id = id("job events", title, recorded_at);
        self.events.push(Event {
            id: event_id,
            programme_id: programme_id(),
            kind,
            agency_id: agency_id(agency),
            title,
            place: "Centro de Desarrollo Humano de Ejemplo, Mexicali",
            starts_on,
            ends_on: starts_on + Days::new(*more),
            recorded_at,
        });
        let mut random = Random::seeded(&format!("job stands/{title}"));
        let is_over = starts_on < day;
        for employer in 0..EMPLOYERS {
            let (offered, interviewed) = (random.between(5, 30), random.between(10, 60));
            let hired = random.between(0, 10);
            if *kind != "JOB_FAIR" || !random.chance(40) {
                continue;
            }
            let came = |count: i32| if is_over { count } else { 0 };
            self.stands.push(Stand {
                id: id("job stands", &format!("{title}/{employer}"), recorded_at),
                event_id,
                employer_id: employer_id(employer),
                offered: came(offered),
                interviewed: came(interviewed),
                hired: came(hired),
            });
        }
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.employers).await?;
        copy(transaction, &self.vacancies).await?;
        copy(transaction, &self.events).await?;
        copy(transaction, &self.stands).await
    }
}

fn employer_id(number: usize) -> Uuid {
    id("employers", &number.to_string(), start())
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_DAY, ENDS_ON, NOON};
    use super::*;

    #[test]
    fn a_later_day_only_adds_and_closes() {
        let on = |day| Rows::generate(day, local(day, NOON));
        let (earlier, all) = (on(DEFAULT_DAY), on(ENDS_ON));
        assert!(earlier.vacancies.len() >= FILLED && all.vacancies.len() > earlier.vacancies.len());
        let known = |of: &Rows| of.vacancies.iter().map(|vacancy| vacancy.id).collect::<Vec<_>>();
        assert!(known(&earlier).iter().all(|vacancy| known(&all).contains(vacancy)));
        assert_eq!(all.events.len(), EVENTS.len());
        assert!(all.vacancies.iter().any(|vacancy| vacancy.closed_on.is_some()));
        assert!(on(STARTS_ON).employers.is_empty());
    }
}
