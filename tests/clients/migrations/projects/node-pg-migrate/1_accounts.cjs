exports.up = (pgm) => {
    pgm.createTable(
        'accounts',
        {
            id: 'id',
            email: { type: 'varchar(40)', notNull: true, unique: true },
            display_name: 'text',
            active: { type: 'boolean', notNull: true, default: true },
            balance: { type: 'numeric(12,2)', notNull: true, default: 0, comment: 'in euros; never "negative"' },
            settings: { type: 'jsonb', notNull: true, default: '{}' },
            created_at: { type: 'timestamptz', notNull: true, default: pgm.func('now()') },
        },
        { comment: 'who may log in' },
    );
    pgm.addConstraint('accounts', 'accounts_balance_check', { check: 'balance >= 0' });
    pgm.createIndex('accounts', 'created_at', { name: 'accounts_created_at_idx' });
    pgm.sql(`
        INSERT INTO accounts (email, display_name, balance, settings) VALUES
            ('ada@example.org', 'Ada', 12.5, '{"theme": "dark", "tags": ["a", "b"]}'),
            ('bob@example.de', NULL, DEFAULT, DEFAULT),
            ('eve@example.org', 'Eve''s; account', 0.01, '{}');
    `);
};
