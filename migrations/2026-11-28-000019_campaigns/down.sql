REVOKE INSERT (campaign_id) ON donations FROM enlace_app;
DROP TRIGGER donations_campaign_open ON donations;
DROP FUNCTION refuse_other_campaign();
ALTER TABLE donations DROP COLUMN campaign_id;
DROP TABLE campaigns;
DROP FUNCTION close_campaign_once();
