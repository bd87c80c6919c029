DROP TABLE births;
