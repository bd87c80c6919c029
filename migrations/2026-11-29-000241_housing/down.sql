DROP TABLE tenancies, leases, dwelling_visits, dwellings, owners, outreach_actions;
DROP SEQUENCE dwelling_numbers;
DROP FUNCTION end_tenancies();
DROP FUNCTION refuse_overcrowding();
DROP FUNCTION keep_tenancy();
DROP FUNCTION keep_lease();
DROP FUNCTION keep_new_lease();
