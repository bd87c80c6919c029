DROP TABLE tasks;
DROP FUNCTION check_task_referral, keep_task;
DROP SEQUENCE task_numbers;
