//! Rows as objects of the graph: a struct whose fields are columns with a data class each.

use enlace_policies::{Class, Facts, RecordType};

use crate::graph::{Definitions, Out};

/// A column of an object: a value of the row itself.
pub(crate) struct Column<R> {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) class: Class,
    /// Whether its value says who someone is.
    pub(crate) identifies: bool,
    pub(crate) type_ref: fn(&mut Definitions) -> String,
    pub(crate) write: fn(&R, &mut Out),
}

/// A row that is an object of the graph. Implemented by [`record!`].
pub(crate) trait Record: Facts + Send + Sync + Sized + 'static {
    /// The object type's name in the schema.
    const NAME: &'static str;
    /// What the policies take it for.
    const RECORD: RecordType;
    /// The object type's description.
    fn about() -> String;
    /// Its columns, in the order of the struct.
    fn columns() -> Vec<Column<Self>>;
}

/// What a column's mark says.
macro_rules! identifies {
    () => {
        false
    };
    (identifying) => {
        true
    };
}
pub(crate) use identifies;

/// Declares a row as an object: `field: Type => Class` is a column of the schema, a field without a class is the row's own;
/// `=> Class identifying` is one that says who someone is.
/// A non-null column stays so in the schema only in class PUBLIC: whatever can be refused must be able to be null.
macro_rules! record {
    (
        $(#[doc = $about:literal])+
        $(#[derive($($derive:path),+)])?
        pub struct $name:ident : $graphql:literal as $record:ident $(, id $kind:literal)? {
            $( $(#[doc = $doc:literal])+ $field:ident : $ty:ty $(=> $class:ident $($mark:ident)?)? , )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone $($(, $derive)+)?)]
        pub struct $name { $( $(#[doc = $doc])+ pub $field: $ty, )+ }

        impl $crate::graph::Record for $name {
            const NAME: &'static str = $graphql;
            const RECORD: enlace_policies::RecordType = enlace_policies::RecordType::$record;

            fn about() -> String {
                $crate::graph::about(&[$($about),+])
            }

            fn columns() -> Vec<$crate::graph::Column<Self>> {
                #[allow(unused_mut, reason = "a payload may carry rows and have no column of its own")]
                let mut columns = Vec::new();
                $(
                    #[allow(unused_variables, reason = "a field without a class is no column")]
                    let text = [$($doc),+];
                    $( columns.push($crate::graph::Column {
                    name: $crate::graph::camel_case(stringify!($field)),
                    about: $crate::graph::about(&text),
                    class: enlace_policies::Class::$class,
                    identifies: $crate::graph::identifies!($($mark)?),
                    type_ref: <$ty as $crate::graph::Output>::type_ref,
                    write: |row: &Self, out: &mut $crate::graph::Out| $crate::graph::Output::write(&row.$field, out),
                }); )? )+
                columns
            }
        }

        $( impl $crate::scalars::Identified for $name { const KIND: &'static str = $kind; } )?
    };
}
pub(crate) use record;

/// Declares the payload of a mutation: it carries one row as the mutation left it, and is that row before the policies.
macro_rules! payload {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident : $graphql:literal as $record:ident {
            $(#[doc = $doc:literal])+ $field:ident : $row:ty $(,)?
        }
    ) => {
        $crate::graph::record! {
            $(#[doc = $about])+
            #[derive(serde::Serialize, serde::Deserialize)]
            pub struct $name: $graphql as $record {
                $(#[doc = $doc])+
                $field: $row,
            }
        }

        impl $crate::graph::Facts for $name {
            fn fact(&self, fact: enlace_policies::Fact) -> Option<&str> {
                $crate::graph::Facts::fact(&self.$field, fact)
            }

            fn members(&self, fact: enlace_policies::Fact) -> &[enlace_policies::Value] {
                $crate::graph::Facts::members(&self.$field, fact)
            }
        }

        impl From<$row> for $name {
            fn from($field: $row) -> Self {
                Self { $field }
            }
        }

        impl AsRef<$row> for $name {
            fn as_ref(&self) -> &$row {
                &self.$field
            }
        }
    };
}
pub(crate) use payload;

/// Declares what a mutation may answer: its payload, or one of the errors that its caller can act on.
macro_rules! union {
    ($(#[doc = $about:literal])+ pub enum $name:ident { $( $variant:ident($row:ty), )+ }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone)]
        #[allow(clippy::large_enum_variant, reason = "there is one answer at a time")]
        pub enum $name { $( #[doc = concat!("A [`", stringify!($row), "`].")] $variant($row), )+ }

        impl $crate::graph::Variant for $name {
            const NAME: &'static str = stringify!($name);

            fn about() -> String {
                $crate::graph::about(&[$($about),+])
            }

            fn members() -> Vec<&'static str> {
                vec![ $( <$row as $crate::graph::Record>::NAME, )+ ]
            }

            fn into_answer(self) -> $crate::graph::Answer {
                match self { $( Self::$variant(row) => $crate::graph::Answer::one(Some(row)), )+ }
            }
        }

        $( impl From<$row> for $name { fn from(row: $row) -> Self { Self::$variant(row) } } )+
    };
}
pub(crate) use union;
