DROP TABLE grant_shelters, spaces, shelters, centres;
