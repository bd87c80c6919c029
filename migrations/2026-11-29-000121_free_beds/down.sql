DROP INDEX beds_free;
