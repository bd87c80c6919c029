//! Who fits a vacancy, or which vacancies fit somebody, and why: by the rule ENLACE-MATCH/1, which reads the work profile and nothing else
//! of a person.

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::cmp::Reverse;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::{Vacancy, load, vacancies_by_ids};
use crate::census::tables::persons;
use crate::census::{self, FactRow, Person, PersonFacts, fact_columns};
use crate::context::{Context, refused_root};
use crate::employment::applications::{JobApplication, applications_between, applications_by_ids};
use crate::employment::profiles::{Abilities, WORK_PROFILE, WorkPermit};
use crate::employment::tables::work_profiles;
use crate::employment::{Skill, WorkShift};
use crate::error::{Code, Error, Result};
use crate::graph::{Facts, Graph, input, record};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

/// The rule's name: it changes with what it asks.
const RULE: &str = "ENLACE-MATCH/1";
/// How many matches are shown, and at most.
const SHOWN: i32 = 20;
const MOST_SHOWN: i32 = 100;

record! {
    /// How what somebody can do fits a vacancy, by a published rule.
    pub struct JobMatch: "JobMatch" as JobApplication {
        /// The rule.
        rule: String => Employment,
        /// Whether they have all that is needed, in time and in the shift.
        fits: bool => Employment,
        /// What they can do of what is needed.
        skills_met: Vec<Skill> => Employment,
        /// What is needed and they have not said that they can do.
        skills_missing: Vec<Skill> => Employment,
        /// The languages that are needed and that they have not said to work in.
        languages_missing: Vec<String> => Employment,
        /// Whether they can begin when the work does.
        available_in_time: bool => Employment,
        /// Whether they can work in the shift.
        shift_fits: bool => Employment,
        /// What is known of their permit to work. It decides nothing.
        work_permit: WorkPermit => Employment,
        /// What they worked as.
        occupation: Option<String> => Employment,
        /// For how many years.
        experience_years: i32 => Employment,
        /// Whose it is.
        person_id: Uuid,
        /// The vacancy.
        vacancy_id: Uuid,
        /// Their application for it.
        application_id: Option<Uuid>,
        /// Code of the agency as which the employer's contacts sign in.
        agency: Option<String>,
        /// The facts of the person.
        person: PersonFacts,
    }
}

impl Facts for JobMatch {
    fn fact(&self, fact: Fact) -> Option<&str> {
        Judged { agency: self.agency.as_deref(), person: &self.person }.of(fact)
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.person.members(fact)
    }
}

/// A match as policies see it, before anything of the person is opened.
struct Judged<'a> {
    agency: Option<&'a str>,
    person: &'a PersonFacts,
}

impl<'a> Judged<'a> {
    fn of(&self, fact: Fact) -> Option<&'a str> {
        if fact == Fact::Agency { self.agency } else { self.person.fact(fact) }
    }
}

impl Facts for Judged<'_> {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.of(fact)
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.person.members(fact)
    }
}

/// What a vacancy asks for.
struct Asked<'a> {
    skills: &'a [Skill],
    languages: &'a [String],
    shift: WorkShift,
    starts_on: NaiveDate,
}

impl<'a> From<&'a Vacancy> for Asked<'a> {
    fn from(vacancy: &'a Vacancy) -> Self {
        let Vacancy { skills, languages, shift, starts_on, .. } = vacancy;
        Self { skills, languages, shift: *shift, starts_on: *starts_on }
    }
}

/// What the rule finds.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    met: Vec<Skill>,
    missing: Vec<Skill>,
    languages_missing: Vec<String>,
    in_time: bool,
    shift_fits: bool,
}

impl Found {
    fn by_rule(asked: &Asked<'_>, of: &Abilities) -> Self {
        let (met, missing) = asked.skills.iter().partition(|skill| of.skills.contains(skill));
        let languages = asked.languages.iter().filter(|language| !of.languages.contains(language));
        Self {
            met,
            missing,
            languages_missing: languages.cloned().collect(),
            in_time: of.available_from <= asked.starts_on,
            shift_fits: of.shifts.contains(&asked.shift),
        }
    }

