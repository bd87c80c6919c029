//! From texts to checked policies, sorted by the questions that they bear on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
    str::FromStr,
    sync::{Arc, OnceLock},
};

use cedar_policy::{
    EntityId, EntityTypeName, EntityUid, Policy, PolicyId, PolicySet, RequestEnv, Schema, ValidationMode,
    Validator,
};
use miette::Diagnostic;
use sha2::{Digest, Sha256};

use crate::{Class, DEFAULT_DENY, Error, Finding, RecordType, Refusal, Verb, class::Question};

/// The name of the schema in a folder of policies.
const SCHEMA_FILE: &str = "enlace.cedarschema";

/// The policy files of this crate, in the order of their names. A test compares them with the folder.
const BUILT_IN: &[(&str, &str)] = &[
    ("agencies.cedar", include_str!("../agencies.cedar")),
    ("always.cedar", include_str!("../always.cedar")),
    ("break_glass.cedar", include_str!("../break_glass.cedar")),
    ("census.cedar", include_str!("../census.cedar")),
    ("coordination.cedar", include_str!("../coordination.cedar")),
    ("donations.cedar", include_str!("../donations.cedar")),
    ("education.cedar", include_str!("../education.cedar")),
    ("employment.cedar", include_str!("../employment.cedar")),
    ("funds.cedar", include_str!("../funds.cedar")),
    ("health.cedar", include_str!("../health.cedar")),
    ("housing.cedar", include_str!("../housing.cedar")),
    ("incidents.cedar", include_str!("../incidents.cedar")),
    ("indicators.cedar", include_str!("../indicators.cedar")),
    ("inspections.cedar", include_str!("../inspections.cedar")),
    ("intake.cedar", include_str!("../intake.cedar")),
    ("journal.cedar", include_str!("../journal.cedar")),
    ("meals.cedar", include_str!("../meals.cedar")),
    ("shelters.cedar", include_str!("../shelters.cedar")),
    ("volunteers.cedar", include_str!("../volunteers.cedar")),
    ("webhooks.cedar", include_str!("../webhooks.cedar")),
];

/// The schema of this crate.
const BUILT_IN_SCHEMA: &str = include_str!("../enlace.cedarschema");

/// Checked policies, ready to answer. Immutable: a change of the policies is another value with another
/// version.
#[derive(Debug)]
pub struct Policies {
    pub(crate) schema: Schema,
    /// By [`Question::index`].
    pub(crate) cells: Vec<Cell>,
    /// By `@id`.
    rules: BTreeMap<Arc<str>, Rule>,
    /// What is said where no policy permits.
    pub(crate) by_default: Refusal,
    version: String,
}

/// One policy, as a reader finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its `@id`.
    pub id: Arc<str>,
    /// Its `@reason`: one sentence that says what it does.
    pub reason: Arc<str>,
    /// The file that it is in, by its name in the folder of policies.
    pub file: String,
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
}

/// A question in Cedar's words, with the policies that can bear on it. Cedar checks the types of every policy
/// that it is given each time that it is asked, so it is given no others.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) question: Question,
    pub(crate) action: EntityUid,
    pub(crate) record: EntityTypeName,
    /// Whether the schema lets the action apply to the record type. Where it does not, nothing is asked.
    pub(crate) applies: bool,
    pub(crate) for_users: PolicySet,
    pub(crate) for_anyone: PolicySet,
}

/// A file of a folder of policies.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Source {
    /// Files that this crate carries.
    pub(crate) fn built_in(files: &[(&str, &str)]) -> Vec<Self> {
        files.iter().map(|&(name, text)| Self { name: name.to_owned(), text: text.to_owned() }).collect()
    }

    /// The files of a folder whose names end so, in the order of their names.
    pub(crate) fn of_folder(folder: &Path, ending: &str) -> Result<Vec<Self>, Error> {
        let unreadable = |source: io::Error| Error::Read { path: folder.to_owned(), source };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(ending) {
                files.push(Self { name, text: read(&path)? });
            }
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }
}

impl Policies {
    /// The policies that this crate carries, read and checked once in a process.
    pub fn built_in() -> Result<Arc<Self>, Error> {
        static READ: OnceLock<Arc<Policies>> = OnceLock::new();
        if let Some(read) = READ.get() {
            return Ok(Arc::clone(read));
        }
        let read = Self::from_sources(BUILT_IN_SCHEMA, &Source::built_in(BUILT_IN))?;
        Ok(Arc::clone(READ.get_or_init(|| Arc::new(read))))
    }

