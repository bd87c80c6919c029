-- What is sealed does not compress, and of whom a long entry speaks hardly: no time is spent on trying.
ALTER TABLE journal_entries
    ALTER COLUMN part_contents SET STORAGE EXTERNAL,
    ALTER COLUMN persons SET STORAGE EXTERNAL;