    fn fits(&self) -> bool {
        self.missing.is_empty() && self.languages_missing.is_empty() && self.in_time && self.shift_fits
    }

    /// Whether it is worth showing: somebody has something of what is needed.
    fn is_near(&self) -> bool {
        !self.met.is_empty() || self.missing.is_empty()
    }
}

input! {
    /// Of what matches are asked: of one vacancy, or of one person.
    pub struct JobMatchesArguments {
        /// The people who fit this vacancy.
        pub vacancy: Option<Id<Vacancy>>,
        /// The vacancies with an opening that is free which fit this person.
        pub person: Option<Id<Person>>,
        /// How many at most, the best first: 1 to 100; 20 where it is left out.
        pub first: Option<i32>,
    }
}

/// A work profile's row: its person's key, what is sealed, and the facts of the person.
type Row = (Uuid, Vec<u8>, FactRow);

/// The best matches, as far as the caller may see them.
async fn job_matches(context: Context, arguments: JobMatchesArguments) -> Result<Vec<JobMatch>> {
    let shown = arguments.first.unwrap_or(SHOWN);
    let shown = usize::try_from(shown)
        .ok()
        .filter(|_| (1..=MOST_SHOWN).contains(&shown))
        .ok_or_else(|| Error::new(Code::InvalidArgument, "first is 1 to 100."))?;
    let vacancies = match (arguments.vacancy, arguments.person) {
        (Some(vacancy), None) => vacancies_by_ids(context.clone(), vec![vacancy.uuid()]).await?,
        (None, Some(_)) => load::vacancies_available(&context).await?,
        _ => return Err(Error::new(Code::InvalidArgument, "Name either a vacancy or a person.")),
    };
    let scope =
        context.personal_scope(Class::Employment, RecordType::JobApplication)?.ok_or_else(refused_root)?;
    let at = scope.at();
    let mut query = work_profiles::table
        .inner_join(persons::table.left_join(shelters::table))
        .filter(work_profiles::programme_id.eq(context.programme_id()))
        .filter(persons::merged_into.is_null())
        .filter(persons::adult_from.le(at.day))
        .order(work_profiles::person_id)
        .select((work_profiles::person_id, work_profiles::profile, fact_columns(at)))
        .into_boxed::<Pg>();
    if let Some(person) = arguments.person {
        query = query.filter(work_profiles::person_id.eq(person.uuid()));
    }
    let rows: Vec<Row> = query.load(&mut &*context.reader().await?).await?;
    let mut candidates = Vec::with_capacity(rows.len());
    for (person_id, sealed, facts) in rows {
        let person = PersonFacts::of(facts, at);
        let seen =
            |vacancy: &&Vacancy| scope.has(&Judged { agency: vacancy.agency.as_deref(), person: &person });
        let seen: Vec<&Vacancy> = vacancies.iter().filter(seen).collect();
        if !seen.is_empty() {
            candidates.push((person_id, sealed, person, seen));
        }
    }
    let keys = context.vault().keys(candidates.iter().map(|candidate| candidate.0).collect()).await?;
    let mut matches = Vec::new();
    for (person_id, sealed, person, seen) in candidates {
        let Some(abilities) = keys.open::<Abilities>(person_id, WORK_PROFILE, &sealed)? else { continue };
        for vacancy in seen {
            let found = Found::by_rule(&Asked::from(vacancy), &abilities);
            if found.is_near() {
                matches.push(job_match(vacancy, (person_id, person.clone()), &abilities, found));
            }
        }
    }
    context.hide_order(&mut matches, |one| one.person_id);
    matches.sort_by_key(|one| {
        let lacks = one.skills_missing.len().saturating_add(one.languages_missing.len());
        let (late, other_shift) = (!one.available_in_time, !one.shift_fits);
        (!one.fits, lacks, late, other_shift, Reverse(one.experience_years))
    });
    matches.truncate(shown);
    let between = matches.iter().map(|one| (one.person_id, one.vacancy_id)).collect();
    let applied = applications_between(&context, between).await?;
    for one in &mut matches {
        let theirs = |(_, person, vacancy): &&(Uuid, Uuid, Uuid)| {
            (*person, *vacancy) == (one.person_id, one.vacancy_id)
        };
        one.application_id = applied.iter().rfind(theirs).map(|(application, ..)| *application);
    }
    context.discloses(matches.iter().map(|one| one.person_id));
    Ok(matches)
}

