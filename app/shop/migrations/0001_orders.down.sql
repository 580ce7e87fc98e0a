DROP TABLE sales, notifications, order_jobs, orders, order_keys, users;
