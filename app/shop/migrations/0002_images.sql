-- body is emptied once it has been measured.
CREATE TABLE images (
    id          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_name   text        NOT NULL,
    key         text        NOT NULL,
    body        bytea,
    sha256      text,
    size        integer,
    instance    text,
    sent_at     timestamptz NOT NULL DEFAULT now(),
    tries       integer     NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    measured_at timestamptz,
    UNIQUE (user_name, key)
);
CREATE INDEX images_waiting ON images (sent_at) WHERE measured_at IS NULL;
