DROP VIEW activities;
