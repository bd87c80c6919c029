//! Who takes part: agencies, their agreements, one user for each of their roles, and what each is granted.

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::{copy, id, local, programme_id, start};

/// The last day of every agreement but one, and of every grant.
const AGREEMENTS_END_ON: NaiveDate =
    NaiveDate::from_ymd_opt(2022, 6, 30).expect("a date, checked by the compiler");

/// The agency whose agreement has ended, so that it can be tried what such an agency still reads.
const LAPSED: &str = "NGO_CONVENIO_VENCIDO";

/// The last day of its agreement.
const LAPSED_ON: NaiveDate = NaiveDate::from_ymd_opt(2022, 1, 15).expect("a date, checked by the compiler");

/// An agency, with what it is granted.
pub(super) struct Profile {
    /// Its code, which is also what its users' subjects begin with.
    pub(super) code: &'static str,
    /// Its name, as published.
    pub(super) name: &'static str,
    /// Government, international organisation, commission or NGO.
    kind: &'static str,
    /// What it does in the programme, as published.
    part: &'static str,
    /// The roles that it holds, one user each.
    pub(super) roles: &'static [&'static str],
    /// The role of its own whose reads its machine account has, where it has one.
    integrator_reads_as: Option<&'static str>,
}

/// The eighteen agencies of the programme, then invented organisations.
pub(super) const PROFILES: &[Profile] = &[
    Profile {
        code: "DIF_MUNICIPAL",
        name: "DIF Municipal de Mexicali",
        kind: "GOVERNMENT",
        part: "Opera el programa: registro, albergues, canalización y coordinación general.",
        roles: &["coordinator", "shelter_lead", "donation_coordinator", "administrator"],
        integrator_reads_as: Some("donation_coordinator"),
    },
    Profile {
        code: "DIF_ESTATAL",
        name: "Sistema Estatal DIF",
        kind: "GOVERNMENT",
        part: "Dona cobijas y despensas.",
        roles: &["donor"],
        integrator_reads_as: None,
    },
    Profile {
        code: "ISESALUD",
        name: "Instituto de Servicios de Salud Pública del Estado de Baja California",
        kind: "GOVERNMENT",
        part: "Brinda atención médica de primer y segundo nivel, medicamentos y vacunación.",
        roles: &["clinician"],
        integrator_reads_as: Some("clinician"),
    },
    Profile {
        code: "INEA",
        name: "Instituto Nacional para la Educación de los Adultos",
        kind: "GOVERNMENT",
        part: "Revalida los estudios de las personas adultas.",
        roles: &["educator"],
        integrator_reads_as: None,
    },
    Profile {
        code: "SEDENA",
        name: "Secretaría de la Defensa Nacional",
        kind: "GOVERNMENT",
        part: "Prepara alimentos para mil personas.",
        roles: &["kitchen"],
        integrator_reads_as: None,
    },
    Profile {
        code: "DSPM",
        name: "Dirección de Seguridad Pública Municipal",
        kind: "GOVERNMENT",
        part: "Vigila los albergues a diario y atiende los incidentes de orden público.",
        roles: &["officer"],
        integrator_reads_as: None,
    },
    Profile {
        code: "PCE",
        name: "Protección Civil Estatal",
        kind: "GOVERNMENT",
        part: "Supervisa los albergues, recomienda mejoras y aporta voluntariado para corregirlos.",
        roles: &["inspector"],
        integrator_reads_as: None,
    },
    Profile {
        code: "BISOM",
        name: "Bienestar Social Municipal",
        kind: "GOVERNMENT",
        part: "Presta centros comunitarios en comodato.",
        roles: &["lender"],
        integrator_reads_as: None,
    },
    Profile {
        code: "IMACUM",
        name: "Instituto Municipal de Arte y Cultura de Mexicali",
        kind: "GOVERNMENT",
        part: "Presta centros comunitarios en comodato.",
        roles: &["lender"],
        integrator_reads_as: None,
    },
    Profile {
        code: "IMDECUF",
        name: "Instituto Municipal del Deporte y la Cultura Física",
        kind: "GOVERNMENT",
        part: "Presta centros comunitarios en comodato.",
        roles: &["lender"],
        integrator_reads_as: None,
    },
    Profile {
        code: "CDM",
        name: "Coordinación de Directores Municipal",
        kind: "GOVERNMENT",
        part: "Gestiona autorizaciones, documentos y trámites.",
        roles: &["permits"],
        integrator_reads_as: None,
    },
    Profile {
        code: "RP",
        name: "Relaciones Públicas",
        kind: "GOVERNMENT",
        part: "Representa al programa y enlaza los donativos.",
        roles: &["liaison"],
        integrator_reads_as: None,
    },
    Profile {
        code: "ACNUR",
        name: "Alto Comisionado de las Naciones Unidas para los Refugiados",
        kind: "INTERNATIONAL",
        part: "Dona artículos en especie.",
        roles: &["donor"],
        integrator_reads_as: Some("donor"),
    },
    Profile {
        code: "OIM",
        name: "Organización Internacional para las Migraciones",
        kind: "INTERNATIONAL",
        part: "Aporta recomendaciones, traducciones y tutoriales.",
        roles: &["adviser"],
        integrator_reads_as: None,
    },
    Profile {
        code: "ONU",
        name: "Organización de las Naciones Unidas",
        kind: "INTERNATIONAL",
        part: "Aporta recomendaciones, traducciones y tutoriales.",
        roles: &["adviser"],
        integrator_reads_as: None,
    },
    Profile {
        code: "UNICEF",
        name: "Fondo de las Naciones Unidas para la Infancia",
        kind: "INTERNATIONAL",
        part: "Vincula con programas deportivos y formativos.",
        roles: &["programmes"],
        integrator_reads_as: None,
    },
    Profile {
        code: "CNDH",
        name: "Comisión Nacional de los Derechos Humanos",
        kind: "COMMISSION",
        part: "Da testimonio de lo actuado.",
        roles: &["witness"],
        integrator_reads_as: None,
    },
    Profile {
        code: "CEDH",
        name: "Comisión Estatal de los Derechos Humanos",
        kind: "COMMISSION",
        part: "Da testimonio de lo actuado.",
        roles: &["witness"],
        integrator_reads_as: None,
    },
    Profile {
        code: "NGO_MANOS_DEL_DESIERTO",
        name: "Manos del Desierto, A. C. (sintética)",
        kind: "NGO",
        part: "Reúne voluntariado y dona artículos de higiene.",
        roles: &["partner"],
        integrator_reads_as: None,
    },
    Profile {
        code: "NGO_PUENTE_CACHANILLA",
        name: "Puente Cachanilla, A. C. (sintética)",
        kind: "NGO",
        part: "Acompaña a las familias en su llegada a una vivienda.",
        roles: &["partner"],
        integrator_reads_as: None,
    },
    Profile {
        code: "NGO_PAN_DEL_VALLE",
        name: "Pan del Valle, A. C. (sintética)",
        kind: "NGO",
        part: "Dona alimentos y apoya las cocinas de los albergues.",
        roles: &["partner"],
        integrator_reads_as: None,
    },
    Profile {
        code: "NGO_ABRIGO_DEL_NORTE",
        name: "Abrigo del Norte, A. C. (sintética)",
        kind: "NGO",
        part: "Dona ropa de invierno, calzado y cobijas.",
        roles: &["partner"],
        integrator_reads_as: None,
    },
    Profile {
        code: "NGO_BOTIQUIN_SOLIDARIO",
        name: "Botiquín Solidario, A. C. (sintética)",
        kind: "NGO",
        part: "Dona medicamentos y material de curación.",
        roles: &["partner"],
        integrator_reads_as: None,
    },
    Profile {
        code: "NGO_LETRAS_EN_CAMINO",
        name: "Letras en Camino, A. C. (sintética)",
        kind: "NGO",
        part: "Dona útiles escolares y enseña español.",
        roles: &["partner"],
        integrator_reads_as: None,
    },
    Profile {
        code: LAPSED,
        name: "Convenio Vencido, A. C. (sintética)",
        kind: "NGO",
        part: "Apoyó a los albergues hasta que venció su convenio.",
        roles: &["partner"],
        integrator_reads_as: None,
    },
    Profile {
        code: "EMPLEADOR_DEMO",
        name: "Empleador sintético",
        kind: "NGO",
        part: "Ofrece vacantes en la bolsa de trabajo.",
        roles: &["employer"],
        integrator_reads_as: None,
    },
];

