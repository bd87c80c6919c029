//! The cases that stand beside the policies: what someone may or may not do, and by which policy.

use std::{collections::BTreeSet, fmt, path::Path, sync::Arc};

use cedar_policy::PolicyId;
use serde::{Deserialize, Serialize};

use crate::{
    Answer, Class, DEFAULT_DENY, Error, Finding, NamedFacts, Policies, Principal, RecordType, Verb,
    authorizer::{Authorizer, Verdict},
    case_text::FileText,
    class::Question,
    load::{Source, line_at},
};

/// How the names of the files of cases end.
const ENDING: &str = ".tests.toml";

/// The files of cases of this crate, in the order of their names. A test compares them with the folder.
const BUILT_IN: &[(&str, &str)] = &[
    ("agencies.tests.toml", include_str!("../agencies.tests.toml")),
    ("always.tests.toml", include_str!("../always.tests.toml")),
    ("break_glass.tests.toml", include_str!("../break_glass.tests.toml")),
    ("census.tests.toml", include_str!("../census.tests.toml")),
    ("coordination.tests.toml", include_str!("../coordination.tests.toml")),
    ("donations.tests.toml", include_str!("../donations.tests.toml")),
    ("education.tests.toml", include_str!("../education.tests.toml")),
    ("employment.tests.toml", include_str!("../employment.tests.toml")),
    ("funds.tests.toml", include_str!("../funds.tests.toml")),
    ("health.tests.toml", include_str!("../health.tests.toml")),
    ("housing.tests.toml", include_str!("../housing.tests.toml")),
    ("incidents.tests.toml", include_str!("../incidents.tests.toml")),
    ("indicators.tests.toml", include_str!("../indicators.tests.toml")),
    ("inspections.tests.toml", include_str!("../inspections.tests.toml")),
    ("intake.tests.toml", include_str!("../intake.tests.toml")),
    ("journal.tests.toml", include_str!("../journal.tests.toml")),
    ("meals.tests.toml", include_str!("../meals.tests.toml")),
    ("shelters.tests.toml", include_str!("../shelters.tests.toml")),
    ("volunteers.tests.toml", include_str!("../volunteers.tests.toml")),
    ("webhooks.tests.toml", include_str!("../webhooks.tests.toml")),
];

/// The cases of a folder of policies, read and ready to be tried.
#[derive(Debug, Clone)]
pub struct Cases(Vec<Case>);

/// One case: every caller that it names asks every one of its questions, and all get the same answer.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) name: String,
    /// Each with its name in the file.
    pub(crate) callers: Vec<(String, Principal)>,
    pub(crate) questions: Vec<(Question, NamedFacts)>,
    /// Where single fields, arguments or operations are meant: their coordinates.
    pub(crate) coordinates: Vec<String>,
    pub(crate) expected: Outcome,
}

/// An answer and the policies that it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Allow or deny.
    pub answer: Expected,
    /// The `@id`s of the policies that determine it; [`DEFAULT_DENY`] alone where none permits.
    pub by: BTreeSet<String>,
}

/// What a case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// It is allowed.
    Allow,
    /// It is refused.
    Deny,
}

/// What came of trying the cases.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How many cases there are.
    pub cases: usize,
    /// How many questions they ask: each caller of a case asks each of its questions.
    pub questions: usize,
    /// The questions that got another answer than the case expects, or for another reason.
    pub failures: Vec<Failure>,
    /// The policies that the cases do not try both ways. A policy is tried where it determines an answer,
    /// and where it does not apply although the question is about the same class and type of record.
    pub untried: Vec<Finding>,
}

/// A question whose answer is not the expected one.
#[derive(Debug, Serialize)]
pub struct Failure {
    /// The file of the case, by its name in the folder of policies.
    pub file: String,
    /// The line of its name, counted from 1.
    pub line: usize,
    /// Its name.
    pub case: String,
    /// Who asked what.
    pub question: String,
    /// What the case expects.
    pub expected: Outcome,
    /// What Cedar's authorizer says.
    pub found: Outcome,
    /// What the compiled answer says, which must be the same.
    pub compiled: Expected,
}

