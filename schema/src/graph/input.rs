//! Values that an argument can take.

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::DeserializeOwned;

use enlace_policies::{Class, RecordType};

use crate::graph::Definitions;
use crate::scalars::{GlobalId, Id, Identified, Money, PartialDate, Quantity};

/// An argument of a root.
#[derive(Debug, Clone)]
pub(crate) struct ArgumentInfo {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) type_ref: String,
    /// The class of what it selects by, where that is another than its root's, and the records that bear it, where those
    /// are others than the root's: a caller who may not read it may not filter or order by it either (R7).
    pub(crate) selects_by: Option<(Class, Option<RecordType>)>,
}

impl ArgumentInfo {
    /// Whether it is an id, or a list of them.
    pub(crate) fn is_id(&self) -> bool {
        self.type_ref.trim_matches(['[', ']', '!']) == "ID"
    }
}

/// A value that an argument can take.
pub(crate) trait Input: DeserializeOwned {
    /// Its type in SDL, `Int!`.
    fn type_ref(definitions: &mut Definitions) -> String;

    /// Its members, where it is a root's arguments or an input object.
    fn fields(_: &mut Definitions) -> Vec<ArgumentInfo> {
        Vec::new()
    }
}

impl Input for String {
    fn type_ref(_: &mut Definitions) -> String {
        "String!".into()
    }
}

impl Input for i32 {
    fn type_ref(_: &mut Definitions) -> String {
        "Int!".into()
    }
}

impl Input for bool {
    fn type_ref(_: &mut Definitions) -> String {
        "Boolean!".into()
    }
}

impl Input for DateTime<Utc> {
    fn type_ref(definitions: &mut Definitions) -> String {
        format!("{}!", definitions.date_time())
    }
}

impl Input for NaiveDate {
    fn type_ref(definitions: &mut Definitions) -> String {
        format!("{}!", definitions.date())
    }
}

impl Input for PartialDate {
    fn type_ref(definitions: &mut Definitions) -> String {
        format!("{}!", definitions.partial_date())
    }
}

impl Input for Quantity {
    fn type_ref(definitions: &mut Definitions) -> String {
        format!("{}!", definitions.quantity())
    }
}

impl Input for Money {
    fn type_ref(definitions: &mut Definitions) -> String {
        format!("{}!", definitions.money())
    }
}

impl<T: Identified> Input for Id<T> {
    fn type_ref(_: &mut Definitions) -> String {
        "ID!".into()
    }
}

impl Input for GlobalId {
    fn type_ref(_: &mut Definitions) -> String {
        "ID!".into()
    }
}

impl<T: Input> Input for Vec<T> {
    fn type_ref(definitions: &mut Definitions) -> String {
        format!("[{}]!", T::type_ref(definitions))
    }
}

impl<T: Input> Input for Option<T> {
    fn type_ref(definitions: &mut Definitions) -> String {
        T::type_ref(definitions).trim_end_matches('!').to_owned()
    }
}

/// Declares a root's arguments or an input object: one struct, its docs and its types are the schema's.
///
/// `=> Class` behind a field classifies what it selects by; `=> Class of Record` where it is another record's.
macro_rules! input {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident {
            $( $(#[doc = $doc:literal])+ pub $field:ident : $ty:ty $(=> $class:ident $(of $record:ident)?)? , )*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $( $(#[doc = $doc])+ pub $field: $ty, )* }

        impl $crate::graph::Input for $name {
            fn type_ref(definitions: &mut $crate::graph::Definitions) -> String {
                definitions.add(module_path!(), stringify!($name), |definitions| {
                    let mut sdl = format!("\"\"\"\n{}\n\"\"\"\ninput {} {{\n", $crate::graph::about(&[$($about),+]), stringify!($name));
                    for field in <Self as $crate::graph::Input>::fields(definitions) {
                        sdl.push_str(&format!("  \"{}\"\n  {}: {}\n", field.about, field.name, field.type_ref));
                    }
                    sdl + "}\n"
                });
                concat!(stringify!($name), "!").into()
            }

            fn fields(definitions: &mut $crate::graph::Definitions) -> Vec<$crate::graph::ArgumentInfo> {
                vec![ $( $crate::graph::ArgumentInfo {
                    name: $crate::graph::camel_case(stringify!($field)),
                    about: $crate::graph::sentence(&[$($doc),+]),
                    type_ref: <$ty as $crate::graph::Input>::type_ref(definitions),
                    selects_by: None $( .or(Some((
                        enlace_policies::Class::$class,
                        None $( .or(Some(enlace_policies::RecordType::$record)) )?,
                    ))) )?,
                }, )* ]
            }
        }
    };
}
pub(crate) use input;

/// The arguments of a root that takes none.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoArguments {}

impl Input for NoArguments {
    fn type_ref(_: &mut Definitions) -> String {
        String::new()
    }
}