row! {
    /// An agency.
    Agency in "agencies" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        code: &'static str = TEXT,
        name: &'static str = TEXT,
        kind: &'static str = TEXT,
        part: &'static str = TEXT,
    }
}

row! {
    /// An agency's agreement to share data.
    Agreement in "agreements" {
        id: Uuid = UUID,
        agency_id: Uuid = UUID,
        valid_from: DateTime<Utc> = TIMESTAMPTZ,
        valid_until: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A user of an agency, named after its one role.
    User in "users" {
        id: Uuid = UUID,
        agency_id: Uuid = UUID,
        subject: String = TEXT,
        active: bool = BOOL,
    }
}

row! {
    /// A user's role.
    Grant in "grants" {
        id: Uuid = UUID,
        user_id: Uuid = UUID,
        role: &'static str = TEXT,
        reads_as: Option<&'static str> = TEXT,
        valid_from: DateTime<Utc> = TIMESTAMPTZ,
        valid_until: DateTime<Utc> = TIMESTAMPTZ,
    }
}

/// The rows of this capability. They stand from the programme's first day to its last.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    /// Agencies.
    pub(super) agencies: Vec<Agency>,
    /// One agreement each.
    pub(super) agreements: Vec<Agreement>,
    /// One user for each role of each agency.
    pub(super) users: Vec<User>,
    /// One grant each.
    pub(super) grants: Vec<Grant>,
}

