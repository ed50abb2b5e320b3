exports.up = async (pgm) => {
    const orders = { schema: 'shop', name: 'orders' };
    // What was queued up to here runs in this transaction; queries of the migration itself see what came before it.
    const { rows } = await pgm.db.query('SELECT count(*)::int AS accounts FROM accounts WHERE active = $1', [true]);
    if (rows[0].accounts !== 3) throw new Error(`accounts: ${rows[0].accounts}`);
    pgm.addColumns('accounts', { locale: { type: 'varchar(5)', notNull: true, default: 'en' } });
    pgm.renameColumn('accounts', 'display_name', 'full_name');
    pgm.dropColumns(orders, ['note']);
    pgm.alterColumn(orders, 'account_id', { type: 'bigint' });
    pgm.addConstraint({ schema: 'shop', name: 'countries' }, 'countries_name_key', { unique: 'name' });
    pgm.createIndex(orders, 'number', { name: 'orders_number_idx', unique: true });
    pgm.sql("UPDATE accounts SET locale = 'de', balance = balance + 10 WHERE email LIKE '%.de'");
    pgm.sql("DELETE FROM accounts WHERE full_name LIKE 'Eve%'");
};
