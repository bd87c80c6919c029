//! The access table of the programme as data: who reads what, and of which records.

use std::collections::BTreeSet;

use enlace_policies::ROLES;

/// Of which records a role reads a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Where {
    /// All.
    Anywhere,
    /// Goods that are food.
    Food,
    /// Medical goods.
    Medical,
    /// What its agency gave.
    OwnGifts,
    /// Its own account.
    OwnAccount,
}

use Where::{Anywhere, Food, Medical, OwnAccount, OwnGifts};

/// A role, and where it reads OPERATIONAL, INVENTORY, DONOR and ADMINISTRATION. Everyone reads PUBLIC.
type Row = (&'static str, [Option<Where>; 4]);

const NO: Option<Where> = None;
const ALL: Option<Where> = Some(Anywhere);
const OWN: Option<Where> = Some(OwnGifts);
const SELF: Option<Where> = Some(OwnAccount);

/// The table. An integrator has, besides its own row, that of the role that it names.
const TABLE: &[Row] = &[
    ("coordinator", [ALL, ALL, ALL, SELF]),
    ("shelter_lead", [ALL, ALL, NO, SELF]),
    ("donation_coordinator", [ALL, ALL, ALL, SELF]),
    ("administrator", [ALL, NO, NO, ALL]),
    ("clinician", [ALL, Some(Medical), NO, SELF]),
    ("educator", [ALL, NO, NO, SELF]),
    ("kitchen", [ALL, Some(Food), NO, SELF]),
    ("officer", [ALL, NO, NO, SELF]),
    ("inspector", [ALL, NO, NO, SELF]),
    ("lender", [ALL, NO, NO, SELF]),
    ("permits", [ALL, NO, NO, SELF]),
    ("liaison", [ALL, ALL, ALL, SELF]),
    ("donor", [ALL, ALL, OWN, SELF]),
    ("adviser", [ALL, ALL, NO, SELF]),
    ("programmes", [ALL, ALL, NO, SELF]),
    ("partner", [ALL, ALL, OWN, SELF]),
    ("witness", [ALL, ALL, NO, ALL]),
    ("employer", [NO, NO, NO, SELF]),
    ("integrator", [NO, NO, NO, SELF]),
];

/// Of which records a role writes a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Those that a condition of reading would name.
    Records(Where),
    /// Those of its own shelters.
    OwnShelters,
}

/// A role that writes, and where it writes OPERATIONAL and INVENTORY. Nobody else does; a witness never does, whatever else it
/// is; an integrator writes nothing.
const WRITES: &[(&str, [Option<Reach>; 2])] = &[
    ("coordinator", [Some(Reach::Records(Anywhere)), Some(Reach::Records(Anywhere))]),
    ("shelter_lead", [Some(Reach::OwnShelters), Some(Reach::OwnShelters)]),
    ("donation_coordinator", [None, Some(Reach::Records(Anywhere))]),
    ("clinician", [None, Some(Reach::Records(Medical))]),
    ("donor", [None, Some(Reach::Records(OwnGifts))]),
    ("partner", [None, Some(Reach::Records(OwnGifts))]),
];

/// What a rule may ask of a record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// `food`, `medical` or `general`.
    pub(crate) stock_kind: Option<String>,
    /// The agency that gave it.
    pub(crate) donor_agency: Option<String>,
    /// Whether it is the caller's own account.
    pub(crate) own_account: bool,
}

/// Types whose records bear a stock kind, and those that bear a giver.
const GOODS: &[&str] = &["Category", "DonationItem", "Stock", "Movement", "MoveStockPayload", "StockChange"];
const GIVEN: &[&str] = &["Donor", "DonationItem", "Stock", "Movement", "MoveStockPayload", "StockChange"];

impl Where {
    /// Whether it holds of one record.
    fn holds(self, facts: &Facts, agency: &str) -> bool {
        match self {
            Anywhere => true,
            Food => facts.stock_kind.as_deref() == Some("food"),
            Medical => facts.stock_kind.as_deref() == Some("medical"),
            OwnGifts => facts.donor_agency.as_deref() == Some(agency),
            OwnAccount => facts.own_account,
        }
    }

    /// Whether it can hold of some record of a type.
    fn can_hold(self, object: &str) -> bool {
        match self {
            Anywhere => true,
            Food | Medical => GOODS.contains(&object),
            OwnGifts => GIVEN.contains(&object),
            OwnAccount => object == "Viewer",
        }
    }
}

/// A caller, and what the table gives it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// As [`enlace_tests::World::token`] takes it; none without a token.
    pub(crate) token: Option<String>,
    /// The code of its agency; empty without a token.
    pub(crate) agency: String,
    /// The roles that its token claims and the demonstration grants.
    roles: BTreeSet<String>,
    /// The roles that count for its reads.
    reads: BTreeSet<String>,
    /// The codes of its shelters.
    pub(crate) shelters: Vec<String>,
    /// Whether its agency's agreement is in force.
    pub(crate) in_force: bool,
}

impl Caller {
    /// Without a token.
    pub(crate) fn anyone() -> Self {
        Self {
            token: None,
            agency: String::new(),
            roles: BTreeSet::new(),
            reads: BTreeSet::new(),
            shelters: Vec::new(),
            in_force: false,
        }
    }

