-- What could not be used before may be of use now: its files are looked at anew.
UPDATE models SET modified = 0 WHERE usable = 0;
