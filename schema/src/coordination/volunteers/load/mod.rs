//! Reads of volunteers, which are scoped to the caller, and of their shifts, which are open to whoever may read their class.

mod shifts;
mod sign_ups;
mod volunteers;

pub(super) use shifts::{hold_shift, shift_in, shifts, shifts_by_ids, shifts_from};
pub(super) use sign_ups::{
    Signed, sign_up_in, sign_ups_by_ids, sign_ups_in, sign_ups_of_shifts, sign_ups_of_volunteers,
};
pub(super) use volunteers::{
    screening_in, screenings_by_ids, screenings_of, volunteer_in, volunteers, volunteers_by_ids,
};
