//! What agencies ask of one another: standing work of the programme, and what somebody's case needs.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::America::Tijuana;
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::agencies::agency_id;
use super::people::{Departure, Referral};
use super::shelters::Shelter;
use super::{Random, STARTS_ON, copy, id, local, programme_id};

/// What comes of a task.
#[derive(Clone, Copy)]
enum Fate {
    /// It is taken, and done after so many days, with this outcome.
    Done(u64, &'static str),
    /// It is declined, for this reason.
    Declined(&'static str),
    /// It is withdrawn after so many days, for this reason.
    Withdrawn(u64, &'static str),
    /// It is withdrawn when the case ends that it is of.
    CaseEnded(DateTime<Utc>),
    /// It is over when whoever it is about leaves.
    Departed(DateTime<Utc>),
}

/// Who asks whom, for what, in which shelter, how soon, so many days after the programme began, due so many days later, and what comes
/// of it.
type Asked = (
    (&'static str, &'static str),
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
    (u64, u64),
    Fate,
);

const ASKED: [Asked; 16] = [
    (
        ("DIF_MUNICIPAL", "DSPM"),
        "Rondín nocturno",
        "Pasar por el albergue entre las 22:00 y las 6:00 mientras se regulariza el alumbrado de la calle.",
        Some("ALB-01"),
        "HIGH",
        (3, 5),
        Fate::Done(4, "Se incluyó en el recorrido del sector."),
    ),
    (
        ("DIF_MUNICIPAL", "ISESALUD"),
        "Jornada de vacunación",
        "Aplicar el esquema básico a niñas y niños del albergue.",
        Some("ALB-02"),
        "HIGH",
        (10, 7),
        Fate::Done(6, "Jornada realizada en una mañana."),
    ),
    (
        ("DIF_MUNICIPAL", "SEDENA"),
        "Menú sin cerdo",
        "Prever una opción sin cerdo en la comida y en la cena.",
        None,
        "NORMAL",
        (14, 5),
        Fate::Done(3, "La opción quedó en el menú semanal."),
    ),
    (
        ("ISESALUD", "DIF_MUNICIPAL"),
        "Espacio ventilado para valoraciones",
        "Apartar un salón con ventana y lavabo para las valoraciones médicas.",
        Some("ALB-03"),
        "HIGH",
        (16, 4),
        Fate::Done(3, "Se apartó el salón de usos múltiples."),
    ),
    (
        ("DIF_MUNICIPAL", "PCE"),
        "Revisión de extintores",
        "Revisar carga y colocación de los extintores.",
        Some("ALB-04"),
        "NORMAL",
        (20, 10),
        Fate::Done(9, "Dos extintores recargados y señalizados."),
    ),
    (
        ("UNICEF", "DIF_MUNICIPAL"),
        "Área de juego segura",
        "Separar un área de juego lejos del paso de vehículos.",
        Some("ALB-02"),
        "NORMAL",
        (24, 10),
        Fate::Done(12, "Área delimitada con mamparas."),
    ),
    (
        ("DIF_MUNICIPAL", "IMDECUF"),
        "Préstamo de canchas",
        "Prestar las canchas dos tardes por semana para actividades de adolescentes.",
        None,
        "LOW",
        (27, 8),
        Fate::Declined("Las canchas están en mantenimiento hasta marzo."),
    ),
    (
        ("DIF_MUNICIPAL", "RP"),
        "Convocatoria de cobijas",
        "Publicar la convocatoria de acopio de cobijas para la ola de frío.",
        None,
        "URGENT",
        (29, 3),
        Fate::Done(2, "Convocatoria publicada en radio y redes."),
    ),
    (
        ("DSPM", "DIF_MUNICIPAL"),
        "Registro de visitas",
        "Llevar un registro de visitas en la entrada, sin retener identificaciones.",
        Some("ALB-05"),
        "NORMAL",
        (33, 7),
        Fate::Done(40, "Registro en uso en la entrada."),
    ),
    (
        ("DIF_MUNICIPAL", "NGO_BOTIQUIN_SOLIDARIO"),
        "Reposición de botiquines",
        "Reponer los botiquines de primeros auxilios de los doce albergues.",
        None,
        "HIGH",
        (36, 10),
        Fate::Done(24, "Botiquines repuestos en los doce albergues."),
    ),
    (
        ("DIF_MUNICIPAL", "INEA"),
        "Calendario de revalidaciones",
        "Proponer fechas para recibir solicitudes de revalidación en los albergues.",
        None,
        "NORMAL",
        (40, 9),
        Fate::Done(20, "Calendario enviado para febrero y marzo."),
    ),
    (
        ("PCE", "BISOM"),
        "Ruta de evacuación",
        "Despejar y señalizar la salida posterior del centro.",
        Some("ALB-06"),
        "URGENT",
        (44, 4),
        Fate::Done(15, "Salida despejada y señalizada."),
    ),
    (
        ("DIF_MUNICIPAL", "DIF_ESTATAL"),
        "Despensas de febrero",
        "Confirmar la cantidad de despensas para febrero.",
        None,
        "NORMAL",
        (48, 12),
        Fate::Done(10, "Cantidad confirmada por oficio."),
    ),
    (
        ("OIM", "DIF_MUNICIPAL"),
        "Mamparas para entrevistas",
        "Dar privacidad al lugar donde se orienta sobre trámites.",
        Some("ALB-07"),
        "NORMAL",
        (50, 6),
        Fate::Withdrawn(4, "La orientación se da ahora en otra sede."),
    ),
    (
        ("DIF_MUNICIPAL", "CDM"),
        "Recolección de basura",
        "Gestionar una segunda recolección semanal en los albergues más llenos.",
        None,
        "HIGH",
        (51, 5),
        Fate::Done(9, "Segunda recolección los jueves."),
    ),
    (
        ("DIF_MUNICIPAL", "ISESALUD"),
        "Plática de higiene",
        "Dar una plática de higiene y lavado de manos.",
        Some("ALB-08"),
        "LOW",
        (53, 14),
        Fate::Done(12, "Plática dada a dos grupos."),
    ),
];

/// Of how many cases in a hundred something is asked of the other agency.
const OF_CASES: u32 = 8;

row! {
    /// A task.
    Task in "tasks" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        agency_id: Uuid = UUID,
        assignee_id: Uuid = UUID,
        title: &'static str = TEXT,
        request: &'static str = TEXT,
        shelter_id: Option<Uuid> = UUID,
        referral_id: Option<Uuid> = UUID,
        priority: &'static str = TEXT,
        asked_on: NaiveDate = DATE,
        due_on: NaiveDate = DATE,
        state: &'static str = TEXT,
        answer: Option<&'static str> = TEXT,
        answered_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        outcome: Option<&'static str> = TEXT,
        ended_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        ended_because: Option<&'static str> = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

/// The rows of tasks as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) tasks: Vec<Task>,
}

impl Rows {
    /// Makes them for the shelters, the referrals and the departures that there are at `now`.
    pub(super) fn generate(
        shelters: &[Shelter],
        (referrals, departures): (&[Referral], &[Departure]),
        now: DateTime<Utc>,
    ) -> Self {
        let mut tasks: Vec<Task> = ASKED.iter().filter_map(|asked| standing(asked, shelters, now)).collect();
        tasks.extend(referrals.iter().filter_map(|referral| of_case(referral, departures, now)));
        tasks.sort_by_key(|task| task.id);
        Self { tasks }
    }

    /// Writes them, once there are the referrals.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.tasks).await
    }
}

/// A task of the programme; none where it is not asked by now.
fn standing(asked: &Asked, shelters: &[Shelter], now: DateTime<Utc>) -> Option<Task> {
    let (between, title, request, shelter, priority, (after, due), fate) = *asked;
    let asked_on = STARTS_ON + Days::new(after);
    let shelter_id = match shelter {
        Some(code) => Some(shelters.iter().find(|shelter| shelter.code == code)?.id),
        None => None,
    };
    let recorded_at = local(asked_on, 10);
    let task = Task {
        id: id("tasks", title, recorded_at),
        programme_id: programme_id(),
        agency_id: agency_id(between.0),
        assignee_id: agency_id(between.1),
        title,
        request,
        shelter_id,
        referral_id: None,
        priority,
        asked_on,
        due_on: asked_on + Days::new(due),
        state: "PROPOSED",
        answer: None,
        answered_at: None,
        outcome: None,
        ended_at: None,
        ended_because: None,
        recorded_at,
    };
    (recorded_at <= now).then(|| task.brought_to(fate, recorded_at + TimeDelta::hours(20), now))
}

/// What somebody's case needs; none where it needs nothing, or nothing by now. On the day on which they leave nobody asks, answers or does
/// anything about them any more.
fn of_case(referral: &Referral, departures: &[Departure], now: DateTime<Utc>) -> Option<Task> {
    let mut random = Random::seeded(&format!("tasks/{}", referral.id));
    let (is_asked, done_after) = (random.chance(OF_CASES), random.below(12) + 2);
    let recorded_at = referral.accepted_at.filter(|_| is_asked)? + TimeDelta::hours(2);
    let departure = departures.iter().find(|departure| departure.person_id == referral.person_id);
    let left_at = departure.and_then(|departure| departure.departed_at);
    let is_before_they_leave = |at| left_at.is_none_or(|left_at| day_of(at) < day_of(left_at));
    if recorded_at > now || !is_before_they_leave(recorded_at) {
        return None;
    }
    let asked_on = day_of(recorded_at);
    let done_at = recorded_at + TimeDelta::days(done_after.into());
    let ended_at = referral.ended_at.filter(|at| *at < done_at && is_before_they_leave(*at));
    let fate = match (ended_at, left_at) {
        (Some(ended_at), _) => Fate::CaseEnded(ended_at),
        (None, Some(left_at)) if !is_before_they_leave(done_at) => Fate::Departed(left_at),
        (None, _) => Fate::Done(done_after.into(), "Se llevó a cabo y se informó."),
    };
    let task = Task {
        id: id("tasks", &referral.id.to_string(), recorded_at),
        programme_id: programme_id(),
        agency_id: agency_id(referral.sender),
        assignee_id: agency_id(referral.recipient),
        title: "Acompañamiento del caso",
        request: "Acordar la primera cita y avisar de la fecha.",
        shelter_id: None,
        referral_id: Some(referral.id),
        priority: if random.chance(30) { "HIGH" } else { "NORMAL" },
        asked_on,
        due_on: asked_on + Days::new(5),
        state: "PROPOSED",
        answer: None,
        answered_at: None,
        outcome: None,
        ended_at: None,
        ended_because: None,
        recorded_at,
    };
    Some(task.brought_to(fate, recorded_at + TimeDelta::hours(1), now))
}

/// The day on which something is, where the programme is.
fn day_of(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Tijuana).date_naive()
}

impl Task {
    /// As far as it has come.
    fn brought_to(self, fate: Fate, answers_at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let recorded_at = self.recorded_at;
        let after = |days: u64| {
            let days = TimeDelta::days(i64::try_from(days).unwrap_or_default());
            (recorded_at + days).max(answers_at)
        };
        let is_in_time = |at: &DateTime<Utc>| match fate {
            Fate::Departed(left_at) => day_of(*at) < day_of(left_at),
            _ => true,
        };
        let answered_at = Some(answers_at).filter(|at| *at <= now).filter(is_in_time);
        let (state, ended_at, outcome, ended_because) = match fate {
            Fate::Declined(_) if answered_at.is_none() => return self,
            Fate::Declined(answer) => {
                return Self { state: "DECLINED", answer: Some(answer), answered_at, ..self };
            }
            Fate::Done(days, outcome) => ("DONE", after(days), Some(outcome), None),
            Fate::Withdrawn(days, reason) => ("WITHDRAWN", after(days), Some(reason), Some("ASKER")),
            Fate::CaseEnded(at) => ("WITHDRAWN", at, Some("El caso terminó."), Some("ASKER")),
            Fate::Departed(at) => ("WITHDRAWN", at, None, Some("DEPARTED")),
        };
        if ended_at <= now {
            return Self { state, answered_at, outcome, ended_at: Some(ended_at), ended_because, ..self };
        }
        let state = if answered_at.is_some() { "ACCEPTED" } else { self.state };
        Self { state, answered_at, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{DEFAULT_DAY, ENDS_ON, NOON, people, shelters};
    use super::*;

    fn on(day: NaiveDate) -> Rows {
        let now = local(day, NOON);
        let people = people::Rows::generate(day, now).unwrap();
        let cases = (people.referrals.as_slice(), people.departures.as_slice());
        Rows::generate(&shelters::Rows::generate(day).shelters, cases, now)
    }

    #[test]
    fn the_default_day_has_tasks_in_several_states_some_overdue_and_some_of_cases() {
        let made = on(DEFAULT_DAY);
        let states: BTreeSet<_> = made.tasks.iter().map(|task| task.state).collect();
        assert!(states.is_superset(&["ACCEPTED", "DECLINED", "DONE"].into()), "{states:?}");
        assert!(made.tasks.iter().any(|task| task.state == "ACCEPTED" && task.due_on < DEFAULT_DAY));
        assert!(made.tasks.iter().any(|task| task.referral_id.is_some()));
    }

    #[test]
    fn nothing_is_open_when_the_programme_closes_and_what_is_about_somebody_ends_with_their_case() {
        let closed = on(ENDS_ON).tasks;
        let open = ["PROPOSED", "ACCEPTED"];
        assert!(closed.iter().all(|task| !open.contains(&task.state)));
        for because in ["ASKER", "DEPARTED"] {
            let ends = |task: &&Task| task.referral_id.is_some() && task.ended_because == Some(because);
            assert!(closed.iter().any(|task| ends(&task)), "{because}");
        }
        for task in closed.iter().filter(|task| task.ended_because == Some("DEPARTED")) {
            let left_on = task.ended_at.map(day_of);
            assert!(task.outcome.is_none() && task.answered_at.map(day_of) < left_on, "{task:?}");
        }
    }
}
