//! What a document shows of people in care: what it does not show need not be opened.

use std::collections::BTreeMap;
use std::sync::Arc;

use enlace_policies::{Class, Dependence, Facts, RecordType};

use crate::access::plan::Gate;
use crate::graph::{FieldInfo, FieldKind};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Shown(BTreeMap<(RecordType, Class), Own>);

/// Which records of a type show some of a class.
#[derive(Debug)]
enum Own {
    All,
    /// Those that meet one of these.
    Where(Vec<Arc<Dependence>>),
}

impl Shown {
    /// Takes note of a field that is shown on records of a type, where they meet what its gate asks.
    pub(super) fn note(&mut self, record: RecordType, field: &FieldInfo, gate: Option<&Gate>) {
        if !matches!(field.kind, FieldKind::Column(_)) {
            return;
        }
        let own = self.0.entry((record, field.class)).or_insert_with(|| Own::Where(Vec::new()));
        match (gate, &mut *own) {
            (None, _) => *own = Own::All,
            (Some(gate), Own::Where(met)) if !met.contains(&gate.dependence) => {
                met.push(Arc::clone(&gate.dependence));
            }
            (Some(_), _) => {}
        }
    }

    /// Whether it shows anything of a class that is a record's own.
    pub(crate) fn shows(&self, class: Class, record: RecordType, facts: &dyn Facts) -> bool {
        match self.0.get(&(record, class)) {
            None => false,
            Some(Own::All) => true,
            Some(Own::Where(met)) => met.iter().any(|dependence| dependence.condition.holds(facts)),
        }
    }
}
