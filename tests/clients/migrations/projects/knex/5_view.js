exports.up = (knex) =>
    knex.schema.withSchema('shop').createView('paid', (view) => {
        view.columns(['email', 'orders']);
        view.as(
            knex('shop.orders')
                .join('accounts', 'accounts.id', 'account_id')
                .where({ state: 'paid' })
                .groupBy('email')
                .select('email', knex.raw('count(*)')),
        );
    });

exports.down = (knex) => knex.schema.withSchema('shop').dropView('paid');
