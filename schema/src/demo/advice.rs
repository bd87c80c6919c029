//! What OIM and ONU recommend, translate and teach.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::agencies::agency_id;
use super::shelters::Shelter;
use super::{Random, STARTS_ON, copy, id, local, programme_id};

/// Who recommends to whom, what, so many days after the programme began and due so many days later; what is answered, and what was done.
type Recommended = (
    (&'static str, &'static str),
    &'static str,
    &'static str,
    (u64, u64),
    (&'static str, &'static str),
    Option<(&'static str, &'static str)>,
);

const RECOMMENDED: [Recommended; 7] = [
    (
        ("OIM", "DIF_MUNICIPAL"),
        "Información en criollo haitiano",
        "Que los avisos de los albergues estén también en criollo haitiano y en francés.",
        (8, 14),
        ("ACCEPTED", "Se pedirán las traducciones y se colocarán en la entrada."),
        Some(("Avisos colocados en los albergues abiertos.", "FOLLOWED")),
    ),
    (
        ("ONU", "DIF_MUNICIPAL"),
        "Espacios separados por segmento",
        "Que las mujeres solas y las familias duerman en espacios que se cierran.",
        (12, 20),
        ("ACCEPTED", "Se reordenarán los espacios conforme se desocupen."),
        Some(("Reordenados los espacios de ocho albergues.", "PARTLY_FOLLOWED")),
    ),
    (
        ("OIM", "DSPM"),
        "Trato en los rondines",
        "Que quien hace rondines sepa unas frases en criollo y no pida papeles.",
        (18, 20),
        ("ACCEPTED", "Se dará una plática al turno nocturno."),
        Some(("Plática dada a dos turnos.", "FOLLOWED")),
    ),
    (
        ("ONU", "ISESALUD"),
        "Intérprete en las consultas",
        "Que haya intérprete en las consultas prenatales.",
        (25, 20),
        ("PARTLY_ACCEPTED", "Habrá intérprete dos días por semana."),
        Some(("Intérprete martes y jueves.", "PARTLY_FOLLOWED")),
    ),
    (
        ("OIM", "DIF_MUNICIPAL"),
        "Buzón de quejas",
        "Que en cada albergue haya un buzón de quejas que no pida nombre.",
        (34, 12),
        ("ACCEPTED", "Se instalarán buzones en enero."),
        None,
    ),
    (
        ("ONU", "SEDENA"),
        "Menú para lactancia",
        "Que las mujeres que amamantan reciban una colación más.",
        (42, 10),
        ("NOT_ACCEPTED", "La cocina sirve raciones iguales; la colación la da el DIF."),
        None,
    ),
    (
        ("OIM", "DIF_MUNICIPAL"),
        "Plan de salida por familia",
        "Que cada familia tenga por escrito a dónde irá y con qué apoyo.",
        (52, 30),
        ("ACCEPTED", "Se incorporará a la entrevista de egreso."),
        Some(("Formato en uso desde febrero.", "FOLLOWED")),
    ),
];

/// Who asks whom to translate what, into which language, so many days after the programme began and needed so many days later; whether
/// people are to read it, and after how many days it is delivered.
type Translated = (&'static str, &'static str, &'static str, &'static str, (u64, u64), bool, u64);

const TRANSLATED: [Translated; 10] = [
    ("DIF_MUNICIPAL", "OIM", "Reglamento del albergue", "ht", (9, 5), true, 3),
    ("DIF_MUNICIPAL", "OIM", "Reglamento del albergue", "fr", (9, 5), true, 4),
    ("DIF_MUNICIPAL", "ONU", "Aviso de privacidad", "ht", (11, 6), true, 5),
    ("DIF_MUNICIPAL", "ONU", "Aviso de privacidad", "fr", (11, 6), true, 5),
    ("ISESALUD", "OIM", "Consentimiento para vacunación", "ht", (17, 4), true, 4),
    ("UNICEF", "ONU", "Invitación a la escuela", "ht", (30, 10), true, 9),
    ("INEA", "OIM", "Programa de estudios presentado", "pt", (36, 12), false, 10),
    ("DIF_MUNICIPAL", "ONU", "Convocatoria de la feria del empleo", "ht", (44, 6), true, 16),
    ("DIF_MUNICIPAL", "OIM", "Contrato tipo de arrendamiento", "fr", (50, 15), true, 12),
    ("DSPM", "ONU", "Volante de números de emergencia", "ht", (53, 10), true, 30),
];

/// Whose tutorial it is, about what, for whom and by what, so many days after the programme began; its titles by language.
type Taught = (&'static str, [&'static str; 3], u64, &'static [(&'static str, &'static str)]);