impl Cases {
    /// The cases that this crate carries.
    pub fn built_in() -> Result<Self, Error> {
        Self::from_sources(&Source::built_in(BUILT_IN))
    }

    /// The cases in every `*.tests.toml` file of a folder of policies.
    pub fn from_dir(folder: &Path) -> Result<Self, Error> {
        Self::from_sources(&Source::of_folder(folder, ENDING)?)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that expect an answer to rest on this policy.
    #[must_use]
    pub fn resting_on(&self, policy: &str) -> Self {
        Self(self.0.iter().filter(|case| case.expected.by.contains(policy)).cloned().collect())
    }

    /// Checks the coordinates that cases name: each is there, and is what the case asks. Only the schema knows them, and so
    /// it is handed in: what a coordinate is judged by; none where there is no such coordinate.
    pub fn check_coordinates(
        &self,
        judged: impl Fn(&str) -> Option<(Verb, Class, RecordType)>,
    ) -> Result<(), Error> {
        let mut findings = Vec::new();
        for case in &self.0 {
            for coordinate in &case.coordinates {
                let Some((verb, class, record)) = judged(coordinate) else {
                    findings.push(case.finding(&format!("the schema has no coordinate `{coordinate}`")));
                    continue;
                };
                let question = Question { verb, class, record };
                if !case.questions.iter().any(|(asked, _)| *asked == question) {
                    let message = format!(
                        "`{coordinate}` is decided by `{}` on `{record}`, which the case does not ask",
                        question.action()
                    );
                    findings.push(case.finding(&message));
                }
            }
        }
        if findings.is_empty() { Ok(()) } else { Err(Error::Rejected(findings)) }
    }

    /// Who asks what in them, of records of which type.
    pub fn questions(&self) -> impl Iterator<Item = (&Principal, Verb, Class, RecordType)> {
        self.0.iter().flat_map(|case| {
            case.callers.iter().flat_map(move |(_, principal)| {
                let asked = |(question, _): &(Question, NamedFacts)| {
                    let Question { verb, class, record } = *question;
                    (verb, class, record)
                };
                case.questions
                    .iter()
                    .map(asked)
                    .map(move |(verb, class, record)| (principal, verb, class, record))
            })
        })
    }

    fn from_sources(files: &[Source]) -> Result<Self, Error> {
        let mut cases = Vec::new();
        let mut findings = Vec::new();
        for file in files {
            match toml::from_str::<FileText>(&file.text) {
                Ok(read) => {
                    for text in read.case {
                        let line = line_at(&file.text, text.name.span().start);
                        match text.understood(&file.name, line) {
                            Ok(case) => cases.push(case),
                            Err(message) => findings.push(Finding::new(&file.name, line, &message)),
                        }
                    }
                }
                Err(error) => {
                    let line = line_at(&file.text, error.span().map_or(0, |span| span.start));
                    findings.push(Finding::new(&file.name, line, error.message()));
                }
            }
        }
        if findings.is_empty() { Ok(Self(cases)) } else { Err(Error::Rejected(findings)) }
    }

    /// Tries every case: each question is put to Cedar's own authorizer and to the compiled answers, and both
    /// must say what the case expects.
    pub fn run(&self, policies: &Policies) -> Result<Report, Error> {
        let authorizer = Authorizer::new(policies)?;
        let mut report =
            Report { cases: self.len(), questions: 0, failures: Vec::new(), untried: Vec::new() };
        let mut tried = Tried::default();
        for case in &self.0 {
            for (name, principal) in &case.callers {
                for (question, facts) in &case.questions {
                    report.questions += 1;
                    let wrong = |error: Error| Error::Rejected(vec![case.finding(&error.to_string())]);
                    let verdict = authorizer.decide(principal, *question, facts).map_err(wrong)?;
                    let compiled = compiled(policies, principal, *question, facts)?;
                    let found = Outcome::of(&verdict);
                    if found == case.expected && compiled == found.answer {
                        tried.note(policies, *question, &verdict);
                        continue;
                    }
                    report.failures.push(Failure {
                        file: case.file.clone(),
                        line: case.line,
                        case: case.name.clone(),
                        question: format!("{name}: {} on {}", question.action(), question.record),
                        expected: case.expected.clone(),
                        found,
                        compiled,
                    });
                }
            }
        }
        report.untried = tried.gaps(policies);
        Ok(report)
    }
}

impl Report {
    /// Whether every question got the expected answer and every policy was tried both ways.
    pub fn passed(&self) -> bool {
        self.failures.is_empty() && self.untried.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "{failure}")?;
        }
        for policy in &self.untried {
            writeln!(f, "{policy}")?;
        }
        let Self { cases, questions, failures, untried } = self;
        write!(
            f,
            "{cases} cases, {questions} questions: {} failed; {} policies not tried both ways",
            failures.len(),
            untried.len()
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, case, question, expected, found, compiled } = self;
        writeln!(f, "{file}:{line}: {case}")?;
        writeln!(f, "  {question}")?;
        writeln!(f, "    expected {expected}")?;
        write!(f, "    found    {found}")?;
        if *compiled != found.answer {
            write!(f, "\n    but the compiled answer is {compiled}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by: Vec<&str> = self.by.iter().map(String::as_str).collect();
        write!(f, "{} by {}", self.answer, by.join(", "))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Allow { "allow" } else { "deny" })
    }
}

