DROP TABLE episodes;
DROP FUNCTION refuse_other_episode_end();
