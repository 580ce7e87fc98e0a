"""PostgreSQL under Patroni: members that elect a primary, roles and databases, an exporter beside each member."""