    /// The policies of a folder: the schema `enlace.cedarschema` and every `*.cedar` file beside it.
    ///
    /// They are checked strictly: every name and type against the schema, that each policy can apply at all,
    /// a unique `@id` and a `@reason` on each. All findings are reported together.
    pub fn from_dir(folder: &Path) -> Result<Self, Error> {
        let schema = read(&folder.join(SCHEMA_FILE))?;
        Self::from_sources(&schema, &Source::of_folder(folder, ".cedar")?)
    }

    /// Names this text of the policies: the first 16 hexadecimal digits of the SHA-256 over the schema and
    /// the policy files in the order of their names.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Every policy, in the order of their ids.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// Whether a record of this type may have fields of this class: whether the schema lets their being read apply to it.
    pub fn applies(&self, class: Class, record: RecordType) -> bool {
        self.applies_to(Verb::Read, class, record)
    }

    /// Whether the schema lets a verb apply to fields of this class on a record of this type.
    pub(crate) fn applies_to(&self, verb: Verb, class: Class, record: RecordType) -> bool {
        let question = Question { verb, class, record };
        self.cells.get(question.index()).is_some_and(|cell| cell.applies)
    }

    /// The policy with this `@id`.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.get(id)
    }

    /// From files in the order of their names.
    fn from_sources(schema_text: &str, files: &[Source]) -> Result<Self, Error> {
        let version = version(schema_text, files);
        let schema = parse_schema(schema_text)?;
        let (policies, rules) = parse_policies(files)?;
        validate(&schema, &policies, &rules, files)?;
        let cells = sort_by_question(&schema, &policies)?;
        let by_default =
            Refusal { policy: Arc::from(DEFAULT_DENY), reason: Arc::from("No policy permits this.") };
        Ok(Self { schema, cells, rules, by_default, version })
    }
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

fn version(schema_text: &str, files: &[Source]) -> String {
    let mut hash = Sha256::new();
    // With its length before it, no text can pass for a part of another.
    let mut add = |text: &str| {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    };
    add(schema_text);
    for file in files {
        add(&file.name);
        add(&file.text);
    }
    let mut digits = format!("{:x}", hash.finalize());
    digits.truncate(16);
    digits
}

fn parse_schema(text: &str) -> Result<Schema, Error> {
    let (schema, warnings) = Schema::from_cedarschema_str(text)
        .map_err(|error| Error::Rejected(vec![finding(SCHEMA_FILE, text, &error)]))?;
    let warnings: Vec<Finding> = warnings.map(|warning| finding(SCHEMA_FILE, text, &warning)).collect();
    if warnings.is_empty() { Ok(schema) } else { Err(Error::Rejected(warnings)) }
}

/// The policies of all files, each under its `@id`.
fn parse_policies(files: &[Source]) -> Result<(PolicySet, BTreeMap<Arc<str>, Rule>), Error> {
    let mut all = PolicySet::new();
    let mut rules: BTreeMap<Arc<str>, Rule> = BTreeMap::new();
    let mut findings = Vec::new();
    for file in files {
        let parsed = match PolicySet::from_str(&file.text) {
            Ok(parsed) => parsed,
            Err(errors) => {
                findings.extend(errors.iter().map(|error| finding(&file.name, &file.text, error)));
                continue;
            }
        };
        if let Some(template) = parsed.templates().next() {
            let begin = file.text.find(&template.to_cedar()).unwrap_or(0);
            findings.push(Finding::new(&file.name, line_at(&file.text, begin), "a template is not a policy"));
        }
        // Cedar keeps the order of the text, so each policy is searched for after the one before it.
        let mut searched = 0;
        for policy in parsed.policies() {
            let text = policy.to_cedar().unwrap_or_default();
            let ahead = file.text.get(searched..).and_then(|ahead| ahead.find(&text)).unwrap_or(0);
            let line = line_at(&file.text, searched + ahead);
            searched += ahead + text.len();
            let mut reject = |message: &str| findings.push(Finding::new(&file.name, line, message));
            let (Some(id), Some(reason)) = (annotation(policy, "id"), annotation(policy, "reason")) else {
                reject("a policy needs an @id(\"…\") and a @reason(\"…\")");
                continue;
            };
            if let Some(first) = rules.get(&*id) {
                reject(&format!("the @id \"{id}\" is that of {}:{} already", first.file, first.line));
                continue;
            }
            all.add(policy.new_id(PolicyId::new(&id))).map_err(Error::cedar("collecting the policies"))?;
            rules.insert(Arc::clone(&id), Rule { id, reason, file: file.name.clone(), line, text });
        }
    }
    if findings.is_empty() { Ok((all, rules)) } else { Err(Error::Rejected(findings)) }
}

