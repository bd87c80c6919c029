-- A consent that ends by its own date takes people from sight as a withdrawn one does. Whoever follows them is told so, once: here is
-- kept for which consents that was done. Of those that ended before, nobody follows anything.
ALTER TABLE consents ADD COLUMN end_told boolean NOT NULL DEFAULT false;
UPDATE consents SET end_told = true WHERE ends_at <= now();
CREATE INDEX consents_to_end ON consents (ends_at) WHERE NOT end_told AND withdrawn_at IS NULL;

GRANT UPDATE (end_told) ON consents TO enlace_app;