fn job_match(
    vacancy: &Vacancy,
    (person_id, person): (Uuid, PersonFacts),
    abilities: &Abilities,
    found: Found,
) -> JobMatch {
    JobMatch {
        rule: RULE.to_owned(),
        fits: found.fits(),
        skills_met: found.met,
        skills_missing: found.missing,
        languages_missing: found.languages_missing,
        available_in_time: found.in_time,
        shift_fits: found.shift_fits,
        work_permit: abilities.work_permit,
        occupation: abilities.occupation.clone(),
        experience_years: abilities.experience_years,
        person_id,
        vacancy_id: vacancy.id.uuid(),
        application_id: None,
        agency: vacancy.agency.clone(),
        person,
    }
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<JobMatch>(|found| {
        found
            .one(
                "person",
                Class::Identity,
                "Who fits; null where the caller may not know them.",
                |found| Some(found.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "vacancy",
                Class::Employment,
                "The vacancy.",
                |found| Some(found.vacancy_id),
                vacancies_by_ids,
                |vacancy: &Vacancy| vacancy.id.uuid(),
            )
            .one(
                "application",
                Class::Employment,
                "Their application for it, the last one; null where there is none.",
                |found| found.application_id,
                applications_by_ids,
                |application: &JobApplication| application.id.uuid(),
            )
            .in_scope::<JobApplication>()
    });
    graph
        .query(
            "jobMatches",
            Class::Employment,
            "Who fits a vacancy, or which vacancies fit somebody, the best first, with the reasons. Needs a purpose.",
        )
        .list(job_matches);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2022, 2, day).unwrap()
    }

    fn somebody() -> Abilities {
        Abilities {
            occupation: Some("Albañil".into()),
            experience_years: 4,
            skills: vec![Skill::Construction, Skill::Welding],
            languages: vec!["ht".into(), "es".into()],
            shifts: vec![WorkShift::Morning],
            available_from: day(10),
            work_permit: WorkPermit::Unknown,
        }
    }

    #[test]
    fn who_has_all_that_is_needed_fits_and_the_rest_is_named() {
        let (skills, languages) = ([Skill::Construction], ["es".to_owned()]);
        let asked =
            Asked { skills: &skills, languages: &languages, shift: WorkShift::Morning, starts_on: day(10) };
        assert!(Found::by_rule(&asked, &somebody()).fits());
        let skills = [Skill::Driving, Skill::Welding];
        let languages = ["en".to_owned()];
        let asked =
            Asked { skills: &skills, languages: &languages, shift: WorkShift::Night, starts_on: day(9) };
        let found = Found::by_rule(&asked, &somebody());
        let expected = Found {
            met: vec![Skill::Welding],
            missing: vec![Skill::Driving],
            languages_missing: vec!["en".into()],
            in_time: false,
            shift_fits: false,
        };
        assert_eq!(found, expected);
        assert!(!found.fits() && found.is_near());
    }

    #[test]
    fn who_has_nothing_of_it_is_not_shown_and_where_nothing_is_needed_everyone_is() {
        let asked = |skills| Asked { skills, languages: &[], shift: WorkShift::Morning, starts_on: day(20) };
        assert!(!Found::by_rule(&asked(&[Skill::Sewing]), &somebody()).is_near());
        assert!(Found::by_rule(&asked(&[]), &somebody()).fits());
    }
}
