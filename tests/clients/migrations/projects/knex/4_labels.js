exports.up = async (knex) => {
    await knex.schema.createTable('labels', (table) => {
        table.integer('id').primary({ constraintName: 'labels_pkey' });
        table.text('label').notNullable();
    });
    await knex('accounts').update({ locale: 'fr' });
    await knex.raw('DELETE FROM labels WHERE id = 0');
    await knex('labels').insert({ id: 1, label: 'new' });
};

exports.down = (knex) => knex.schema.dropTable('labels');
