//! What can go wrong, and where.

use std::{fmt, io, path::PathBuf};

use serde::Serialize;

use crate::RecordType;

/// Why policies could not be loaded or a question could not be answered. None of these ever allows anything.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder of the policies, or a file in it, cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },

    /// The schema, the policies or their cases are wrong: syntax, a type, a name that the schema lacks, a
    /// policy that can never apply, an absent or repeated `@id`, an absent `@reason`. At least one finding says
    /// which and where.
    #[error("{}", lines(.0))]
    Rejected(Vec<Finding>),

    /// What a policy leaves to be asked of the record is more than a [`Condition`](crate::Condition) can say.
    /// The policy is valid Cedar; write it with comparisons of one fact to text, `contains`, `has`, `!`,
    /// `&&`, `||` and `if` only.
    #[error("policy {policy} asks of the record what cannot be translated: {expression}")]
    Untranslatable {
        /// The `@id` of the policy.
        policy: String,
        /// The part of its condition that remains, as Cedar.
        expression: String,
    },

    /// A record of this type cannot have these facts.
    #[error("{record}: {message}")]
    Facts {
        /// The type of the record.
        record: RecordType,
        /// What is wrong with them.
        message: String,
    },

    /// Cedar refused to answer. Validated policies and their schema do not cause this; a schema that lacks
    /// one of this crate's record types, actions or attributes does.
    #[error("{doing}: {message}")]
    Cedar {
        /// What was being asked of Cedar.
        doing: &'static str,
        /// What Cedar says.
        message: String,
    },
}

impl Error {
    /// Wraps what Cedar says for `map_err`.
    pub(crate) fn cedar<E: fmt::Display>(doing: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::Cedar { doing, message: error.to_string() }
    }
}

/// One thing that is wrong with the schema, a policy or a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, by its name in the folder of policies.
    pub file: String,
    /// The line, counted from 1; 1 where Cedar names none.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// One finding a line.
fn lines(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n")
}