/// An annotation that says something.
fn annotation(policy: &Policy, key: &str) -> Option<Arc<str>> {
    policy.annotation(key).filter(|value| !value.is_empty()).map(Arc::from)
}

/// Checks every policy against the schema. What Cedar only warns of is a finding too: a policy that can never
/// apply, or an identifier that looks like another, is no policy that anyone meant to write.
fn validate(
    schema: &Schema,
    policies: &PolicySet,
    rules: &BTreeMap<Arc<str>, Rule>,
    files: &[Source],
) -> Result<(), Error> {
    let result = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
    let errors = result.validation_errors().map(|error| (error.policy_id(), error as &dyn Diagnostic));
    let warnings =
        result.validation_warnings().map(|warning| (warning.policy_id(), warning as &dyn Diagnostic));
    let mut findings: Vec<Finding> = errors
        .chain(warnings)
        .map(|(id, diagnostic)| {
            let id: &str = id.as_ref();
            let rule = rules.get(id);
            let file = rule.and_then(|rule| files.iter().find(|file| file.name == rule.file));
            let (name, text) = file.map_or((id, ""), |file| (&file.name, &file.text));
            let mut found = finding(name, text, diagnostic);
            // A label may be absent where the whole policy is meant.
            found.line = found.line.max(rule.map_or(1, |rule| rule.line));
            found
        })
        .collect();
    if findings.is_empty() {
        return Ok(());
    }
    findings.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
    Err(Error::Rejected(findings))
}

/// Gives every question the policies that Cedar's type checker cannot rule out for it.
fn sort_by_question(schema: &Schema, policies: &PolicySet) -> Result<Vec<Cell>, Error> {
    let (user, anyone) = (entity_type("User")?, entity_type("Anyone")?);
    let bearing: Vec<(&Policy, BTreeSet<RequestEnv>)> =
        policies.policies().map(|policy| (policy, policy.get_valid_request_envs(schema).collect())).collect();
    let known: BTreeSet<RequestEnv> = schema.request_envs().collect();
    let those_for = |asked: &RequestEnv| {
        let bear_on_it = bearing.iter().filter(|(_, questions)| questions.contains(asked));
        PolicySet::from_policies(bear_on_it.map(|(policy, _)| (*policy).clone()))
            .map_err(Error::cedar("sorting the policies"))
    };
    Question::all()
        .map(|question| {
            let action = entity("Action", &question.action())?;
            let record = entity_type(question.record.as_str())?;
            let asked_by = |caller: &EntityTypeName| {
                those_for(&RequestEnv::new(caller.clone(), action.clone(), record.clone()))
            };
            let (for_users, for_anyone) = (asked_by(&user)?, asked_by(&anyone)?);
            let applies = known.contains(&RequestEnv::new(user.clone(), action.clone(), record.clone()));
            Ok(Cell { question, action, record, applies, for_users, for_anyone })
        })
        .collect()
}

/// A Cedar entity type by its name.
pub(crate) fn entity_type(name: &str) -> Result<EntityTypeName, Error> {
    EntityTypeName::from_str(name).map_err(Error::cedar("naming an entity type"))
}

/// A Cedar entity by its type and id.
pub(crate) fn entity(type_name: &str, id: &str) -> Result<EntityUid, Error> {
    Ok(EntityUid::from_type_name_and_id(entity_type(type_name)?, EntityId::new(id)))
}

impl Finding {
    pub(crate) fn new(file: &str, line: usize, message: &str) -> Self {
        Self { file: file.to_owned(), line, message: message.to_owned() }
    }
}

/// What Cedar says about a text, at the first place that it points to.
fn finding(file: &str, text: &str, diagnostic: &dyn Diagnostic) -> Finding {
    let offset = diagnostic.labels().and_then(|mut labels| labels.next()).map_or(0, |label| label.offset());
    let mut message = diagnostic.to_string();
    if let Some(help) = diagnostic.help() {
        message = format!("{message} ({help})");
    }
    Finding::new(file, line_at(text, offset), &message)
}

/// The line of an offset, counted from 1.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}
