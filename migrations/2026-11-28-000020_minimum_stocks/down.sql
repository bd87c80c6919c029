DROP INDEX movements_delivered;
DROP TABLE minimum_stocks;
