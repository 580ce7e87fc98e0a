"""pgBackRest: a repository outside the database's failure domain, and the schedule that fills it."""
