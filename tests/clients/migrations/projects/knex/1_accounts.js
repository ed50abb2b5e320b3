exports.up = async (knex) => {
    await knex.schema.createTable('accounts', (table) => {
        table.increments('id');
        table.string('email', 40).notNullable().unique({ indexName: 'accounts_email_key' });
        table.text('display_name');
        table.boolean('active').notNullable().defaultTo(true);
        table.decimal('balance', 12, 2).notNullable().defaultTo(knex.raw('0')).comment('in euros; never "negative"');
        table.jsonb('settings').notNullable().defaultTo('{}');
        table.timestamp('created_at').notNullable().defaultTo(knex.fn.now());
        table.check('balance >= 0', undefined, 'accounts_balance_check');
        table.index(['created_at'], 'accounts_created_at_idx');
        table.comment('who may log in');
    });
    await knex('accounts').insert([
        {
            email: 'ada@example.org',
            display_name: 'Ada',
            balance: 12.5,
            settings: JSON.stringify({ theme: 'dark', tags: ['a', 'b'] }),
        },
        { email: 'bob@example.de' },
        { email: 'eve@example.org', display_name: "Eve's; account", balance: 0.01 },
    ]);
};

exports.down = (knex) => knex.schema.dropTable('accounts');
