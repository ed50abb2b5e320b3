exports.up = async (knex) => {
    await knex.schema.alterTable('accounts', (table) => {
        table.string('locale', 5).notNullable().defaultTo('en');
        table.renameColumn('display_name', 'full_name');
    });
    await knex.schema.withSchema('shop').alterTable('orders', (table) => {
        table.dropColumn('note');
        table.bigInteger('account_id').notNullable().alter();
        table.unique(['number'], { indexName: 'orders_number_idx', useConstraint: false });
    });
    await knex.schema.withSchema('shop').alterTable('countries', (table) => {
        table.unique(['name'], { indexName: 'countries_name_key' });
    });
    await knex('accounts').where('email', 'like', '%.de').update({ locale: 'de', balance: knex.raw('balance + 10') });
    await knex('accounts').where('full_name', 'like', 'Eve%').del();
};

exports.down = async (knex) => {};
