//! What holds of the custody of people's cases.

use super::Breach;

/// A transfer of the custody of somebody's case: from which agency to which, for what, by what right; and what became of it.
macro_rules! transfer {
    ($between:literal, $why:literal) => {
        transfer!($between, $why, "", "")
    };
    ($between:literal, $why:literal, $settled:literal, $how:literal) => {
        concat!(
            "INSERT INTO custody_transfers (id, programme_id, person_id, sender, recipient, purpose, legal_basis, proposed_at",
            $settled,
            ") SELECT gen_random_uuid(), programme_id, id, ",
            $between,
            ", ",
            $why,
            ", '2022-01-20'",
            $how,
            " FROM persons WHERE code = 'PER-00001'"
        )
    };
}

pub(super) const BREACHES: &[Breach] = &[
    ("custody_transfers_by_holder", transfer!("'ACNUR', 'DIF_ESTATAL'", "'PROTECTION', 'LEGAL_DUTY'")),
    ("custody_transfers_consent_stands", transfer!("'DIF_MUNICIPAL', 'UNICEF'", "'HOUSING', 'CONSENT'")),
    (
        "custody_transfers_elsewhere",
        transfer!("'DIF_MUNICIPAL', 'DIF_MUNICIPAL'", "'PROTECTION', 'LEGAL_DUTY'"),
    ),
    ("custody_transfers_legal_basis", transfer!("'DIF_MUNICIPAL', 'ACNUR'", "'PROTECTION', 'WISH'")),
    (
        "custody_transfers_one_open",
        concat!(
            transfer!("'DIF_MUNICIPAL', 'ACNUR'", "'PROTECTION', 'LEGAL_DUTY'"),
            "; ",
            transfer!("'DIF_MUNICIPAL', 'DIF_ESTATAL'", "'PROTECTION', 'LEGAL_DUTY'")
        ),
    ),
    (
        "custody_transfers_order",
        transfer!(
            "'DIF_MUNICIPAL', 'ACNUR'",
            "'PROTECTION', 'LEGAL_DUTY'",
            ", accepted_at",
            ", '2022-01-19'"
        ),
    ),
    ("custody_transfers_purpose", transfer!("'DIF_MUNICIPAL', 'ACNUR'", "'CURIOSITY', 'LEGAL_DUTY'")),
    (
        "custody_transfers_settled",
        concat!(
            transfer!(
                "'DIF_MUNICIPAL', 'ACNUR'",
                "'PROTECTION', 'LEGAL_DUTY'",
                ", accepted_at",
                ", '2022-01-21'"
            ),
            "; UPDATE custody_transfers SET accepted_at = NULL"
        ),
    ),
    (
        "custody_transfers_settled_one_way",
        transfer!(
            "'DIF_MUNICIPAL', 'ACNUR'",
            "'PROTECTION', 'LEGAL_DUTY'",
            ", accepted_at, declined_at",
            ", '2022-01-21', '2022-01-21'"
        ),
    ),
    (
        "custody_transfers_withdrawn",
        transfer!(
            "'DIF_MUNICIPAL', 'ACNUR'",
            "'PROTECTION', 'LEGAL_DUTY'",
            ", withdrawn_at",
            ", '2022-01-21'"
        ),
    ),
    (
        "persons_merged_within_custody",
        concat!(
            transfer!(
                "'DIF_MUNICIPAL', 'ACNUR'",
                "'PROTECTION', 'LEGAL_DUTY'",
                ", accepted_at",
                ", '2022-01-21'"
            ),
            "; UPDATE persons SET merged_at = '2022-01-31', merged_into = (SELECT id FROM persons WHERE code = 'PER-00002') \
             WHERE code = 'PER-00001'"
        ),
    ),
    (
        "persons_merged_without_open_transfer",
        concat!(
            transfer!("'DIF_MUNICIPAL', 'ACNUR'", "'PROTECTION', 'LEGAL_DUTY'"),
            "; UPDATE persons SET merged_at = '2022-01-31', merged_into = (SELECT id FROM persons WHERE code = 'PER-00002') \
             WHERE code = 'PER-00001'"
        ),
    ),
];
