DROP INDEX journal_entries_by_donation;
DROP FUNCTION donation_of_entry;
