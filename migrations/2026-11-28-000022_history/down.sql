DROP INDEX movements_by_source, movements_by_target;
