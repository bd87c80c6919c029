-- A donation's receipt tells of the journal's entry that it was received with: the way from the one to the other.

-- The donation of whose receipt an entry tells; none where it tells of something else, or no more. What came of one kind has entries
-- of its own before it, which are long: only the beginning of them is looked at.
CREATE FUNCTION donation_of_entry(contents bytea[]) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN substr(contents[2], 1, 38) = '{"change":"donations.donationReceived"'::bytea
        THEN (convert_from(contents[2], 'UTF8')::jsonb -> 'data' ->> 'donation')::uuid END
$$;
CREATE INDEX journal_entries_by_donation ON journal_entries (donation_of_entry(part_contents))
    WHERE operation IN ('donations.receiveDonation', 'donations.importDonation');