impl Rows {
    /// Makes them.
    pub(super) fn generate() -> Self {
        let mut made = Self { agencies: vec![], agreements: vec![], users: vec![], grants: vec![] };
        for profile in PROFILES {
            made.agencies.push(Agency {
                id: agency_id(profile.code),
                programme_id: programme_id(),
                code: profile.code,
                name: profile.name,
                kind: profile.kind,
                part: profile.part,
            });
            let last_day = if profile.code == LAPSED { LAPSED_ON } else { AGREEMENTS_END_ON };
            made.agreements.push(Agreement {
                id: id("agreements", profile.code, start()),
                agency_id: agency_id(profile.code),
                valid_from: start(),
                valid_until: local(last_day + Days::new(1), 0),
            });
            for role in profile.roles {
                made.grant(profile.code, role, None);
            }
            if profile.integrator_reads_as.is_some() {
                made.grant(profile.code, "integrator", profile.integrator_reads_as);
            }
        }
        made
    }

    /// Adds a user of an agency, and the role that it holds.
    fn grant(&mut self, agency: &str, role: &'static str, reads_as: Option<&'static str>) {
        let (subject, user_id) = (subject(agency, role), user_id(agency, role));
        self.users.push(User { id: user_id, agency_id: agency_id(agency), subject, active: true });
        let id = grant_id(agency, role);
        let valid_until = local(AGREEMENTS_END_ON + Days::new(1), 0);
        self.grants.push(Grant { id, user_id, role, reads_as, valid_from: start(), valid_until });
    }

    /// The same before any shelter is open: nobody leads one yet.
    pub(super) fn without_shelters(mut self) -> Self {
        self.grants.retain(|grant| grant.role != "shelter_lead");
        self
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.agencies).await?;
        copy(transaction, &self.agreements).await?;
        copy(transaction, &self.users).await?;
        copy(transaction, &self.grants).await
    }
}

/// The id of the agency with this code.
pub(super) fn agency_id(code: &str) -> Uuid {
    id("agencies", code, start())
}

/// Whether an agency's agreement stands at a moment of the programme.
pub(super) fn may_act(agency: Uuid, at: DateTime<Utc>) -> bool {
    agency != agency_id(LAPSED) || at < local(LAPSED_ON + Days::new(1), 0)
}

/// The id of the agency's user for a role.
pub(super) fn user_id(agency: &str, role: &str) -> Uuid {
    id("users", &subject(agency, role), start())
}

/// The id of the grant of a role to the agency's user for it.
pub(super) fn grant_id(agency: &str, role: &str) -> Uuid {
    id("grants", &subject(agency, role), start())
}

/// The subject, in its tokens, of the agency's user for a role.
fn subject(agency: &str, role: &str) -> String {
    format!("{}.{role}", agency.to_lowercase())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ROLES: [&str; 19] = [
        "coordinator",
        "shelter_lead",
        "donation_coordinator",
        "clinician",
        "educator",
        "kitchen",
        "officer",
        "inspector",
        "lender",
        "permits",
        "liaison",
        "donor",
        "adviser",
        "programmes",
        "partner",
        "witness",
        "employer",
        "integrator",
        "administrator",
    ];

    #[test]
    fn every_role_of_every_agency_has_a_user_and_a_grant() {
        let made = Rows::generate();
        let granted: BTreeSet<(Uuid, &str)> =
            made.grants.iter().map(|grant| (grant.user_id, grant.role)).collect();
        for profile in PROFILES {
            let machine = profile.integrator_reads_as.map(|_| "integrator");
            for role in profile.roles.iter().copied().chain(machine) {
                let user = made.users.iter().find(|user| user.subject == subject(profile.code, role));
                assert!(user.is_some_and(|user| user.active && user.agency_id == agency_id(profile.code)));
                assert!(
                    user.is_some_and(|user| granted.contains(&(user.id, role))),
                    "{} {role}",
                    profile.code
                );
            }
        }
        assert_eq!(made.users.len(), made.grants.len());
    }

    #[test]
    fn every_role_is_held_by_someone() {
        let made = Rows::generate();
        let held: BTreeSet<&str> = made.grants.iter().map(|grant| grant.role).collect();
        assert_eq!(held, BTreeSet::from(ROLES));
    }

    #[test]
    fn an_integrator_reads_as_a_role_that_its_agency_holds() {
        for profile in PROFILES {
            assert!(profile.integrator_reads_as.is_none_or(|role| profile.roles.contains(&role)));
        }
    }

    #[test]
    fn exactly_one_agreement_has_ended_by_the_default_day() {
        let made = Rows::generate();
        let ended = |agreement: &&Agreement| agreement.valid_until <= local(LAPSED_ON + Days::new(16), 12);
        let lapsed: Vec<Uuid> =
            made.agreements.iter().filter(ended).map(|agreement| agreement.agency_id).collect();
        assert_eq!(lapsed, [agency_id(LAPSED)]);
    }

    #[test]
    fn two_loads_are_the_same() {
        assert_eq!(Rows::generate(), Rows::generate());
    }
}
