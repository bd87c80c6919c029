//! The programme's money: six million pesos of three sources, planned for what the programme does, and spent in its course.

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::{ENDS_ON, Random, STARTS_ON, copy, id, local, programme_id};
use crate::funds::BudgetPurpose;

/// Where the money comes from: a name, how many pesos, after how many days, and by which document.
const SOURCES: [(&str, i64, u64, &str); 3] = [
    (
        "Ayuntamiento de Mexicali, presupuesto extraordinario (datos sintéticos)",
        3_500_000,
        0,
        "CABILDO-2021-12-09 (sintético)",
    ),
    ("Gobierno del Estado, aportación (datos sintéticos)", 1_500_000, 6, "CONV-EST-2021-117 (sintético)"),
    ("Donativos en efectivo (datos sintéticos)", 1_000_000, 10, "FIDEICOMISO-0044 (sintético)"),
];

/// What it is planned for: of which source, what, and how many pesos.
const LINES: [(usize, BudgetPurpose, &str, i64); 12] = [
    (0, BudgetPurpose::Shelters, "Habilitación y operación de albergues", 1_400_000),
    (0, BudgetPurpose::Food, "Insumos de cocina y agua", 700_000),
    (0, BudgetPurpose::Health, "Material de curación y traslados", 450_000),
    (0, BudgetPurpose::Census, "Registro y credenciales", 150_000),
    (0, BudgetPurpose::Coordination, "Operación del programa", 300_000),
    (0, BudgetPurpose::Rehabilitation, "Reparación y devolución de centros", 500_000),
    (1, BudgetPurpose::Housing, "Primer mes de renta y menaje", 900_000),
    (1, BudgetPurpose::Employment, "Ferias, capacitación y trámites", 350_000),
    (1, BudgetPurpose::Education, "Útiles y materiales", 250_000),
    (2, BudgetPurpose::Donations, "Acopio, almacén y transporte", 400_000),
    (2, BudgetPurpose::Departures, "Transporte de egresos", 450_000),
    (2, BudgetPurpose::Housing, "Apoyos de instalación", 150_000),
];

/// On how many days a line's money is committed, one after the other until the closing.
const COMMITMENTS: i64 = 8;

row! {
    /// A source.
    Source in "funding_sources" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        name: &'static str = TEXT,
        granted: i64 = INT8,
        currency: &'static str = TEXT,
        granted_on: NaiveDate = DATE,
        evidence: &'static str = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// What some of a source is planned for.
    Line in "budget_lines" {
        id: Uuid = UUID,
        source_id: Uuid = UUID,
        purpose: &'static str = TEXT,
        title: &'static str = TEXT,
        planned: i64 = INT8,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// What is committed of a line.
    Commitment in "commitments" {
        id: Uuid = UUID,
        line_id: Uuid = UUID,
        title: String = TEXT,
        committed: i64 = INT8,
        committed_on: NaiveDate = DATE,
        evidence: String = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// What was spent of a commitment.
    Expense in "expenses" {
        id: Uuid = UUID,
        commitment_id: Uuid = UUID,
        amount: i64 = INT8,
        spent_on: NaiveDate = DATE,
        evidence: String = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

/// The rows of funds as they stand at an instant. The sums that stand beside amounts are the database's.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) sources: Vec<Source>,
    pub(super) lines: Vec<Line>,
    pub(super) commitments: Vec<Commitment>,
    pub(super) expenses: Vec<Expense>,
}

impl Rows {
    /// Makes them as they stand at `now`.
    pub(super) fn generate(now: DateTime<Utc>) -> Self {
        let mut rows = Self::default();
        for (name, pesos, after, evidence) in SOURCES {
            let granted_on = STARTS_ON + Days::new(after);
            let recorded_at = local(granted_on, 9);
            if recorded_at <= now {
                rows.sources.push(Source {
                    id: id("funding_sources", name, recorded_at),
                    programme_id: programme_id(),
                    name,
                    granted: pesos * 100,
                    currency: "MXN",
                    granted_on,
                    evidence,
                    recorded_at,
                });
            }
        }
        for (source, purpose, title, pesos) in LINES {
            let Some((source_id, granted_on)) =
                rows.sources.get(source).map(|source| (source.id, source.granted_on))
            else {
                continue;
            };
            let recorded_at = local(granted_on, 10);
            if recorded_at > now {
                continue;
            }
            let line = Line {
                id: id("budget_lines", title, recorded_at),
                source_id,
                purpose: purpose.as_str(),
                title,
                planned: pesos * 100,
                recorded_at,
            };
            rows.spend(&line, granted_on, now);
            rows.lines.push(line);
        }
        rows
    }

    /// What is committed and spent of a line by now: all of it in equal parts, each of which costs somewhat less than was thought.
    fn spend(&mut self, line: &Line, from: NaiveDate, now: DateTime<Utc>) {
        let days = (ENDS_ON - from).num_days() - 4;
        for number in 0..COMMITMENTS {
            let Some(committed_on) =
                from.checked_add_days(Days::new((days * number / COMMITMENTS).unsigned_abs()))
            else {
                continue;
            };
            let key = format!("{}/{number}", line.title);
            let mut random = Random::seeded(&format!("commitments/{key}"));
            let recorded_at = local(committed_on, 11);
            if recorded_at > now {
                continue;
            }
            let committed = line.planned / COMMITMENTS;
            let commitment = Commitment {
                id: id("commitments", &key, recorded_at),
                line_id: line.id,
                title: format!("{}, {} de {COMMITMENTS}", line.title, number + 1),
                committed,
                committed_on,
                evidence: format!("PED-{:04} (sintético)", random.between(1, 9_999)),
                recorded_at,
            };
            let spent_on = committed_on + Days::new(u64::from(random.below(4)));
            let amount = committed / 1_000 * i64::from(random.between(930, 1_000));
            if local(spent_on, 12) <= now {
                self.expenses.push(Expense {
                    id: id("expenses", &key, local(spent_on, 12)),
                    commitment_id: commitment.id,
                    amount,
                    spent_on,
                    evidence: format!("FAC-{:05} (sintético)", random.between(1, 99_999)),
                    recorded_at: local(spent_on, 12),
                });
            }
            self.commitments.push(commitment);
        }
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.sources).await?;
        copy(transaction, &self.lines).await?;
        copy(transaction, &self.commitments).await?;
        copy(transaction, &self.expenses).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_million_pesos_are_planned_to_the_last() {
        let rows = Rows::generate(local(ENDS_ON, 12));
        let sum = |amounts: &mut dyn Iterator<Item = i64>| amounts.sum::<i64>();
        assert_eq!(sum(&mut rows.sources.iter().map(|source| source.granted)), 600_000_000);
        assert_eq!(sum(&mut rows.lines.iter().map(|line| line.planned)), 600_000_000);
        assert_eq!(sum(&mut rows.commitments.iter().map(|commitment| commitment.committed)), 600_000_000);
        let spent = sum(&mut rows.expenses.iter().map(|expense| expense.amount));
        assert!((550_000_000..600_000_000).contains(&spent), "{spent}");
        assert_eq!(rows.expenses.len(), rows.commitments.len());
    }
}
