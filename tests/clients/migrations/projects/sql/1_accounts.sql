CREATE TABLE accounts (
    id serial PRIMARY KEY,
    email varchar(40) NOT NULL CONSTRAINT accounts_email_key UNIQUE,
    display_name text,
    active boolean NOT NULL DEFAULT true,
    balance numeric(12,2) NOT NULL DEFAULT 0,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT accounts_balance_check CHECK (balance >= 0)
);

CREATE INDEX accounts_created_at_idx ON accounts (created_at);

COMMENT ON TABLE accounts IS 'who may log in';
COMMENT ON COLUMN accounts.balance IS 'in euros; never "negative"';

INSERT INTO accounts (email, display_name, balance, settings) VALUES
    ('ada@example.org', 'Ada', 12.5, '{"theme": "dark", "tags": ["a", "b"]}'),
    ('bob@example.de', NULL, DEFAULT, DEFAULT),
    ('eve@example.org', 'Eve''s; account', 0.01, '{}');
