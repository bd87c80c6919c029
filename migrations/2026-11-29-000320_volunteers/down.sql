DROP TRIGGER agreements_withdraw ON agreements;
DROP TABLE shift_sign_ups, volunteer_shifts, screenings, volunteers;
DROP FUNCTION withdraw_cancelled, withdraw_without_agreement, withdraw_ended, withdraw_unscreened, withdraw_sign_ups, keep_sign_up,
    keep_new_sign_up, keep_shift, keep_new_shift, may_work_near_minors, keep_screening, keep_new_screening, keep_volunteer;
DROP SEQUENCE volunteer_shift_numbers, volunteer_numbers;
