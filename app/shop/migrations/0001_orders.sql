CREATE TABLE users (
    name          text        PRIMARY KEY,
    tier          text        NOT NULL CHECK (tier IN ('client', 'driver', 'partner', 'admin')),
    password_hash text        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- Hands out order ids and remembers which request got which one. It stands apart from orders so that
-- orders can be partitioned by created_at, which a unique index on the key would forbid.
CREATE TABLE order_keys (
    user_name  text        NOT NULL,
    key        text        NOT NULL,
    order_id   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_name, key)
);

CREATE TABLE orders (
    id         bigint      NOT NULL PRIMARY KEY,
    user_name  text        NOT NULL,
    product    text        NOT NULL,
    quantity   integer     NOT NULL CHECK (quantity > 0),
    status     text        NOT NULL DEFAULT 'created' CHECK (status IN ('created', 'dispatched')),
    instance   text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    paid_at    timestamptz
);

-- The truth about jobs. The queues in Redis only carry them: one lost in a failover is sent again from here.
CREATE TABLE order_jobs (
    queue    text        NOT NULL,
    order_id bigint      NOT NULL,
    sent_at  timestamptz NOT NULL DEFAULT now(),
    tries    integer     NOT NULL DEFAULT 0,
    instance text,
    done_at  timestamptz,
    PRIMARY KEY (order_id, queue)
);
CREATE INDEX order_jobs_waiting ON order_jobs (sent_at) WHERE done_at IS NULL;

CREATE TABLE notifications (
    order_id   bigint      NOT NULL PRIMARY KEY,
    user_name  text        NOT NULL,
    message    text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sales (
    day      date    NOT NULL,
    product  text    NOT NULL,
    orders   bigint  NOT NULL,
    quantity bigint  NOT NULL,
    PRIMARY KEY (day, product)
);
