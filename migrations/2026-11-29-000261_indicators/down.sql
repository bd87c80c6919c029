DROP TABLE published_counts, published_tables;
DROP FUNCTION refuse_count_added_later;
DROP FUNCTION refuse_table_of_later;
