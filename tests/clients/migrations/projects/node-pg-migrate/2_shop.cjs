exports.up = async (pgm) => {
    pgm.createSchema('shop');
    pgm.createSequence({ schema: 'shop', name: 'invoice_number' }, { type: 'bigint', increment: 10, start: 1000 });
    const orders = { schema: 'shop', name: 'orders' };
    pgm.createTable(
        orders,
        {
            id: { type: 'uuid', primaryKey: true },
            account_id: { type: 'integer', notNull: true },
            number: { type: 'bigint', notNull: true, default: pgm.func("nextval('shop.invoice_number')") },
            state: { type: 'varchar(10)', notNull: true, default: 'open' },
            note: 'text',
        },
        { constraints: { check: "state IN ('open', 'paid', 'sent')" } },
    );
    pgm.createTable(
        { schema: 'shop', name: 'countries' },
        {
            code: { type: 'text', primaryKey: true },
            name: { type: 'varchar(60)', notNull: true },
            place: { type: 'bigint', sequenceGenerated: { precedence: 'BY DEFAULT' } },
        },
    );
    pgm.renameConstraint(orders, 'orders_chck', 'orders_state_check');
    pgm.sql(`
        INSERT INTO shop.orders (id, account_id, state, note)
            SELECT '00000000-0000-0000-0000-000000000001', id, 'paid', 'first'
            FROM accounts WHERE email = 'ada@example.org'
    `);
    pgm.sql("INSERT INTO shop.orders (id, account_id) VALUES ('00000000-0000-0000-0000-000000000002', 2)");
    pgm.sql(`
        INSERT INTO shop.countries (code, name) VALUES ('de', 'Deutschland'), ('fr', 'France');
        INSERT INTO shop.countries (code, name) VALUES ('de', 'Germany'), ('it', 'Italy')
            ON CONFLICT (code) DO UPDATE SET name = excluded.name;
        INSERT INTO shop.countries (code, name) VALUES ('fr', 'Frankreich') ON CONFLICT DO NOTHING;
    `);
};
