DROP TABLE webhook_couriers;
DROP TABLE webhook_messages;
DROP TABLE webhooks;
DROP FUNCTION refuse_webhook_change();