    /// `AGENCY/role+role@SHELTER,SHELTER`, with the agency's agreement in force.
    pub(crate) fn of(token: &str) -> Self {
        let (holder, shelters) = token.split_once('@').unwrap_or((token, ""));
        let (agency, roles) = holder.split_once('/').unwrap();
        let roles: BTreeSet<String> = roles.split('+').map(str::to_owned).collect();
        let shelters = shelters.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect();
        Self {
            token: Some(token.to_owned()),
            agency: agency.to_owned(),
            reads: roles.clone(),
            roles,
            shelters,
            in_force: true,
        }
    }

    /// A machine account that reads as another role.
    pub(crate) fn reading_as(mut self, role: &str) -> Self {
        self.reads.insert(role.to_owned());
        self
    }

    /// With an agreement that has ended.
    pub(crate) fn lapsed(mut self) -> Self {
        self.in_force = false;
        self
    }

    /// Where it reads a class; nowhere, where that is empty.
    fn sight(&self, class: &str) -> BTreeSet<Where> {
        if class == "PUBLIC" {
            return [Anywhere].into();
        }
        if !self.in_force {
            return BTreeSet::new();
        }
        let column = ["OPERATIONAL", "INVENTORY", "DONOR", "ADMINISTRATION"]
            .iter()
            .position(|known| *known == class)
            .unwrap_or_else(|| panic!("the table has no column {class}"));
        let rows = TABLE.iter().filter(|(role, _)| self.reads.contains(*role));
        rows.filter_map(|(_, row)| row[column]).collect()
    }

    /// Whether it reads a class of one record.
    pub(crate) fn sees(&self, class: &str, facts: &Facts) -> bool {
        class == "PUBLIC" || self.sight(class).iter().any(|sight| sight.holds(facts, &self.agency))
    }

    /// Whether it reads a class of some records of a type.
    pub(crate) fn may_see(&self, class: &str, object: &str) -> bool {
        self.sight(class).iter().any(|sight| sight.can_hold(object))
    }

    /// Whether it reads a class of all records.
    pub(crate) fn sees_all(&self, class: &str) -> bool {
        self.sight(class).contains(&Anywhere)
    }

    /// Whether it writes a class of one record, which is in this shelter or in none.
    pub(crate) fn writes(&self, class: &str, facts: &Facts, shelter: Option<&str>) -> bool {
        let own = || shelter.is_some_and(|shelter| self.shelters.iter().any(|own| own == shelter));
        self.reach(class).iter().any(|reach| match reach {
            Reach::Records(place) => place.holds(facts, &self.agency),
            Reach::OwnShelters => own(),
        })
    }

    /// Whether it writes a class of any record.
    pub(crate) fn may_write(&self, class: &str) -> bool {
        let somewhere = |reach: &Reach| *reach != Reach::OwnShelters || !self.shelters.is_empty();
        self.reach(class).iter().any(somewhere)
    }

    fn reach(&self, class: &str) -> Vec<Reach> {
        if !self.in_force || self.roles.contains("witness") {
            return Vec::new();
        }
        let column = ["OPERATIONAL", "INVENTORY"].iter().position(|known| *known == class).unwrap();
        let rows = WRITES.iter().filter(|(role, _)| self.roles.contains(*role));
        rows.filter_map(|(_, row)| row[column]).collect()
    }

    /// A name for messages.
    pub(crate) fn name(&self) -> &str {
        self.token.as_deref().unwrap_or("no token")
    }
}

/// One caller for each role, the machine accounts, and nobody.
pub(crate) fn one_of_each_role() -> Vec<Caller> {
    let mut seen = BTreeSet::new();
    everyone().into_iter().filter(|caller| seen.insert((caller.reads.clone(), caller.in_force))).collect()
}

/// Everyone that the demonstration has a user for: each role of each agency, the machine accounts, and nobody.
pub(crate) fn everyone() -> Vec<Caller> {
    let agencies = [
        "DIF_MUNICIPAL",
        "DIF_ESTATAL",
        "ISESALUD",
        "INEA",
        "SEDENA",
        "DSPM",
        "PCE",
        "BISOM",
        "IMACUM",
        "IMDECUF",
        "CDM",
        "RP",
        "ACNUR",
        "OIM",
        "ONU",
        "UNICEF",
        "CNDH",
        "CEDH",
        "NGO_MANOS_DEL_DESIERTO",
        "NGO_PUENTE_CACHANILLA",
        "NGO_PAN_DEL_VALLE",
        "NGO_ABRIGO_DEL_NORTE",
        "NGO_BOTIQUIN_SOLIDARIO",
        "NGO_LETRAS_EN_CAMINO",
    ];
    let of_any = ["employer", "integrator"];
    let held = agencies.iter().flat_map(|agency| {
        let held = ROLES.iter().filter(|role| !of_any.contains(&role.code) && role.held_by(agency));
        held.map(move |role| Caller::of(&format!("{agency}/{}", role.code)))
    });
    let mut callers: Vec<Caller> = held.collect();
    for role in ROLES.iter().filter(|role| !of_any.contains(&role.code)) {
        assert!(callers.iter().any(|caller| caller.roles.contains(role.code)), "nobody is {}", role.code);
    }
    callers.push(Caller::of("EMPLEADOR_DEMO/employer"));
    callers.push(Caller::of("DIF_MUNICIPAL/integrator").reading_as("donation_coordinator"));
    callers.push(Caller::of("ISESALUD/integrator").reading_as("clinician"));
    callers.push(Caller::of("ACNUR/integrator").reading_as("donor"));
    callers.push(Caller::of("NGO_CONVENIO_VENCIDO/partner").lapsed());
    callers.push(Caller::anyone());
    callers
}
