ALTER TABLE accounts ADD COLUMN locale varchar(5) NOT NULL DEFAULT 'en';
ALTER TABLE accounts RENAME COLUMN display_name TO full_name;
ALTER TABLE shop.orders DROP COLUMN note;
ALTER TABLE shop.orders ALTER COLUMN account_id TYPE bigint;
ALTER TABLE shop.countries ADD CONSTRAINT countries_name_key UNIQUE (name);

CREATE UNIQUE INDEX orders_number_idx ON shop.orders (number);

UPDATE accounts SET locale = 'de', balance = balance + 10 WHERE email LIKE '%.de';
DELETE FROM accounts WHERE full_name LIKE 'Eve%';
