DROP TABLE upload_pieces;
DROP TABLE uploads;
DROP FUNCTION refuse_more_uploads();
DROP FUNCTION continue_upload();