const TAUGHT: [Taught; 4] = [
    (
        "OIM",
        ["RIGHTS", "EVERYONE", "VIDEO"],
        12,
        &[("es", "Tus derechos en México"), ("fr", "Vos droits au Mexique"), ("ht", "Dwa ou nan Meksik")],
    ),
    (
        "OIM",
        ["PROCEDURES", "FAMILIES", "LEAFLET"],
        20,
        &[("es", "Cómo pedir la CURP"), ("ht", "Kijan pou mande CURP")],
    ),
    (
        "ONU",
        ["EMPLOYMENT", "EVERYONE", "WORKSHOP"],
        30,
        &[("es", "Buscar trabajo formal"), ("fr", "Chercher un emploi"), ("ht", "Chèche travay fòmèl")],
    ),
    (
        "ONU",
        ["COEXISTENCE", "STAFF", "WORKSHOP"],
        36,
        &[("es", "Convivencia en el albergue"), ("en", "Living together in a shelter")],
    ),
];

row! {
    /// A recommendation.
    Recommendation in "recommendations" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        agency_id: Uuid = UUID,
        addressee_id: Uuid = UUID,
        title: &'static str = TEXT,
        body: &'static str = TEXT,
        made_on: NaiveDate = DATE,
        due_on: NaiveDate = DATE,
        answer: Option<&'static str> = TEXT,
        answer_note: Option<&'static str> = TEXT,
        answered_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        reported_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        verdict: Option<&'static str> = TEXT,
        verdict_note: Option<&'static str> = TEXT,
        verified_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// What was done for one.
    Report in "recommendation_reports" {
        id: Uuid = UUID,
        recommendation_id: Uuid = UUID,
        progress: &'static str = TEXT,
        evidence: Option<String> = TEXT,
        digest: Option<String> = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A translation.
    Translation in "translations" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        agency_id: Uuid = UUID,
        asker_id: Uuid = UUID,
        title: &'static str = TEXT,
        source: String = TEXT,
        source_language: &'static str = TEXT,
        target_language: &'static str = TEXT,
        asked_on: NaiveDate = DATE,
        needed_by: NaiveDate = DATE,
        to_publish: bool = BOOL,
        state: &'static str = TEXT,
        delivery: Option<String> = TEXT,
        digest: Option<String> = TEXT,
        delivered_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        reviewed_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A tutorial.
    Tutorial in "tutorials" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        agency_id: Uuid = UUID,
        topic: &'static str = TEXT,
        audience: &'static str = TEXT,
        format: &'static str = TEXT,
        published_on: NaiveDate = DATE,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A tutorial in one language.
    Edition in "tutorial_editions" {
        id: Uuid = UUID,
        tutorial_id: Uuid = UUID,
        language: &'static str = TEXT,
        title: &'static str = TEXT,
        reference: String = TEXT,
        digest: Option<String> = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// That one was given.
    Session in "tutorial_sessions" {
        id: Uuid = UUID,
        tutorial_id: Uuid = UUID,
        language: &'static str = TEXT,
        shelter_id: Uuid = UUID,
        held_on: NaiveDate = DATE,
        attended: i32 = INT4,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

/// The rows of what advisers give as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) recommendations: Vec<Recommendation>,
    pub(super) reports: Vec<Report>,
    pub(super) translations: Vec<Translation>,
    pub(super) tutorials: Vec<Tutorial>,
    pub(super) editions: Vec<Edition>,
    pub(super) sessions: Vec<Session>,
}

/// The digest of an invented document.
fn digest(document: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(document).iter().fold(String::with_capacity(64), |mut digits, byte| {
        // Writing to a text does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

fn later(at: DateTime<Utc>, days: i64, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    Some(at + TimeDelta::days(days)).filter(|then| *then <= now)
}

impl Rows {
    /// Makes them for the shelters that there are at `now`.
    pub(super) fn generate(shelters: &[Shelter], now: DateTime<Utc>) -> Self {
        let mut rows = Self::default();
        for recommended in RECOMMENDED {
            rows.recommend(recommended, now);
        }
        rows.translations =
            TRANSLATED.into_iter().filter_map(|translated| translate(translated, now)).collect();
        rows.translations.sort_by_key(|translation| translation.id);
        for taught in TAUGHT {
            rows.teach(taught, shelters, now);
        }
        rows.sessions.sort_by_key(|session| session.id);
        rows
    }

    fn recommend(&mut self, recommended: Recommended, now: DateTime<Utc>) {
        let ((agency, addressee), title, body, (after, due), (answer, note), done) = recommended;
        let made_on = STARTS_ON + Days::new(after);
        let recorded_at = local(made_on, 12);
        if recorded_at > now {
            return;
        }
        let recommendation = id("recommendations", title, recorded_at);
        let answered_at = later(recorded_at, 3, now);
        let reported_at = done.and_then(|_| later(recorded_at, 9, now));
        let verified_at = reported_at.and_then(|at| later(at, 5, now));
        let verdict = verified_at.and(done).map(|(_, verdict)| verdict);
        if let (Some((progress, _)), Some(recorded_at)) = (done, reported_at) {
            let evidence = format!("Informe sintético: {title}");
            self.reports.push(Report {
                id: id("recommendation_reports", title, recorded_at),
                recommendation_id: recommendation,
                progress,
                digest: Some(digest(&evidence)),
                evidence: Some(evidence),
                recorded_at,
            });
        }
        self.recommendations.push(Recommendation {
            id: recommendation,
            programme_id: programme_id(),
            agency_id: agency_id(agency),
            addressee_id: agency_id(addressee),
            title,
            body,
            made_on,
            due_on: made_on + Days::new(due),
            answer: answered_at.map(|_| answer),
            answer_note: answered_at.map(|_| note),
            answered_at,
            reported_at,
            verdict,
            verdict_note: verdict.map(|_| "Verificado en visita."),
            verified_at,
            recorded_at,
        });
    }

    fn teach(&mut self, taught: Taught, shelters: &[Shelter], now: DateTime<Utc>) {
        let (agency, [topic, audience, format], after, titles) = taught;
        let published_on = STARTS_ON + Days::new(after);
        let recorded_at = local(published_on, 10);
        if recorded_at > now {
            return;
        }
        let tutorial = id("tutorials", topic, recorded_at);
        self.tutorials.push(Tutorial {
            id: tutorial,
            programme_id: programme_id(),
            agency_id: agency_id(agency),
            topic,
            audience,
            format,
            published_on,
            recorded_at,
        });
        for (language, title) in titles {
            let reference = format!("Material sintético: {title} ({language})");
            self.editions.push(Edition {
                id: id("tutorial_editions", &format!("{topic}/{language}"), recorded_at),
                tutorial_id: tutorial,
                language,
                title,
                digest: Some(digest(&reference)),
                reference,
                recorded_at,
            });
        }
        for shelter in shelters {
            let mut random = Random::seeded(&format!("tutorial sessions/{topic}/{}", shelter.code));
            let held_on = published_on.max(shelter.opened_on) + Days::new(u64::from(random.below(20)) + 2);
            let given_at = local(held_on, 18);
            let open = shelter.closed_on.is_none_or(|closed| held_on < closed);
            if let Some((language, _)) = random.pick(titles).filter(|_| open && given_at <= now) {
                self.sessions.push(Session {
                    id: id("tutorial_sessions", &format!("{topic}/{}", shelter.code), given_at),
                    tutorial_id: tutorial,
                    language,
                    shelter_id: shelter.id,
                    held_on,
                    attended: random.between(12, 60),
                    recorded_at: given_at,
                });
            }
        }
    }

    /// Writes them, once there are the shelters.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.recommendations).await?;
        copy(transaction, &self.reports).await?;
        copy(transaction, &self.translations).await?;
        copy(transaction, &self.tutorials).await?;
        copy(transaction, &self.editions).await?;
        copy(transaction, &self.sessions).await
    }
}

/// A translation as far as it has come; none where it is not asked for by now.
fn translate(
    (asker, agency, title, language, (after, needed), to_publish, days): (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        (u64, u64),
        bool,
        u64,
    ),
    now: DateTime<Utc>,
) -> Option<Translation> {
    let asked_on = STARTS_ON + Days::new(after);
    let recorded_at = local(asked_on, 13);
    let delivered_at = later(recorded_at, i64::try_from(days).unwrap_or_default(), now);
    let reviewed_at = delivered_at.filter(|_| to_publish).and_then(|at| later(at, 2, now));
    let delivery = delivered_at.map(|_| format!("Traducción sintética: {title} ({language})"));
    (recorded_at <= now).then(|| Translation {
        id: id("translations", &format!("{title}/{language}"), recorded_at),
        programme_id: programme_id(),
        agency_id: agency_id(agency),
        asker_id: agency_id(asker),
        title,
        source: format!("Original sintético: {title}"),
        source_language: "es",
        target_language: language,
        asked_on,
        needed_by: asked_on + Days::new(needed),
        to_publish,
        state: match (delivered_at, reviewed_at) {
            (_, Some(_)) => "PUBLISHED",
            (Some(_), None) => "DELIVERED",
            (None, None) => "ASKED",
        },
        digest: delivery.as_deref().map(digest),
        delivery,
        delivered_at,
        reviewed_at,
        recorded_at,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{DEFAULT_DAY, NOON, shelters};
    use super::*;

    #[test]
    fn the_default_day_has_answers_verdicts_and_what_is_late() {
        let made = Rows::generate(&shelters::Rows::generate(DEFAULT_DAY).shelters, local(DEFAULT_DAY, NOON));
        let answers: BTreeSet<_> = made.recommendations.iter().filter_map(|made| made.answer).collect();
        assert_eq!(answers, ["ACCEPTED", "NOT_ACCEPTED", "PARTLY_ACCEPTED"].into());
        assert!(made.recommendations.iter().any(|made| made.verdict == Some("FOLLOWED")));
        let late = |made: &&Recommendation| made.due_on < DEFAULT_DAY && made.verdict != Some("FOLLOWED");
        assert!(made.recommendations.iter().any(|made| late(&made)));
        let languages: BTreeSet<_> = made.translations.iter().map(|made| made.target_language).collect();
        assert!(languages.is_superset(&["fr", "ht"].into()));
        assert!(made.translations.iter().any(|made| made.state == "ASKED" && made.needed_by < DEFAULT_DAY));
        assert!(made.translations.iter().any(|made| made.state == "PUBLISHED"));
        assert_eq!(made.tutorials.len(), TAUGHT.len());
        assert!(made.sessions.len() > 12);
    }
}
