//! Who may read and write what.
//!
//! The rules are [Cedar](https://www.cedarpolicy.com) policies: texts that a lawyer can read, one file a
//! capability, checked strictly against a schema before anything runs. This crate asks them one question, for
//! a caller: may it read or write the fields of this data [`Class`] on records of this [`RecordType`]? There
//! are three answers ([`Answer`]): allowed, refused by a named policy, or *it depends on the record*, with
//! the [`Condition`] that a record's facts must meet. The condition is a plain tree, so the same answer can
//! filter one record in memory and a whole table in SQL.
//!
//! ```
//! use enlace_policies::{Answer, Class, Fact, Policies, Principal, RecordType, UserPrincipal, Verb};
//!
//! let policies = Policies::built_in()?;
//! let lead = Principal::User(UserPrincipal {
//!     user: "rosa".to_owned(),
//!     agency: "DIF_MUNICIPAL".to_owned(),
//!     roles: ["shelter_lead".to_owned()].into(),
//!     reads_as: None,
//!     shelters: ["CDC-01".to_owned()].into(),
//!     agreement_in_force: true,
//!     purpose: None,
//!     opened: None,
//! });
//! let profile = policies.profile(&lead)?;
//!
//! let on_shelters = |verb| profile.answer(verb, Class::Operational, RecordType::Shelter);
//!
//! assert_eq!(on_shelters(Verb::Read), &Answer::Allowed);
//! let Answer::Depends(dependence) = on_shelters(Verb::Write) else {
//!     unreachable!("a shelter lead writes its own shelters only");
//! };
//! assert!(dependence.condition.holds(&|fact: Fact| (fact == Fact::Shelter).then_some("CDC-01")));
//! assert!(!dependence.condition.holds(&|fact: Fact| (fact == Fact::Shelter).then_some("CDC-02")));
//! # Ok::<(), enlace_policies::Error>(())
//! ```
//!
//! Denial is the default and a forbid wins over every permit. Everything that this crate cannot translate
//! exactly is an [`Error`], never an allowance.

mod authorizer;
mod case_text;
mod cases;
mod class;
mod condition;
mod diff;
mod error;
mod evaluate;
mod explain;
mod expression;
mod facts;
mod load;
mod matrix;
mod principal;
mod profile;
mod remedy;
mod words;

pub use cases::{Cases, Expected, Failure, Outcome, Report};
pub use class::{Class, Fact, RecordType, Verb};
pub use condition::{Condition, Facts, Value};
pub use diff::{Becomes, Change, Difference, RuleChange, diff};
pub use error::{Error, Finding};
pub use explain::{Cited, Explanation, Known, Level};
pub use facts::NamedFacts;
pub use load::{Policies, Rule};
pub use matrix::matrix;
pub use principal::{
    ANY_AGENCY, EVERY_OTHER, INCOMPATIBLE, Incompatible, Principal, ROLES, Role, UserPrincipal,
    incompatibility,
};
pub use profile::{Answer, DEFAULT_DENY, Dependence, Profile, Refusal};
pub use remedy::Remedy;