impl Expected {
    fn of(allowed: bool) -> Self {
        if allowed { Self::Allow } else { Self::Deny }
    }
}

impl Outcome {
    fn of(verdict: &Verdict) -> Self {
        let mut by: BTreeSet<String> = verdict.determining.iter().map(ToString::to_string).collect();
        if by.is_empty() {
            by.insert(DEFAULT_DENY.to_owned());
        }
        Self { answer: Expected::of(verdict.allowed), by }
    }
}

/// What the compiled answer says of a record.
fn compiled(
    policies: &Policies,
    principal: &Principal,
    question: Question,
    facts: &NamedFacts,
) -> Result<Expected, Error> {
    let Question { verb, class, record } = question;
    Ok(Expected::of(match policies.decide(principal, verb, class, record)? {
        Answer::Allowed => true,
        Answer::Refused(_) => false,
        Answer::Depends(dependence) => dependence.condition.holds(facts),
    }))
}

/// Which policies the cases tried, each way.
#[derive(Default)]
struct Tried {
    determining: BTreeSet<Arc<str>>,
    not_applying: BTreeSet<Arc<str>>,
}

impl Tried {
    fn note(&mut self, policies: &Policies, question: Question, verdict: &Verdict) {
        self.determining.extend(verdict.determining.iter().cloned());
        let bears = |id: &str| {
            Verb::ALL.iter().any(|&verb| {
                let cell = policies.cells.get(Question { verb, ..question }.index());
                cell.is_some_and(|cell| cell.for_users.policy(&PolicyId::new(id)).is_some())
            })
        };
        for rule in policies.rules() {
            if !verdict.applying.contains(&rule.id) && bears(&rule.id) {
                self.not_applying.insert(Arc::clone(&rule.id));
            }
        }
    }

    fn gaps(&self, policies: &Policies) -> Vec<Finding> {
        let mut gaps = Vec::new();
        for rule in policies.rules() {
            let mut gap = |message: &str| {
                gaps.push(Finding::new(&rule.file, rule.line, &format!("{}: {message}", rule.id)));
            };
            if !self.determining.contains(&rule.id) {
                gap("no case rests on this policy");
            }
            if !self.not_applying.contains(&rule.id) {
                gap("no case comes near this policy without its applying");
            }
        }
        gaps
    }
}

impl Case {
    fn finding(&self, message: &str) -> Finding {
        Finding::new(&self.file, self.line, message)
    }
}
