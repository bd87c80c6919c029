//! Where a stream begins: the arguments that every subscription has.

use apollo_compiler::response::JsonValue;

use crate::graph::ArgumentInfo;

const AFTER: &str = "after";
const SNAPSHOT: &str = "snapshot";

/// Where a stream begins.
#[derive(Debug, Default)]
pub(crate) struct Beginning {
    /// After this cursor.
    pub(crate) after: Option<String>,
    /// With how things stand, where it does not go on after a cursor.
    pub(crate) snapshot: bool,
}

impl Beginning {
    /// Takes the arguments out that say it.
    pub(crate) fn taken(arguments: &mut JsonValue) -> Self {
        let Some(arguments) = arguments.as_object_mut() else { return Self::default() };
        let after = arguments.remove(AFTER);
        let snapshot = arguments.remove(SNAPSHOT).and_then(|snapshot| snapshot.as_bool());
        Self {
            after: after.as_ref().and_then(JsonValue::as_str).map(str::to_owned),
            snapshot: snapshot.unwrap_or_default(),
        }
    }
}

/// Whether an argument says where a stream begins, and nothing of what it is of.
pub(super) fn says_where(argument: &str) -> bool {
    [AFTER, SNAPSHOT].contains(&argument)
}

/// The arguments that say where a stream begins.
pub(crate) fn beginnings(has_snapshot: bool) -> Vec<ArgumentInfo> {
    let argument = |name: &str, about: &str, type_ref: &str| ArgumentInfo {
        name: name.to_owned(),
        about: about.to_owned(),
        type_ref: type_ref.to_owned(),
        selects_by: None,
    };
    let after =
        "Go on after this cursor, `extensions.stream.cursor` of a message: what came since is sent first.";
    let snapshot = "Where true, how things stand is sent first, a message for each; with `after`, only if too much has come since.";
    let mut all = vec![argument(AFTER, after, "String")];
    if has_snapshot {
        all.push(argument(SNAPSHOT, snapshot, "Boolean"));
    }
    all
}
